"""The one place that has submissions graded: nbgrader's autograde, with the course's judge plugged in."""

from __future__ import annotations

import contextlib
import fcntl
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from helpers.core.files import write_atomic
from helpers.core.process import Line
from helpers.course.classroom import nb
from helpers.course.classroom.errors import Busy
from helpers.course.classroom.klass import Classroom

#: In a class: what is there while it is graded; its lock is that of ``course grade`` too.
STAGE = ".grading"

_NOTEBOOK = re.compile(r"Autograding .*/([^/]+)/[^/]+/([^/]+)\.ipynb$")


def grade(
    room: Classroom, assignment: str, learners: Sequence[str], *, again: bool, say: Callable[[str], None]
) -> dict[str, str]:
    """Grade these submissions; return learner -> why, of those that could not be graded.

    What was graded before, and has not been handed in again since, is left as it is unless *again*.
    """
    submitted = {path.parent.name for path in (room.root / "submitted").glob(f"*/{assignment}")}
    begun = _begun(room, assignment)
    _begin(room, assignment, learners, begun, again)
    argv = ["autograde", assignment, *(["--force"] if again else [])]
    if others := sorted(submitted - set(learners)):
        argv.append(f"--CourseDirectory.student_id_exclude={','.join(others)}")

    def on_line(line: Line) -> None:
        if shown := _NOTEBOOK.search(line.text):
            say(f"{shown[1]}: {shown[2]}")

    done = nb.call(room, *argv, timeout=None, on_line=on_line, may_fail=True)
    begun.unlink()
    logs = room.root / "logs"
    logs.mkdir(exist_ok=True)
    write_atomic(logs / f"grade-{assignment}.log", done.stderr, private=True)
    missing = [one for one in learners if not (room.root / "autograded" / one / assignment).is_dir()]
    said = nb.faults(done.stderr)
    why = said[-1] if said else f"see logs/grade-{assignment}.log"
    return {one: next((line for line in said if f"'{one}'" in line), why) for one in missing}


@contextlib.contextmanager
def alone(root: Path) -> Iterator[Path]:
    """Let nobody else grade the class in directory *root*; give the directory for what is graded now.

    Raises:
        Busy: somebody does.
    """
    stage = root / STAGE
    stage.mkdir(exist_ok=True)
    with (stage / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(
                "This class is being graded already",
                why=f"Another process holds {stage / 'lock'}; one process writes the gradebook.",
                next="Wait until it is done, then type the command again.",
            ) from None
        yield stage


def _begun(room: Classroom, assignment: str) -> Path:
    return room.root / STAGE / f"begun-{assignment}.json"


def _begin(room: Classroom, assignment: str, learners: Sequence[str], begun: Path, again: bool) -> None:
    """Note who is graded now. A run that was killed has left its note: nbgrader would take half a grade for a whole."""
    if begun.is_file():
        for one in json.loads(begun.read_text(encoding="utf-8")):
            shutil.rmtree(room.root / "autograded" / one / assignment, ignore_errors=True)
    now = [one for one in learners if again or not current(room, one, assignment)]
    write_atomic(begun, json.dumps(now))


def current(room: Classroom, learner: str, assignment: str) -> bool:
    """Return whether it is the work collected last that was graded."""
    given, graded = (room.root / where / learner / assignment for where in ("submitted", "autograded"))
    return graded.is_dir() and _handed_in(given) in ("", _handed_in(graded))


def _handed_in(directory: Path) -> str:
    with contextlib.suppress(OSError):
        return (directory / "timestamp.txt").read_text(encoding="utf-8", errors="replace").strip()
    return ""


__all__ = ["STAGE", "alone", "current", "grade"]
