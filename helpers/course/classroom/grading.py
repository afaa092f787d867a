"""The one place that has a class graded: by ``course grade``'s program, nbgrader's steps with the course's judge."""

from __future__ import annotations

import contextlib
import fcntl
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from helpers.core import process
from helpers.core.files import write_atomic
from helpers.core.process import Line
from helpers.course import class_run
from helpers.course.classroom import nb
from helpers.course.classroom.errors import Busy, StageFailed
from helpers.course.classroom.klass import Classroom

#: In a class: what is there while it is graded; its lock is that of ``course grade`` too.
STAGE = ".grading"

#: How a line about a submission begins: how many are done, and of how many.
_PROGRESS = re.compile(r"\d+/\d+  ")


def grade(
    room: Classroom, assignment: str, learners: Sequence[str], *, again: bool, say: Callable[[str], None]
) -> dict[str, str]:
    """Grade these submissions side by side; return learner -> why, of those that could not be graded.

    What was graded before, and has not been handed in again since, is left as it is unless *again*. Who calls holds
    the lock of the class (`alone`). What a run that was killed has not graded to its end is graded by the next one.

    Raises:
        StageFailed: nothing could be graded.
    """
    now = [one for one in learners if again or not current(room, one, assignment)]
    if not now:
        return {}
    options = ["--json", "--again", "--held", *(f"--student={one}" for one in now)]

    def on_line(line: Line) -> None:
        if _PROGRESS.match(line.text):
            say(line.text)

    argv = class_run.command(assignment, options)
    done = process.run(argv, cwd=room.root, env=nb.environment(room), timeout=None, on_line=on_line)
    logs = room.root / "logs"
    logs.mkdir(exist_ok=True)
    write_atomic(logs / f"grade-{assignment}.log", done.stderr, private=True)
    try:
        found = class_run.ClassRun.from_dict(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError):
        raise StageFailed(
            f"{assignment} could not be graded",
            why=(done.stderr or done.stdout).strip()[-2000:],
            next=f"course class grade {assignment}",
        ) from None
    return {line.student: line.reason or f"see {STAGE}/logs" for line in found.failed}


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


def current(room: Classroom, learner: str, assignment: str) -> bool:
    """Return whether it is the work collected last that was graded."""
    given, graded = (room.root / where / learner / assignment for where in ("submitted", "autograded"))
    return graded.is_dir() and _handed_in(given) in ("", _handed_in(graded))


def _handed_in(directory: Path) -> str:
    with contextlib.suppress(OSError):
        return (directory / "timestamp.txt").read_text(encoding="utf-8", errors="replace").strip()
    return ""


__all__ = ["STAGE", "alone", "current", "grade"]
