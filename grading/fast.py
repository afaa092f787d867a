"""``course grade``: a class graded with several submissions at a time, each in a process, and one that writes.

Each submission is graded by a process of its own, forked from this one after nbgrader was imported; kernels are forked
too (`grading.forking`). This process alone writes the gradebook, and puts a submission into ``autograded/`` when its
grades are in. So a run that was killed is continued by the next one: what is there is graded, what is not is not.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import json
import multiprocessing
import os
import re
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import click

from grading import data, forking, zygote
from helpers.core import terminal
from helpers.core.errors import BadInput, CourseError
from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.class_run import ClassRun, Line
from helpers.course.classroom.grading import alone

#: nbgrader's classes; imported by `main` after the process that forks kernels was started, which imports beside it.
STEPS = "grading.steps"
#: Of one submission, shown at most.
MOST_WARNINGS = 50
_WARNING = re.compile(r"\[\w+ \| (WARNING|ERROR|CRITICAL)\] ")


class NothingToGrade(BadInput):
    """There is no submission of that assignment."""

    code = "nothing-to-grade"


@dataclass
class Running:
    """A submission that is being graded: its process, and the end of the pipe by which it tells what came out."""

    student: str
    notebooks: list[str]
    process: Any
    told: Connection


@dataclass
class Progress:
    """Says how far it is: one line that changes in a terminal, elsewhere one line a submission."""

    total: int
    jobs: int
    begun: float = field(default_factory=time.monotonic)
    done: int = 0

    def say(self, line: Line, warned: Sequence[str] = ()) -> None:
        """Tell that a submission is done, and what nbgrader warned of."""
        for text in warned:
            clear = "\r\x1b[K" if sys.stderr.isatty() else ""
            print(f"{clear}{line.student!r}: {text}", file=sys.stderr, flush=True)
        self.done += 1
        took = time.monotonic() - self.begun
        left = took / self.done * (self.total - self.done)
        times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in line.seconds.items())
        how_far = f"{self.done}/{self.total}  {_seconds(took)} gone, {_seconds(left)} left"
        text = f"{how_far}  {line.student!r} {line.state}: {times or line.reason}"
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text[: os.get_terminal_size(2).columns - 1]}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self.done and sys.stderr.isatty():
            print(file=sys.stderr)


class ClassGrader:
    """Grades the submissions of one assignment.

    Args:
        grading: nbgrader's steps (`grading.steps.Grading`). jobs: submissions at a time.
        held: who starts this process holds the lock of the class, and waits for it.
    """

    def __init__(self, grading: Any, jobs: int, *, held: bool = False) -> None:
        self.grading, self.jobs, self.held = grading, jobs, held
        self.logs = grading.stage / "logs"
        self._fork = multiprocessing.get_context("fork")

    def run(self, students: Sequence[str] = (), again: bool = False) -> ClassRun:
        """Grade what is to be graded, of these learners or of all; return what came out, and what was before."""
        begun = time.monotonic()
        with self._alone():
            found = self._found(students)
            wanted = [one for one in found if again or not self.grading.graded(one)]
            progress = Progress(len(wanted), self.jobs)
            waiting, running, lines = list(reversed(wanted)), list[Running](), dict[str, Line]()
            try:
                while waiting or running:
                    while waiting and len(running) < self.jobs:
                        self._begin(waiting.pop(), found, running, lines, progress)
                    if running:
                        self._end_one(running, lines, progress)
            finally:
                progress.end()
                for one in running:
                    one.process.kill()
            # A submission of somebody who was not asked for is not looked at.
            lines.update({one: Line(one, "kept") for one in found if one not in lines})
            scored = tuple(self._scored(lines[one]) for one in found)
        return ClassRun(self.grading.coursedir.assignment_id, scored, time.monotonic() - begun, self.jobs)

    def _found(self, students: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = self.grading.submissions()
        for student in [one for one in students if one not in found]:
            near = difflib.get_close_matches(student, found, n=1)
            raise NothingToGrade(
                f"There is no submission of {student!r}",
                why=f"{len(found)} learners have handed in {self.grading.coursedir.assignment_id}.",
                next=f"--student={near[0]}" if near else "nbgrader collect " + self.grading.coursedir.assignment_id,
            )
        return {one: books for one, books in found.items() if one in students} if students else found

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let nobody else grade the class; what somebody who was killed has left is removed."""
        with contextlib.nullcontext(self.grading.stage) if self.held else alone(self.grading.root) as stage:
            for path in stage.iterdir():
                if path.is_dir() and path != self.logs:
                    data.remove(path)
            self.logs.mkdir(exist_ok=True)
            yield

    def _begin(
        self,
        student: str,
        found: dict[str, list[str]],
        running: list[Running],
        lines: dict[str, Line],
        progress: Progress,
    ) -> None:
        try:
            notebooks = self.grading.prepare(student, found[student])
        except Exception:
            self._log(student).write_text(traceback.format_exc())
            self._failed(student, lines, progress)
            return
        told, tells = self._fork.Pipe(duplex=False)
        process = self._fork.Process(target=self._grade, args=(student, notebooks, tells, os.getpid()))
        process.start()
        tells.close()
        running.append(Running(student, notebooks, process, told))

    def _grade(self, student: str, notebooks: list[str], tells: Connection, parent: int) -> None:
        """Be the process of one submission: it ends with the one that writes, and says nothing in its terminal."""
        zygote.end_with_parent(parent)
        log = os.open(self._log(student), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(log, stream)
        tells.send(self.grading.execute(student, notebooks))

    def _end_one(self, running: list[Running], lines: dict[str, Line], progress: Progress) -> None:
        """Wait until a submission is done, and write what came out."""
        ready = wait([one.told for one in running])
        for one in [one for one in running if one.told in ready]:
            running.remove(one)
            seconds: dict[str, float] | None = None
            with contextlib.suppress(EOFError):
                seconds = one.told.recv()
            one.told.close()
            one.process.join()
            try:
                if seconds is None:
                    self._failed(one.student, lines, progress)
                    continue
                self.grading.record(one.student, one.notebooks)
            except Exception:
                with self._log(one.student).open("a") as log:
                    log.write(traceback.format_exc())
                self._failed(one.student, lines, progress)
                continue
            lines[one.student] = Line(one.student, "graded", seconds=seconds)
            progress.say(lines[one.student], warnings(self._log(one.student)))
            self._log(one.student).unlink(missing_ok=True)

    def _failed(self, student: str, lines: dict[str, Line], progress: Progress) -> None:
        self.grading.drop(student)
        log = self._log(student)
        last = (["", *log.read_text(errors="replace").strip().splitlines()])[-1] if log.is_file() else ""
        lines[student] = Line(student, "failed", reason=f"{last[:200] or 'Its process was ended'} ({log})")
        progress.say(lines[student])

    def _log(self, student: str) -> Path:
        logs: Path = self.logs
        return logs / f"{student}.{self.grading.coursedir.assignment_id}.log"

    def _scored(self, line: Line) -> Line:
        if line.state == "failed":
            return line
        points, most, waiting = self.grading.score(line.student)
        return Line(line.student, line.state, points, most, waiting, line.seconds)


def warnings(log: Path) -> list[str]:
    """Return what nbgrader warns of in the log of a submission that was graded, such as a cell that it put back."""
    if not log.is_file():
        return []
    with log.open(encoding="utf-8", errors="replace") as file:
        lines = terminal.plain(file.read(1_000_000)).splitlines()
    return [line[:300] for line in lines if _WARNING.match(line)][:MOST_WARNINGS]


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def assignment(lab: str) -> str:
    """Return the assignment that is meant: of a lab of the course, or of any other assignment its name."""
    labs = outline.labs()
    if lab in labs:
        return labs[lab].assignment
    klass = Path(os.environ.get("MOD208_CLASS", ROOT)).resolve()
    there = sorted({path.name for path in klass.glob("submitted/*/*") if path.is_dir()})
    if lab in there:
        return lab
    near = difflib.get_close_matches(lab, [*labs, *there], n=1)
    raise NothingToGrade(
        f"There is no submission of {lab!r}",
        why=f"{klass / 'submitted'} has submissions of: {', '.join(there) or 'nothing'}.",
        next=f"course grade {near[0]}" if near else f"nbgrader collect {lab}",
    )


@click.command()
@click.argument("lab")
@click.option("--jobs", type=int, default=0)
@click.option("--again", is_flag=True)
@click.option("--student", "students", multiple=True)
@click.option("--held", is_flag=True, help="The lock of the class is held by who starts this.")
@click.option("--json", "as_json", is_flag=True)
def main(lab: str, jobs: int, again: bool, students: tuple[str, ...], held: bool, as_json: bool) -> None:
    """Grade LAB; see ``course grade --help``."""
    try:
        name = assignment(lab)
        with forking.forker():
            jobs = jobs or len(os.sched_getaffinity(0))
            grader = ClassGrader(importlib.import_module(STEPS).configured(name), jobs, held=held)
            found = grader.run([one for one in students if one], again)
    except CourseError as error:
        click.echo(json.dumps(error.to_dict(), indent=2) if as_json else error.diagnostics(), err=not as_json)
        sys.exit(error.exit_code)
    click.echo(json.dumps(found.to_dict(), indent=2) if as_json else found.text())
    sys.exit(1 if found.failed else 0)


if __name__ == "__main__":
    main()
