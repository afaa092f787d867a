"""nbgrader's own autograding of one submission in three steps, so that many can be run at once and one process writes.

`Grading.prepare` and `Grading.record` use the gradebook and run in the one process that writes it; `Grading.execute`
only reads it, and runs anywhere. Between them a submission lies in a directory of its own, so what is in
``autograded/`` was graded to its end, and who is killed in between leaves nothing there.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ipykernel.kernelspec
from nbconvert.writers.files import FilesWriter
from nbformat.validator import get_validator
from nbgrader.api import Gradebook
from nbgrader.apps import AutogradeApp
from nbgrader.converters import Autograde
from sqlalchemy.exc import SAWarning

from grading import data, execute, sandbox, submission
from grading.places import BOXES
from helpers.course.classroom.grading import STAGE

#: nbgrader's configuration names these modules, and Jupyter the last one; they are imported here, before a process is
#: forked for each submission.
NAMED = (execute, submission, ipykernel.kernelspec)
#: Formats of notebooks whose validators are made before, for reading and for writing: minor version, relaxed or not.
FORMATS = ((0, False), (5, False), (5, True))
#: From this one on nbgrader's preprocessors write the gradebook.
WRITES = "SaveAutoGrades"


def configured(assignment: str) -> Grading:
    """Return the grading of an assignment, as nbgrader's configuration says, here and in the class's directory."""
    # nbgrader adds objects to its session in an order that SQLAlchemy warns of, at each submission.
    warnings.filterwarnings("ignore", category=SAWarning)
    # A validator is compiled from the schema when it is first asked for: 0.1 s each, in each process.
    for minor, relaxed in FORMATS:
        get_validator(4, minor, relax_add_props=relaxed)
    # That sandboxes can be made is asked once; what is missing is said where a submission is graded.
    with suppress(sandbox.NoSandbox):
        sandbox.require()
    app = AutogradeApp()
    app.initialize(["--log-level=WARN"])
    app.coursedir.assignment_id = assignment
    return Grading(coursedir=app.coursedir, parent=app)


class Grading(Autograde):  # type: ignore[misc]
    """nbgrader's `Autograde`, step by step; see the module."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.root = Path(self.coursedir.root)
        self.final = str(self.coursedir.autograded_directory)
        self.stage = self.root / STAGE
        mine: Any = self
        steps = list(mine.autograde_preprocessors)
        names = [one if isinstance(one, str) else one.__name__ for one in steps]
        at = next((i for i, name in enumerate(names) if name.rpartition(".")[2] == WRITES), len(names))
        self._runs, self._writes = steps[:at], steps[at:]

    def submissions(self) -> dict[str, list[str]]:
        """Return learner -> notebooks of every submission of the assignment.

        Raises:
            NbGraderException: there is none.
        """
        self.init_notebooks()
        pattern = self._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True)
        found = {}
        for path, notebooks in self.assignments.items():
            if match := re.match(pattern, path):
                found[match["student_id"]] = sorted(notebooks)
        return dict(sorted(found.items()))

    def graded(self, student: str) -> bool:
        """Return whether a submission was graded already, and nothing newer was handed in since."""
        source = self._format_source(self.coursedir.assignment_id, student)
        done = self.coursedir.format_path(self.final, student, self.coursedir.assignment_id)
        if not Path(done).exists():
            return False
        newer, older = (self.coursedir.get_existing_timestamp(path) for path in (source, done))
        return not (newer and older and newer > older)

    def prepare(self, student: str, notebooks: list[str]) -> list[str]:
        """Enter a submission into the gradebook, copy its files; return the notebooks to run, also those it lacks."""
        with self._staged(student):
            self.notebooks = notebooks
            self.run_pre_convert_hook()
            self.init_assignment(self.coursedir.assignment_id, student)
            return list(self.notebooks)

    def execute(self, student: str, notebooks: list[str]) -> dict[str, float]:
        """Run and judge the notebooks; return the seconds of each. The gradebook is read."""
        took = {}
        with self._staged(student):
            self.autograde_preprocessors = self._runs
            self.notebooks = notebooks
            for path in notebooks:
                begun = time.monotonic()
                self.convert_single_notebook(path)
                took[Path(path).stem] = time.monotonic() - begun
        return took

    def record(self, student: str, notebooks: list[str]) -> None:
        """Write what came out into the gradebook, and then put the submission in its place."""
        assignment = self.coursedir.assignment_id
        with self._staged(student) as staged:
            self.notebooks = notebooks
            self._sanitizing, self.autograde_preprocessors = False, self._writes
            try:
                self._init_preprocessors()
                for path in notebooks:
                    super(Autograde, self).convert_single_notebook(str(staged / Path(path).name))
            finally:
                self._sanitizing = True
            self.set_permissions(assignment, student)
            self.run_post_convert_hook()
        self._move(self.stage / BOXES / student / assignment, self.root / BOXES / student / assignment)
        self._move(staged, Path(self.coursedir.format_path(self.final, student, assignment)))

    def score(self, student: str) -> tuple[float, float, int]:
        """Return the points of a submission, the points there are, and how many cells wait for a person."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as book:
            found = book.find_submission(self.coursedir.assignment_id, student)
            waiting = sum(bool(grade.needs_manual_grade) for one in found.notebooks for grade in one.grades)
            return float(found.score), float(found.max_score), waiting

    def drop(self, student: str) -> None:
        """Remove what a submission that was not graded has left."""
        for directory in (self.stage / BOXES, self.stage / Path(self.final).name):
            data.remove(directory / student / self.coursedir.assignment_id)

    @contextmanager
    def _staged(self, student: str) -> Iterator[Path]:
        """Let nbgrader write a submission below the stage; give its directory there."""
        here, self.coursedir.autograded_directory = Path.cwd(), str(Path(STAGE) / Path(self.final).name)
        self.coursedir.student_id = student
        os.chdir(self.root)
        make_writer: Any = FilesWriter
        self.writer = make_writer(parent=self, config=self.config)
        self.exporter = self.exporter_class(parent=self, config=self.config)
        try:
            yield Path(self._format_dest(self.coursedir.assignment_id, student))
        finally:
            os.chdir(here)
            self.coursedir.student_id, self.coursedir.autograded_directory = "*", self.final

    def _move(self, source: Path, target: Path) -> None:
        if source.exists():
            data.remove(target)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)


__all__ = ["Grading", "configured"]
