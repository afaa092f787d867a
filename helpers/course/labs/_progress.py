"""Where a learner stands, and the hints given on the way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.core.html.elements import head, mark, page, table_html, tag
from helpers.core.html.style import Mark
from helpers.course.outline import LabSpec
from helpers.course.workspace import Journal, locate

LEVELS = {0: "done", 1: "nudge", 2: "pointer", 3: "near-solution"}


@dataclass(frozen=True)
class Hint:
    """A hint: level 1 to 3, its text, and the reason it speaks of. Level 0 means that none is needed.

    Attributes:
        most: how many there are.
    """

    step: str
    level: int
    text: str
    reason: str
    most: int = 3

    def to_dict(self) -> dict[str, Any]:
        """Return the hint as JSON-ready data."""
        return {**asdict(self), "kind": LEVELS[self.level]}

    def __repr__(self) -> str:
        if not self.level:
            return f"{self.step}: {self.text}"
        return f"{self.step}, hint {self.level} of {self.most} ({LEVELS[self.level]}): {self.text}"

    def _repr_html_(self) -> str:
        if not self.level:
            return page(head(f"Hint: {self.step}", self.text))
        title = f"Hint {self.level} of {self.most}: {LEVELS[self.level]}"
        return page(head(title, self.step), tag("p", self.reason, class_="m-dim"), tag("pre", self.text))


@dataclass(frozen=True)
class StepState:
    """Last verdict on a step; ``passed`` is ``None`` when it was never checked."""

    step: str
    title: str
    notebook: str
    points: float
    passed: bool | None
    reason: str

    @property
    def state(self) -> str:
        """``passed``, ``not yet`` or ``open``."""
        return {True: "passed", False: "not yet", None: "open"}[self.passed]


@dataclass(frozen=True, repr=False)
class Progress:
    """All steps of a lab with their last verdicts."""

    title: str
    steps: tuple[StepState, ...]

    @property
    def passed(self) -> int:
        """How many steps pass."""
        return sum(step.passed is True for step in self.steps)

    def __repr__(self) -> str:
        return f"{self.passed} of {len(self.steps)} steps pass"

    def _repr_html_(self) -> str:
        marks: dict[bool | None, str | Mark] = {
            True: "pass",
            False: Mark("✗", "not yet", "change"),
            None: Mark("○", "open", "plain"),
        }
        rows = [[s.notebook, s.title, mark(marks[s.passed]), f"{s.points:g}"] for s in self.steps]
        return table_html(["notebook", "step", "state", "#points"], rows, caption=f"{self.title}: {self!r}")


def progress(spec: LabSpec, work: Path | None = None) -> Progress:
    """Return the last verdict of every step of a lab, without judging again; nothing is written, and nothing is made.

    Args:
        work: its workspace; by default the one of this notebook or terminal.
    """
    results = Journal(spec.id, (work or locate(spec)).resolve()).read()["results"]
    verdicts = [(one, results.get(one.id, {})) for one in spec.steps]
    return Progress(
        spec.title,
        tuple(
            StepState(one.id, one.title, one.notebook, one.points, last.get("passed"), last.get("reason", ""))
            for one, last in verdicts
        ),
    )
