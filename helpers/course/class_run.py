"""What came out when a class was graded at once (``course grade``): scores, times, and what was not graded.

The work is done by ``python -m grading.fast``, a process of its own: this package does not know who grades it.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from helpers.core import process
from helpers.core.errors import CourseError
from helpers.core.html.elements import cut, dim, head, page, rows_html, spelt_out, tag
from helpers.course import gradebook

#: *kept*: it was graded before, and nothing newer has come. *failed*: a fault of the machinery; see its log.
State = Literal["graded", "kept", "failed"]
#: Classes of the chart: tenths of the points.
BINS = 10
#: Characters of the longest bar in a terminal, and of a learner's name.
BAR, NAME = 40, 28


class GradingFailed(CourseError):
    """A class could not be graded."""

    code = "grading-failed"


@dataclass(frozen=True)
class Line:
    """One submission.

    Attributes:
        points, most: reached, and to be reached. waiting: cells that a person has to judge.
        seconds: notebook -> how long it took this time. reason: why it was not graded.
    """

    student: str
    state: State
    points: float = 0.0
    most: float = 0.0
    waiting: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class ClassRun:
    """A class that was graded.

    Attributes:
        assignment: which. lines: the submissions, by learner. seconds: of the whole run. jobs: how many at a time.
    """

    assignment: str
    lines: tuple[Line, ...]
    seconds: float
    jobs: int

    @property
    def scored(self) -> tuple[Line, ...]:
        """The submissions that have points, graded now or before."""
        return tuple(line for line in self.lines if line.state != "failed")

    @property
    def failed(self) -> tuple[Line, ...]:
        """The submissions that were not graded."""
        return tuple(line for line in self.lines if line.state == "failed")

    def bins(self) -> list[int]:
        """Return how many submissions reached each tenth of the points; full points are in the last one."""
        counts = [0] * BINS
        for line in self.scored:
            share = line.points / line.most if line.most else 0.0
            counts[min(BINS - 1, max(0, int(share * BINS)))] += 1
        return counts

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {**asdict(self), "lines": [{**asdict(line), "seconds": dict(line.seconds)} for line in self.lines]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ClassRun:
        """Return what `to_dict` returned."""
        return cls(data["assignment"], tuple(Line(**line) for line in data["lines"]), data["seconds"], data["jobs"])

    def text(self) -> str:
        """Return a table and a chart for a terminal."""
        books = sorted({name for line in self.lines for name in line.seconds})
        heads = ["learner", "state", "points", "waits", *books]
        rows = [
            [_name(line.student), line.state, _points(line), str(line.waiting or ""), *_times(line, books)]
            for line in self.lines
        ]
        reasons = [f"{_name(line.student)}: {line.reason}" for line in self.failed]
        return "\n".join([*_table(heads, rows), "", *self._chart(), "", self._said(), *reasons])

    def _chart(self) -> list[str]:
        counts = self.bins()
        widest = max(counts, default=0) or 1
        return [
            f"{_range(at):>9}  {'█' * round(BAR * count / widest)}{f' {count}' if count else ''}"
            for at, count in enumerate(counts)
        ]

    def _said(self) -> str:
        done = sum(line.state == "graded" for line in self.lines)
        shares = [100 * line.points / line.most for line in self.scored if line.most]
        median = f", median {statistics.median(shares):.0f} % of the points" if shares else ""
        failed = f", {len(self.failed)} not graded" if self.failed else ""
        what = f"{done} graded, {len(self.scored) - done} kept{failed}"
        return f"{what}, {self.seconds:.1f} s with {self.jobs} at a time{median}."

    def __repr__(self) -> str:
        return f"ClassRun({self.assignment}: {self._said()})"

    def _repr_html_(self) -> str:
        books = sorted({name for line in self.lines for name in line.seconds})
        counts = self.bins()
        widest = max(counts, default=0) or 1
        style = "display:inline-block;height:.9em;background:var(--m-info);width:{:.0f}%"
        bars = [
            [_range(at), tag("span", tag("span", style=style.format(90 * count / widest)), f" {count}")]
            for at, count in enumerate(counts)
        ]
        rows: list[Sequence[object]] = [
            [
                cut(line.student, 120),
                line.state,
                _points(line),
                line.waiting or "",
                *_times(line, books),
                cut(line.reason, 300),
            ]
            for line in self.lines
        ]
        columns = ["Learner", "State", "#Points", "#Waits", *(f"#{book} (s)" for book in books), "Reason"]
        title = head(f"Grades of {self.assignment}", dim(self._said()))
        return page(
            title, rows_html(["Points", "Submissions"], bars), rows_html(columns, rows), label="Grades of a class"
        )


def grade(lab: str, *, jobs: int = 0, again: bool = False) -> ClassRun:
    """Grade a class as ``course grade`` does, and return what came out.

    Args:
        lab: a lab of the course, or the name of an assignment.
        jobs: submissions at a time; 0 for as many as there are processors.
        again: also those that were graded before.

    Raises:
        GradingFailed: nothing could be graded.
    """
    options = ["--json", *(["--again"] if again else []), *([f"--jobs={jobs}"] if jobs else [])]
    directory = gradebook.around()
    env = process.environment({"MOD208_CLASS": str(directory)}, allow=("PYTHONPATH",))
    done = process.run(command(lab, options), cwd=gradebook.settings(directory), env=env, timeout=None)
    try:
        return ClassRun.from_dict(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        raise GradingFailed(
            f"{lab} could not be graded", why=(done.stderr or done.stdout)[-2000:], next=f"course grade {lab}"
        ) from None


def command(lab: str, options: Sequence[str]) -> list[str]:
    """Return the command that grades."""
    return [sys.executable, "-m", "grading.fast", *options, lab]


def _name(student: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in spelt_out(student))
    return shown if len(shown) <= NAME else shown[: NAME - 1] + "…"


def _points(line: Line) -> str:
    return "" if line.state == "failed" else f"{line.points:g} / {line.most:g}"


def _times(line: Line, books: Sequence[str]) -> list[str]:
    return [f"{line.seconds[book]:.1f}" if book in line.seconds else "" for book in books]


def _range(at: int) -> str:
    return f"{at * 100 // BINS}-{(at + 1) * 100 // BINS} %"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (heads, *rows)
    ]


__all__ = ["ClassRun", "GradingFailed", "Line", "command", "grade"]
