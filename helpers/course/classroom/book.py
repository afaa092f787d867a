"""The gradebook of a class, by nbgrader's API: students, due dates, extensions, what lateness costs."""

from __future__ import annotations

import contextlib
import datetime
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from helpers.course.classroom.klass import Classroom
from helpers.course.classroom.roster import Learner


@dataclass(frozen=True)
class Submission:
    """What the gradebook says of one submission: when it came, how late, and what that costs."""

    learner: str
    assignment: str
    submitted: datetime.datetime | None
    seconds_late: float
    penalty: float
    waits: bool


@contextlib.contextmanager
def opened(room: Classroom) -> Iterator[Any]:
    """Open the gradebook; one that is not there yet is made."""
    # nbgrader starts `alembic` by name for a new one, which an environment that is not activated does not have on PATH.
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        with Gradebook(room.database, room.course) as book:
            yield book
    finally:
        os.environ["PATH"] = before


def enrol(room: Classroom, learners: Sequence[Learner]) -> list[str]:
    """Make the gradebook know the learners as the roster has them; return the ids it has beside those."""
    with opened(room) as book:
        known = {str(one.id): one for one in book.students}
        for one in learners:
            wanted = {
                "first_name": one.first_name or None,
                "last_name": one.last_name or None,
                "email": one.email or None,
                "lms_user_id": one.canvas_id or None,
            }
            there = known.get(one.id)
            if there is None or any(getattr(there, key) != value for key, value in wanted.items()):
                book.update_or_create_student(one.id, **wanted)
        return sorted(set(known) - {one.id for one in learners})


def has(room: Classroom, assignment: str) -> bool:
    """Return whether the gradebook has the assignment with its notebooks."""
    with opened(room) as book:
        try:
            return bool(book.find_assignment(assignment).notebooks)
        except MissingEntry:
            return False


def settle(room: Classroom) -> list[Submission]:
    """Apply due dates, extensions and the rule on lateness as ``class.yaml`` has them now; return every submission.

    nbgrader takes what lateness costs when it grades; points that a person gives later, and an extension that is
    granted later, would not count. So it is taken again from the points that are there now.
    """
    found = []
    with opened(room) as book:
        for assignment in book.assignments:
            name, due = str(assignment.name), room.due.get(str(assignment.name))
            assignment.duedate = due.replace(tzinfo=None) if due else None
            for one in book.assignment_submissions(name):
                hours = room.extension(str(one.student_id), name)
                one.extension = datetime.timedelta(hours=hours) if hours else None
                late = _late(one)
                for notebook in one.notebooks:
                    notebook.late_submission_penalty = room.late.share(late) * float(notebook.score or 0) or None
                book.db.flush()
                taken = sum(float(notebook.late_submission_penalty or 0) for notebook in one.notebooks)
                waits = any(bool(notebook.needs_manual_grade) for notebook in one.notebooks)
                found.append(Submission(str(one.student_id), name, one.timestamp, late, taken, waits))
        book.db.commit()
    return found


def of_people(room: Classroom, assignment: str) -> dict[tuple[str, str, str], datetime.datetime | None]:
    """Return (learner, notebook, cell) of what a person has settled -> when the work was handed in."""
    with opened(room) as book:
        return {
            (str(one.student_id), str(notebook.name), str(grade.name)): one.timestamp
            for one in book.assignment_submissions(assignment)
            for notebook in one.notebooks
            for grade in notebook.grades
            if grade.manual_score is not None and not grade.needs_manual_grade
        }


def keep(room: Classroom, assignment: str, before: Mapping[tuple[str, str, str], datetime.datetime | None]) -> None:
    """Leave settled what `of_people` had, unless other work has been handed in since: nbgrader asks for it again."""
    with opened(room) as book:
        for (learner, notebook, cell), when in before.items():
            if book.find_submission(assignment, learner).timestamp == when:
                grade = book.find_grade(cell, notebook, assignment, learner)
                grade.needs_manual_grade = grade.manual_score is None
        book.db.commit()


def _late(submission: Any) -> float:
    if submission.timestamp is None or submission.assignment.duedate is None:
        return 0.0
    return float(submission.total_seconds_late)


__all__ = ["Submission", "enrol", "has", "keep", "of_people", "opened", "settle"]
