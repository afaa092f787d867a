"""Marks: one row a learner with totals, for people, Canvas and Moodle; and one row a question."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from helpers.core.files import write_atomic
from helpers.course import gradebook
from helpers.course.classroom import book, grading, integrity, stages
from helpers.course.classroom.book import Submission
from helpers.course.classroom.errors import TooEarly
from helpers.course.classroom.klass import Classroom
from helpers.course.classroom.roster import Learner
from helpers.course.classroom.stages import Done
from helpers.course.competencies import Graded

DIRECTORY = "marks"
#: Step of the export's line that takes points for lateness.
LATE = "late-penalty"


@dataclass(frozen=True)
class Mark:
    """What one learner has in one assignment.

    Attributes:
        state: ``final``, ``waiting`` (for a person), ``not-graded`` (or not since it was handed in again) or
            ``not-submitted``.
        submitted: when, UTC. hours_late: after due date and extension. extension: hours.
        points: reached. penalty: taken for lateness. total: what is left. out_of: what could be reached.
        regrades: requests for a second look, with their states. look_at: information for the instructor.
    """

    state: str = "not-submitted"
    submitted: str = ""
    hours_late: float = 0.0
    extension: float = 0.0
    points: float = 0.0
    penalty: float = 0.0
    total: float = 0.0
    out_of: float = 0.0
    regrades: str = ""
    look_at: str = ""


def write(room: Classroom, *, provisional: bool = False) -> Done:
    """Write ``marks/`` anew: ``marks.csv``, ``canvas.csv``, ``moodle.csv`` and ``questions.csv``.

    Args:
        provisional: give totals to the platforms although something waits for a person.
    """
    learners = stages.learners(room)
    if not room.assignments():
        raise TooEarly("The class has no assignment yet", next="course class release lab1")
    submissions = {(one.learner, one.assignment): one for one in book.settle(room)}
    rows = [row for row in gradebook.read(room.root) if row.student in {one.id for one in learners}]
    marks = marks_of(room, learners, rows, submissions)
    names = list(dict.fromkeys(row.assignment for row in rows))
    target = room.root / DIRECTORY
    target.mkdir(exist_ok=True)
    for file, table in {
        "marks.csv": _plain_table(learners, names, marks),
        "canvas.csv": _canvas(room, learners, names, marks, provisional),
        "moodle.csv": _moodle(learners, names, marks, provisional),
        "questions.csv": _questions(rows),
    }.items():
        write_atomic(target / file, _csv(table), private=True)
    said = [f"{DIRECTORY}/ has marks.csv, canvas.csv, moodle.csv and questions.csv: {len(learners)} learners."]
    said += stages.unknown(room, [one.id for one in learners])
    left = sorted({who for (who, _), mark in marks.items() if mark.state in ("waiting", "not-graded")})
    if left and not provisional:
        said.append(f"Left empty for the platforms, something is not settled: {', '.join(left)} (or --provisional)")
    look = [f"{who}, {name}: {mark.look_at}" for (who, name), mark in marks.items() if mark.look_at]
    said += ["To look at (it changed no points):", *(f"  {line}" for line in look)] if look else []
    data = {"marks": [{"learner": who, "assignment": name, **asdict(mark)} for (who, name), mark in marks.items()]}
    following = "course class review" if left else "course class archive   # at the end of the term"
    return Done(tuple(said), following, data)


def marks_of(
    room: Classroom,
    learners: Sequence[Learner],
    rows: Sequence[Graded],
    submissions: dict[tuple[str, str], Submission],
) -> dict[tuple[str, str], Mark]:
    """Return (learner, assignment) -> mark."""
    mine = defaultdict[tuple[str, str], list[Graded]](list)
    for row in rows:
        mine[row.student, row.assignment].append(row)
    names = dict.fromkeys(row.assignment for row in rows)
    look = {name: integrity.look(room, name, [one.id for one in learners]) for name in names}
    return {
        (one.id, name): _mark(room, mine[one.id, name], submissions.get((one.id, name)), look[name].get(one.id, ()))
        for one in learners
        for name in names
    }


def _mark(room: Classroom, rows: Sequence[Graded], submission: Submission | None, look: Sequence[str]) -> Mark:
    states = {row.state for row in rows}
    out_of = sum(row.max_points for row in rows)
    if submission is None or not rows or states == {"not-submitted"}:
        return Mark(out_of=out_of)
    who, name = submission.learner, submission.assignment
    points = sum(row.points for row in rows if row.step != LATE)
    penalty = -sum(row.points for row in rows if row.step == LATE)
    undone = "not-graded" in states or not grading.current(room, who, name)
    state = "not-graded" if undone else "waiting" if "review" in states else "final"
    asked = [f"{one.step}: {one.state}" for one in room.regrades if (one.learner, one.assignment) == (who, name)]
    return Mark(
        state=state,
        submitted=f"{submission.submitted:%Y-%m-%d %H:%M:%S}" if submission.submitted else "",
        hours_late=round(submission.seconds_late / 3600, 2),
        extension=room.extension(who, name),
        points=round(points, 2),
        penalty=round(penalty, 2),
        total=round(points - penalty, 2),
        out_of=out_of,
        regrades="; ".join(asked),
        look_at="; ".join(look),
    )


def _plain_table(learners: Sequence[Learner], names: Sequence[str], marks: dict[tuple[str, str], Mark]) -> list[Any]:
    person, columns = [f.name for f in fields(Learner)], [f.name for f in fields(Mark)]
    head = [*person, *(f"{name} {column}" for name in names for column in columns), "total", "out_of"]
    table: list[list[Any]] = [head]
    for one in learners:
        mine = [marks[one.id, name] for name in names]
        cells = [getattr(mark, column) for mark in mine for column in columns]
        total, out_of = round(sum(mark.total for mark in mine), 2), sum(mark.out_of for mark in mine)
        table.append([*(getattr(one, column) for column in person), *cells, total, out_of])
    return table


def _platforms(mark: Mark, provisional: bool) -> float | str:
    """Return the total for a learning platform; empty, which changes nothing there, unless it is settled."""
    settled = mark.state == "final" or (provisional and mark.state == "waiting")
    return mark.total if settled else ""


def _canvas(
    room: Classroom,
    learners: Sequence[Learner],
    names: Sequence[str],
    marks: dict[tuple[str, str], Mark],
    provisional: bool,
) -> list[Any]:
    """Return Canvas' gradebook import: its five columns, then assignments; the second row has the possible points."""
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(room.titles.get(name, name) for name in names)]
    most = [max((mark.out_of for (_, one), mark in marks.items() if one == name), default=0.0) for name in names]
    table: list[list[Any]] = [head, ["    Points Possible", "", "", "", "", *most]]
    for one in learners:
        totals = [_platforms(marks[one.id, name], provisional) for name in names]
        table.append([one.name, one.canvas_id, one.sis_user_id, one.id, one.section, *totals])
    return table


def _moodle(
    learners: Sequence[Learner], names: Sequence[str], marks: dict[tuple[str, str], Mark], provisional: bool
) -> list[Any]:
    """Return Moodle's grade import: columns that identify a user, then one for each grade."""
    table: list[list[Any]] = [["Username", "ID number", "Email address", "First name", "Last name", *names]]
    for one in learners:
        totals = [_platforms(marks[one.id, name], provisional) for name in names]
        table.append([one.id, one.sis_user_id, one.email, one.first_name, one.last_name, *totals])
    return table


def _questions(rows: Sequence[Graded]) -> list[Any]:
    names = [field.name for field in fields(Graded)]
    return [names, *([getattr(row, name) for name in names] for row in rows)]


def _csv(table: Sequence[Sequence[Any]]) -> str:
    """Return CSV; text that a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in table:
        writer.writerow([_inert(value) for value in row])
    return out.getvalue()


def _inert(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


__all__ = ["Mark", "marks_of", "write"]
