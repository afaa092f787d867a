"""What handing in would send, what is worth a look before, and what the visible checks give for it."""

from __future__ import annotations

import datetime as dt
import fnmatch
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.core.errors import CourseError
from helpers.course import outline
from helpers.course.assessment import Exam
from helpers.course.classroom.carrying import ADDED, carried
from helpers.course.handing.answers import Answers, answers, cells_of, source
from helpers.course.handing.errors import CannotSend
from helpers.course.handing.exchanges import Exchange, exchange, limits
from helpers.course.labs import Lab
from helpers.course.outline import LabSpec
from helpers.course.workspace import locate
from helpers.course.workspace.cell_files import header
from helpers.course.workspace.journal import Journal

#: Bytes of a kB as nbgrader counts them.
KB = 1000


@dataclass(frozen=True)
class Scored:
    """One step by its visible check; ``passed`` is None where nothing could be judged, and the reason says why."""

    step: str
    points: float
    passed: bool | None
    reason: str


@dataclass(frozen=True)
class Plan:
    """A submission that was not sent yet.

    Attributes:
        directory: what it is made of.
        files: relative path -> bytes, of all that would be sent.
        left_out: relative path -> why it stays here.
        steps: what the visible checks say.
        answers: what people will read, by notebook.
        remarks: what is worth a look before sending: each says what to do.
        due: when it was or is due, where that is known. now: when the plan was made.
        carried: what goes with the files, in words: see `helpers.course.classroom.carrying`.
    """

    spec: LabSpec
    exchange: Exchange
    directory: Path
    files: dict[str, int]
    left_out: dict[str, str]
    steps: tuple[Scored, ...]
    answers: tuple[Answers, ...]
    remarks: tuple[str, ...]
    due: dt.datetime | None
    now: dt.datetime
    carried: tuple[str, ...] = ()

    @property
    def earned(self) -> float:
        """Points of the steps whose visible checks pass."""
        return sum(step.points for step in self.steps if step.passed)

    @property
    def points(self) -> float:
        """Points of all steps."""
        return sum(step.points for step in self.steps)

    @property
    def late(self) -> dt.timedelta | None:
        """How late it is; None in time, or where no date is known."""
        return self.now - self.due if self.due and self.now > self.due else None

    def sums(self) -> list[str]:
        """Return what would be sent and earned, a line each."""
        size = sum(self.files.values())
        lines = [f"{len(self.files)} files, {size / KB:,.0f} kB, from {self.directory}."]
        if self.carried:
            lines.append(f"With them go {' and '.join(self.carried)}, in {ADDED}/.")
        if self.steps:
            passing = sum(step.passed is True for step in self.steps)
            many = f"{passing} of {len(self.steps)} steps pass their visible checks"
            lines.append(
                f"{many}: {self.earned:g} of {self.points:g} points. Grading has inputs that you have not seen."
            )
        people = sum(found.points for found in self.answers)
        if people:
            written = sum(len(found.written) for found in self.answers)
            asked = written + sum(len(found.missing) for found in self.answers)
            lines.append(
                f"{written} of {asked} answers for people are written: up to {people:g} points, given by people."
            )
        if self.due:
            lines.append(f"Due {moment(self.due)}" + (f": you are {span(self.late)} late." if self.late else "."))
        return lines


def moment(when: dt.datetime) -> str:
    """Return a time as a person reads it."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(late: dt.timedelta) -> str:
    """Return a length of time in its two largest units."""
    minutes = int(late.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def plan(name: str, *, told: Callable[[Scored], None] | None = None) -> Plan:
    """Look at an assignment as it is in the files, and judge each step by its visible check. Nothing is sent.

    Args:
        name: id of a lab, or ``assessment``.
        told: called with each step as soon as it is judged.

    Raises:
        UnknownLab: there is no such assignment.
        NoExchange, NotReleased, CannotSend: it could not be sent as things are.
    """
    spec = outline.assignment(name)
    to = exchange()
    to.ready_for(spec.assignment)
    directory = locate(spec).parent
    files, left_out = _files(directory)
    _fits(directory, files)
    steps = tuple(_judged(spec, told))
    found = tuple(answers(spec, directory, book) for book in spec.notebooks)
    remarks = (*_of_notebooks(found), *_unsaved(spec, directory), *_of_quiz(spec))
    now = dt.datetime.now(dt.UTC)
    due, more = to.due(spec.assignment), carried(spec.assignment)
    return Plan(spec, to, directory, files, left_out, steps, found, remarks, due, now, more)


def files_of(directory: Path) -> dict[str, int]:
    """Return what would be sent of a directory: relative path -> bytes."""
    return _files(directory)[0]


def _files(directory: Path) -> tuple[dict[str, int], dict[str, str]]:
    """Return what nbgrader's settings let through, and what of the learner's they do not."""
    most, ignored = limits().max_file_size * KB, list(limits().ignore)
    files: dict[str, int] = {}
    left_out: dict[str, str] = {}
    for folder, inner, names in os.walk(directory):
        inner[:] = [name for name in inner if not _ignored(name, ignored) and not (Path(folder) / name).is_symlink()]
        for path in (Path(folder) / name for name in sorted(names)):
            relative = path.relative_to(directory).as_posix()
            if _ignored(path.name, ignored):
                continue
            if path.is_symlink() or not path.is_file():
                left_out[relative] = "a link or a device, which is not taken"
            elif not os.access(path, os.R_OK):
                left_out[relative] = "you may not read it"
            elif (size := path.stat().st_size) > most:
                left_out[relative] = f"larger than {most / KB / KB:.0f} MB"
            else:
                files[relative] = size
    return dict(sorted(files.items())), left_out


def _ignored(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _fits(directory: Path, files: dict[str, int]) -> None:
    if not any(name.endswith(".ipynb") for name in files):
        raise CannotSend(
            f"There is nothing to hand in in {directory}",
            why="It holds no notebook.",
            next="course open --prepare   # copies the notebooks that are missing",
        )
    size, most = sum(files.values()), limits().max_dir_size * KB
    if size > most:
        largest = sorted(files, key=lambda name: -files[name])[:3]
        raise CannotSend(
            f"The submission is {size / KB / KB:.0f} MB; the exchange takes {most / KB / KB:.0f} MB",
            why="The largest files: " + ", ".join(f"{name} ({files[name] / KB / KB:.1f} MB)" for name in largest) + ".",
            next="Move away what is not an answer, then hand in again.",
        )


def _judged(spec: LabSpec, told: Callable[[Scored], None] | None) -> Iterator[Scored]:
    lab = Lab(spec.id) if spec.steps else None
    for step in spec.steps:
        assert lab is not None
        try:
            result = lab.result(step.id)
            scored = Scored(step.id, step.points, result.passed, result.reason)
        except CourseError as error:
            # Without a service or a tool nothing was judged; handing in needs neither.
            scored = Scored(step.id, step.points, None, f"{error.what}. Next: {error.next}")
        if told is not None:
            told(scored)
        yield scored


def _of_notebooks(found: tuple[Answers, ...]) -> Iterator[str]:
    for one in found:
        if one.fault:
            yield f"{one.notebook}: {one.fault}. It is graded as it was released, with your files."
        elif one.missing:
            yield f"{one.notebook}: no answer in {', '.join(one.missing)}. If you wrote it, save the notebook."


def _unsaved(spec: LabSpec, directory: Path) -> Iterator[str]:
    """Yield the cells whose saved text is not what they wrote last: not saved, or not run since."""
    wrote = Journal(spec.id, locate(spec)).read()["cells"]
    for book in spec.notebooks:
        try:
            texts = [source(cell) for cell in cells_of(directory / book) if cell["cell_type"] == "code"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        for first, _, body in (text.partition("\n") for text in texts):
            path = first.removeprefix(f"%%workfile {spec.id} ").split(" ")[0]
            if first.split(" ")[0] != "%%workfile" or path not in wrote:
                continue
            if body.rstrip("\n") != str(wrote[path]).rstrip("\n"):
                cell = f"the cell `{header(Journal(spec.id, locate(spec)), path)}`"
                yield f"{book}: {cell} is not saved as it ran last. Save the notebook, or run the cell."


def _of_quiz(spec: LabSpec) -> Iterator[str]:
    if spec.id != outline.assessment().id:
        return
    exam = Exam()
    if exam.open:
        yield f"The final quiz: {len(exam.open)} of {len(exam.questions)} questions have no answer."
