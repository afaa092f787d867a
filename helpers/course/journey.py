"""How far a learner has come, and what comes next: units and labs in the order in which they are best done."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.labs import Lab
from helpers.course.quiz import Quiz, load


@dataclass(frozen=True)
class Part:
    """A lecture or one notebook of a lab.

    Attributes:
        stage: what it belongs to, for example ``Unit 1`` or ``Lab 2``.
        title: heading of its notebook. notebook: its file, relative to the course.
        done, of: questions answered, or steps that pass, and how many there are.
        earned, points: points of the steps that pass, and of all; 0 for a lecture.
        next: what to type next in a terminal, for a lab.
    """

    stage: str
    title: str
    notebook: str
    done: int
    of: int
    earned: float = 0.0
    points: float = 0.0
    next: str = ""

    @property
    def finished(self) -> bool:
        """Whether all of it is done."""
        return self.done >= self.of


@dataclass(frozen=True)
class Journey:
    """All parts, in order."""

    parts: tuple[Part, ...]

    @property
    def next(self) -> Part | None:
        """The first part that is not finished; None at the end."""
        return next((part for part in self.parts if not part.finished), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        following = self.next
        return {"parts": [asdict(part) for part in self.parts], "next": following and asdict(following)}

    def __repr__(self) -> str:
        width = max(len(f"{part.stage}  {part.title}") for part in self.parts)
        lines = [self._line(part, width) for part in self.parts]
        done, of = sum(part.done for part in self.parts), sum(part.of for part in self.parts)
        earned, points = sum(part.earned for part in self.parts), sum(part.points for part in self.parts)
        lines.append(f"{done} of {of} questions and steps done; {earned:g} of {points:g} points of the steps.")
        return "\n".join([*lines, following_line(self.next)])

    def _line(self, part: Part, width: int) -> str:
        filled = round(10 * part.done / part.of) if part.of else 10
        bar = "█" * filled + "░" * (10 - filled)
        here = "  ← next" if part is self.next else ""
        return f"{f'{part.stage}  {part.title}':{width}}  {bar}  {part.done} of {part.of}{here}"


def following_line(part: Part | None) -> str:
    """Return the sentence that says where to go on."""
    if part is None:
        return "Everything is done."
    command = f", then: {part.next}" if part.next else ""
    return f"Next: {part.stage}, {part.title}: open {part.notebook}{command}"


def journey() -> Journey:
    """Return how far this learner has come, from the notes of questionnaires and the last verdicts of checks."""
    parts: list[Part] = []
    for stage in outline.stages():
        parts += _lab(stage.declared) if stage.lab else _lectures(stage.declared)
    return Journey(tuple(parts))


def title(notebook: Path) -> str:
    """Return the first heading of a notebook, without marks."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).splitlines()]
    heading = next((line for line in lines if line.startswith("# ")), notebook.stem)
    return heading.removeprefix("# ")


def _lectures(unit: dict[str, Any]) -> list[Part]:
    folder = outline.lectures_of(unit)
    sections = load(folder / "questions.yaml")
    found = []
    for path in sorted(folder.glob("*.ipynb")):
        section = path.name[:2]
        quiz = Quiz(f"{folder.name}/{section}") if section in sections else None
        done, of = (len(quiz.answers), len(quiz.questions)) if quiz else (0, 0)
        found.append(Part(f"Unit {unit['id'][1:]}", title(path), path.relative_to(ROOT).as_posix(), done, of))
    return found


def _lab(declared: dict[str, Any]) -> list[Part]:
    lab = Lab(declared["id"])
    steps = lab.progress().steps
    found = []
    for book in declared["notebooks"]:
        name = book["file"]
        mine = [step for step in steps if step.notebook == name]
        open_ = next((step for step in mine if not step.passed), None)
        found.append(
            Part(
                outline.name_of(lab.id),
                book["title"],
                f"workspace/{lab.spec.assignment}/{name}",
                sum(bool(step.passed) for step in mine),
                len(mine),
                sum(step.points for step in mine if step.passed),
                sum(step.points for step in mine),
                f"course check {lab.id} {open_.step}" if open_ else "",
            )
        )
    return found
