"""How far a learner has come, and what comes next: units and labs in the order in which they are best done."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.assessment import Exam
from helpers.course.handing import answers, configured, sent
from helpers.course.labs import progress
from helpers.course.quiz import Quiz, load
from helpers.course.workspace import locate


@dataclass(frozen=True)
class Part:
    """A lecture, or one notebook of a lab or of the assessment.

    Attributes:
        stage: what it belongs to, for example ``Unit 1``, ``Lab 2`` or ``Assessment``.
        title: heading of its notebook. notebook: its file, relative to the course.
        done, of: questions answered, steps that pass or answers written, and how many there are.
        earned, points: points of the steps that pass, and of all; 0 for a lecture and the assessment, which is graded
            where the keys are.
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
    """All parts, in order.

    Attributes:
        to_hand_in: ids of what is done and was not handed in yet, where there is an exchange to hand it in.
    """

    parts: tuple[Part, ...]
    to_hand_in: tuple[str, ...] = ()

    @property
    def next(self) -> Part | None:
        """The first part that is not finished; None at the end."""
        return next((part for part in self.parts if not part.finished), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        following = self.next
        parts = [asdict(part) for part in self.parts]
        return {"parts": parts, "next": following and asdict(following), "to_hand_in": list(self.to_hand_in)}

    def __repr__(self) -> str:
        width = max(len(f"{part.stage}  {part.title}") for part in self.parts)
        lines = [self._line(part, width) for part in self.parts]
        done, of = sum(part.done for part in self.parts), sum(part.of for part in self.parts)
        earned, points = sum(part.earned for part in self.parts), sum(part.points for part in self.parts)
        lines.append(f"{done} of {of} questions, steps and answers done; {earned:g} of {points:g} points of the steps.")
        lines += [f"Ready to hand in: course submit {name}" for name in self.to_hand_in]
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
    finished: list[str] = []
    for stage in outline.stages():
        mine = _lab(stage.declared) if stage.lab else _lectures(stage.declared)
        parts += mine
        if stage.lab and all(part.finished for part in mine):
            finished.append(stage.id)
    last = _assessment()
    if all(part.finished for part in last):
        finished.append(outline.assessment().id)
    waiting = [name for name in finished if not sent(outline.assignment(name))] if finished and configured() else []
    return Journey((*parts, *last), tuple(waiting))


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
    lab = outline.lab(declared["id"])
    steps = progress(lab).steps
    found = []
    for book in declared["notebooks"]:
        name = book["file"]
        mine = [step for step in steps if step.notebook == name]
        open_ = next((step for step in mine if not step.passed), None)
        found.append(
            Part(
                outline.name_of(lab.id),
                book["title"],
                f"workspace/{lab.assignment}/{name}",
                sum(bool(step.passed) for step in mine),
                len(mine),
                sum(step.points for step in mine if step.passed),
                sum(step.points for step in mine),
                f"course check {lab.id} {open_.step}" if open_ else "",
            )
        )
    return found


def _assessment() -> list[Part]:
    """Return what of the assessment is answered; what is right is told after grading."""
    spec = outline.assessment()
    found = []
    for book in outline.load()["assessment"]["notebooks"]:
        if not book["graded"]:
            continue
        written = answers(spec, locate(spec).parent, book["file"])
        done, of = len(written.written), len(written.written) + len(written.missing)
        if not of:
            exam = Exam()
            done, of = len(exam.given), len(exam.questions)
        found.append(Part("Assessment", book["title"], f"workspace/{spec.assignment}/{book['file']}", done, of))
    return found
