"""The stages of a class, each safe to repeat, each saying what comes next."""

from __future__ import annotations

import difflib
import filecmp
import json
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.core.paths import ROOT
from helpers.course.classroom import book, grading, klass, nb, roster
from helpers.course.classroom.errors import BadRoster, ReleasedAlready, TooEarly
from helpers.course.classroom.klass import Classroom

#: What an author's own run leaves beside the notebooks.
LEFTOVERS = ("work", ".state", "backup", ".terraform", ".ipynb_checkpoints", "__pycache__", "*.tfstate*")


@dataclass(frozen=True)
class Done:
    """What a stage did: sentences for a person, data for a machine, and the command that comes next."""

    said: tuple[str, ...]
    next: str
    data: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """Return it for a person at a terminal."""
        return "\n".join([*self.said, f"Next: {self.next}"])

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {**self.data, "said": list(self.said), "next": self.next}


def learners(room: Classroom) -> list[roster.Learner]:
    """Return the roster, which the gradebook then has too."""
    found = roster.read(room.root / roster.FILE)
    book.enrol(room, found)
    return found


def release(room: Classroom, name: str, *, again: bool = False) -> Done:
    """Generate an assignment into the class and hand it out by the exchange.

    Args:
        again: hand out what has changed since it was released.

    Raises:
        ReleasedAlready: learners have another version. StageFailed: nbgrader refused it.
    """
    learners(room)
    assignment = klass.assignment_of(name, room.root)
    changed = _take_source(room, assignment)
    released = room.root / "release" / assignment
    if changed or not released.is_dir() or not book.has(room, assignment):
        # With --force, for otherwise nbgrader says that it skips, and its gradebook stays as it was.
        nb.call(room, "generate_assignment", assignment, "--force")
    book.settle(room)
    out = room.on_exchange / "outbound" / assignment
    differs = _differences(released, out) if out.is_dir() else []
    count = len(list(released.glob("*.ipynb")))
    if out.is_dir() and not differs:
        said = f"{assignment} is released already, and nothing that learners get has changed."
    elif out.is_dir() and not again:
        raise ReleasedAlready(
            f"{assignment} is released already, and has changed since",
            why=f"Learners may have fetched it. It differs in: {', '.join(differs[:5])}.",
            next=f"course class release {name} --again   # a copy that was fetched stays",
        )
    else:
        nb.call(room, "release_assignment", assignment, *(["--force"] if out.is_dir() else []))
        said = f"{assignment} is released: {count} notebooks in {out}."
    due = room.due.get(assignment)
    when = f"It is due at {due:%Y-%m-%d %H:%M} UTC; {room.late}." if due else "It has no due date (class.yaml: due)."
    data = {"assignment": assignment, "notebooks": count, "due": due.isoformat() if due else None}
    return Done((said, when), f"course class collect {name}   # when work has been handed in", data)


def _take_source(room: Classroom, assignment: str) -> bool:
    """Copy the instructor's notebooks into the class; return whether there was something new.

    An assignment that only the class has is the instructor's own, and stays as it is.
    """
    given, mine = ROOT / "source" / assignment, room.root / "source" / assignment
    if not given.is_dir():
        note = room.root / "release" / assignment
        newest = max((path.stat().st_mtime for path in mine.rglob("*") if path.is_file()), default=0.0)
        return not note.is_dir() or newest > min((p.stat().st_mtime for p in note.glob("*.ipynb")), default=0.0)
    here = {path.relative_to(mine) for path in mine.rglob("*") if path.is_file()}
    wanted = room.root / ".new-source"
    shutil.rmtree(wanted, ignore_errors=True)
    shutil.copytree(given, wanted, ignore=shutil.ignore_patterns(*LEFTOVERS))
    there = {path.relative_to(wanted) for path in wanted.rglob("*") if path.is_file()}
    same = here == there and all(filecmp.cmp(mine / path, wanted / path, shallow=False) for path in there)
    if not same:
        shutil.rmtree(mine, ignore_errors=True)
        mine.parent.mkdir(exist_ok=True)
        wanted.rename(mine)
    shutil.rmtree(wanted, ignore_errors=True)
    return not same


def _differences(ours: Path, theirs: Path) -> list[str]:
    """Return the files in which two copies of an assignment differ; of notebooks the cells count."""
    names = {p.relative_to(top).as_posix() for top in (ours, theirs) for p in top.rglob("*") if p.is_file()}
    return [name for name in sorted(names) if _content(ours / name) != _content(theirs / name)]


def _content(path: Path) -> Any:
    if not path.is_file():
        return None
    if path.suffix != ".ipynb":
        return path.read_bytes()
    try:
        return json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError):
        return path.read_bytes()


def collect(room: Classroom, name: str) -> Done:
    """Take the newest submissions in from the exchange, and say who is missing, late or not of this class."""
    everyone = learners(room)
    assignment = _known(room, name)
    if not (room.on_exchange / "inbound").is_dir():
        raise TooEarly(
            f"{assignment} has not been released", why="Nobody could hand it in.", next=f"course class release {name}"
        )
    done = nb.call(room, "collect", assignment, "--update")
    here = submitted(room, assignment)
    known = {one.id for one in everyone}
    strangers, missing = sorted(here - known), [one.id for one in everyone if one.id not in here]
    said = [f"{len(here & known)} of {len(everyone)} learners have handed in {assignment}."]
    said += [f"Not yet: {', '.join(missing)}"] if missing else []
    said += [f"Not on the roster, so not graded: {', '.join(strangers)} (students.csv)"] if strangers else []
    said += nb.faults(done.stderr)
    data = {"assignment": assignment, "submitted": sorted(here & known), "missing": missing, "strangers": strangers}
    return Done(tuple(said), f"course class grade {name}", data)


def grade(
    room: Classroom, name: str, wanted: Sequence[str] = (), *, again: bool = False, say: Callable[[str], None] = print
) -> Done:
    """Run and judge what was collected and is new; *again* judges what was judged before as well.

    Points and comments that a person gave stay, and stay settled unless other work was handed in since.
    """
    everyone = learners(room)
    assignment = _known(room, name)
    here, known = submitted(room, assignment), {one.id for one in everyone}
    if not here:
        raise TooEarly(f"There is no submission of {assignment}", next=f"course class collect {name}")
    if unknown := [one for one in wanted if one not in known]:
        raise BadRoster(f"There is no student {unknown[0]!r}", why=f"{roster.FILE} has {len(known)}.", next="")
    with grading.alone(room.root):
        before = book.of_people(room, assignment)
        failed = grading.grade(room, assignment, sorted((set(wanted) or here) & known & here), again=again, say=say)
        book.keep(room, assignment, before)
        book.settle(room)
    graded = {one for one in here & known if (room.root / "autograded" / one / assignment).is_dir()}
    waits = waiting(room, assignment)
    said = [f"{len(graded)} of {len(here & known)} submissions of {assignment} are graded."]
    said += [f"Could not be graded: {one}: {why}" for one, why in failed.items()]
    said += [f"{len(waits)} of them wait for a person."] if waits else []
    following = f"course class review {name}" if waits else f"course class feedback {name}"
    return Done(
        tuple(said), following, {"assignment": assignment, "graded": sorted(graded), "failed": failed, "waiting": waits}
    )


def waiting(room: Classroom, assignment: str = "") -> list[str]:
    """Return the learners of whom something waits for a person."""
    found = {one.learner for one in book.settle(room) if one.waits and assignment in ("", one.assignment)}
    return sorted(found)


def feedback(room: Classroom, name: str) -> Done:
    """Write feedback for all that is graded, as it is now, and give it to the learners."""
    known = {one.id for one in learners(room)}
    assignment = _known(room, name)
    graded = {path.parent.name for path in (room.root / "autograded").glob(f"*/{assignment}")} & known
    if not graded:
        raise TooEarly(f"No submission of {assignment} is graded", next=f"course class grade {name}")
    out = submitted(room, assignment) - graded
    skip = [f"--CourseDirectory.student_id_exclude={','.join(sorted(out))}"] if out else []
    # With --force: a person may have given points after the last feedback was written.
    nb.call(room, "generate_feedback", assignment, "--force", *skip, timeout=None)
    nb.call(room, "release_feedback", assignment, *skip)
    said = [f"{len(graded)} learners can fetch feedback on {assignment}."]
    if left := waiting(room, assignment):
        said.append(f"Of {len(left)} something still waits for a person: {', '.join(left)}")
    return Done(
        tuple(said), "course class marks", {"assignment": assignment, "feedback": sorted(graded), "waiting": left}
    )


def status(room: Classroom) -> Done:
    """Say how far each assignment of the class is."""
    everyone = {one.id for one in learners(room)}
    settled = book.settle(room)
    rows, following = [], ""
    for assignment in room.assignments():
        mine = [one for one in settled if one.assignment == assignment and one.learner in everyone]
        row = {
            "assignment": assignment,
            "released": (room.on_exchange / "outbound" / assignment).is_dir(),
            "submitted": len(submitted(room, assignment) & everyone),
            "graded": sum(grading.current(room, one, assignment) for one in everyone),
            "waiting": sum(one.waits for one in mine),
            "late": sum(one.seconds_late > 60 * room.late.grace for one in mine),
            "feedback": len({p.parent.name for p in (room.root / "feedback").glob(f"*/{assignment}")} & everyone),
        }
        rows.append(row)
        following = following or _next(row)
    asked = [one for one in room.regrades if one.state == "open"]
    said = [f"{room.course}: {len(everyone)} learners, exchange {room.exchange}"]
    said += [_line(row) for row in rows]
    said += unknown(room, everyone)
    said += [f"  regrade asked: {one.learner}, {one.assignment} {one.step}: {one.why}" for one in asked]
    data = {"course": room.course, "learners": len(everyone), "assignments": rows, "regrades": len(asked)}
    return Done(tuple(said), following or ("course class marks" if rows else "course class release lab1"), data)


def _line(row: dict[str, Any]) -> str:
    out = "released" if row["released"] else "not released"
    graded = f"{row['graded']} graded ({row['waiting']} wait for a person)"
    return (
        f"  {row['assignment']}: {out}, {row['submitted']} submitted ({row['late']} late), {graded}, "
        f"{row['feedback']} have feedback"
    )


def _next(row: dict[str, Any]) -> str:
    name = row["assignment"]
    if not row["released"]:
        return f"course class release {name}"
    if row["graded"] < row["submitted"]:
        return f"course class grade {name}"
    if row["waiting"]:
        return f"course class review {name}"
    if row["feedback"] < row["graded"]:
        return f"course class feedback {name}"
    return "" if row["graded"] else f"course class collect {name}"


def unknown(room: Classroom, known: Collection[str]) -> list[str]:
    """Say whom ``class.yaml`` gives more time, or a second look, who is not on the roster."""
    said = []
    for key, entries in (("extensions", room.extensions), ("regrades", room.regrades)):
        for one in sorted({entry.learner for entry in entries} - set(known)):
            near = difflib.get_close_matches(one, known, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            said.append(f"{klass.FILE}, {key}: {one!r} is not on the roster{meant}")
    return said


def submitted(room: Classroom, assignment: str) -> set[str]:
    """Return who has handed in an assignment, as it was collected."""
    return {path.parent.name for path in (room.root / "submitted").glob(f"*/{assignment}") if path.is_dir()}


def _known(room: Classroom, name: str) -> str:
    assignment = klass.assignment_of(name, room.root)
    if not book.has(room, assignment):
        raise TooEarly(
            f"The class has no {assignment} yet",
            why="Its notebooks and points get into the gradebook when it is released.",
            next=f"course class release {name}",
        )
    return assignment


__all__ = ["Done", "collect", "feedback", "grade", "learners", "release", "status", "submitted", "waiting"]
