"""The rubric of the governance presentation: the same for who presents and who reviews, with samples to agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.html.elements import Html, code, dim, page, rows_html, tag
from helpers.core.paths import IAC

FILE = IAC / "assessment" / "rubric.yaml"
#: Part of the samples that a reviewer marks exactly as agreed; the others may be one level off.
EXACT = 0.6


@dataclass(frozen=True)
class Level:
    """What is true of work that gets so many points."""

    points: int
    text: str


@dataclass(frozen=True)
class Criterion:
    """One thing that is judged.

    Attributes:
        asks: the question that the committee has.
        levels: from all points down to none.
    """

    id: str
    title: str
    asks: str
    levels: tuple[Level, ...]

    @property
    def points(self) -> int:
        """Points of the first level."""
        return self.levels[0].points

    def __repr__(self) -> str:
        return f"{self.id}: {self.title} ({', '.join(str(level.points) for level in self.levels)} points)"

    def _repr_html_(self) -> str:
        return page(self.html(), label=self.title)

    def html(self) -> Html:
        """Return its levels as a table."""
        rows = [(level.points, level.text) for level in self.levels]
        return tag("div", tag("h4", f"{self.title} ({self.points} points)"), tag("p", self.asks), _table(rows))


@dataclass(frozen=True)
class Sample:
    """A piece of a presentation with the points that the authors of the rubric agreed on, and why."""

    id: str
    criterion: str
    text: str
    points: int
    because: str


@dataclass(frozen=True)
class Mark:
    """A reviewer's points for a sample, beside the agreed ones; *levels* says how many levels are between them."""

    sample: Sample
    given: int
    levels: int


@dataclass(frozen=True)
class Calibration:
    """How a reviewer's marks compare with the agreed ones.

    Attributes:
        calibrated: no mark is more than one level off, and enough are exact (`EXACT`).
    """

    marks: tuple[Mark, ...]

    @property
    def exact(self) -> int:
        """How many marks are as agreed."""
        return sum(mark.levels == 0 for mark in self.marks)

    @property
    def calibrated(self) -> bool:
        """See the class."""
        return all(mark.levels <= 1 for mark in self.marks) and self.exact >= EXACT * len(self.marks)

    @property
    def lean(self) -> float:
        """Points that this reviewer gives above (or, negative, below) the agreed ones, on average."""
        return sum(mark.given - mark.sample.points for mark in self.marks) / len(self.marks)

    def __repr__(self) -> str:
        state = "calibrated" if self.calibrated else "not calibrated"
        return f"{state}: {self.exact} of {len(self.marks)} as agreed, {self.lean:+.1f} points on average"

    def _repr_html_(self) -> str:
        rows = [(m.sample.id, m.given, m.sample.points, m.sample.because) for m in self.marks]
        return page(tag("p", repr(self)), _table(rows, ["sample", "yours", "agreed", "why"]), label="Calibration")


class Rubric:
    """The criteria with their levels, and the samples.

    Raises:
        BadInput: the file is not a rubric; the message says where.
    """

    def __init__(self, path: Path = FILE) -> None:
        data = yaml_reader.load(path.read_text(encoding="utf-8"))
        self.criteria = tuple(_criterion(raw) for raw in data["criteria"])
        self.samples = tuple(Sample(**{**raw, "text": raw["text"].strip()}) for raw in data["samples"])
        for sample in self.samples:
            self._level(sample, sample.points)

    @property
    def points(self) -> int:
        """Points of all criteria."""
        return sum(criterion.points for criterion in self.criteria)

    def __getitem__(self, name: str) -> Criterion:
        for criterion in self.criteria:
            if criterion.id == name:
                return criterion
        known = ", ".join(criterion.id for criterion in self.criteria)
        raise BadInput(f"There is no criterion {name!r}", why=f"The criteria are {known}.")

    def calibrate(self, given: Mapping[str, int]) -> Calibration:
        """Compare a reviewer's points for the samples with the agreed ones.

        Args:
            given: id of a sample -> points, for all samples.

        Raises:
            BadInput: a sample is missing or unknown, or no level of its criterion has these points.
        """
        known = {sample.id: sample for sample in self.samples}
        if missing := sorted(set(known) - set(given)):
            raise BadInput("Some samples have no points yet", why=f"They are {', '.join(missing)}.")
        if unknown := sorted(set(given) - set(known)):
            raise BadInput(f"There is no sample {unknown[0]!r}", why=f"The samples are {', '.join(known)}.")
        marks = []
        for name, sample in known.items():
            apart = abs(self._level(sample, given[name]) - self._level(sample, sample.points))
            marks.append(Mark(sample, int(given[name]), apart))
        return Calibration(tuple(marks))

    def _level(self, sample: Sample, points: Any) -> int:
        levels = [level.points for level in self[sample.criterion].levels]
        if isinstance(points, bool) or points not in levels:
            why = f"The levels of {sample.criterion} have {', '.join(map(str, levels))} points."
            raise BadInput(f"{points!r} points cannot be given to {sample.id}", why=why)
        return levels.index(points)

    def form(self) -> str:
        """Return the samples to be marked, as the cell to fill in."""
        lines = [f'    "{sample.id}": ...,  # {sample.criterion}' for sample in self.samples]
        return "\n".join(["rubric.calibrate({", *lines, "})"])

    def __repr__(self) -> str:
        return f"Rubric({len(self.criteria)} criteria, {self.points} points, {len(self.samples)} samples)"

    def _repr_html_(self) -> str:
        samples = [tag("p", code(s.id), " ", dim(f"({s.criterion})"), " ", s.text) for s in self.samples]
        parts = [criterion.html() for criterion in self.criteria]
        return page(tag("p", repr(self)), *parts, tag("h4", "Samples"), *samples, label="Rubric")


def _criterion(raw: Mapping[str, Any]) -> Criterion:
    levels = tuple(Level(int(level["points"]), str(level["text"]).strip()) for level in raw["levels"])
    points = [level.points for level in levels]
    if len(levels) < 3 or points != sorted(set(points), reverse=True) or points[-1] != 0:
        why = f"They are {', '.join(map(str, points))}; levels fall to 0 and there are three at least."
        raise BadInput(f"The levels of the criterion {raw['id']} are not in order", why=why)
    return Criterion(str(raw["id"]), str(raw["title"]), str(raw["asks"]), levels)


def _table(rows: Sequence[Sequence[object]], head: Sequence[str] | None = None) -> Html:
    return rows_html(head or ["points", "the work"], rows)
