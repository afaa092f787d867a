"""The one place that has submissions graded: nbgrader's autograde, with the course's judge plugged in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from helpers.core.files import write_atomic
from helpers.core.process import Line
from helpers.course.classroom import nb
from helpers.course.classroom.klass import Classroom

_NOTEBOOK = re.compile(r"Autograding .*/([^/]+)/[^/]+/([^/]+)\.ipynb$")


def grade(
    room: Classroom, assignment: str, learners: Sequence[str], *, again: bool, say: Callable[[str], None]
) -> dict[str, str]:
    """Grade these submissions; return learner -> why, of those that could not be graded.

    What was graded before, and has not been handed in again since, is left as it is unless *again*.
    """
    submitted = {path.parent.name for path in (room.root / "submitted").glob(f"*/{assignment}")}
    argv = ["autograde", assignment, *(["--force"] if again else [])]
    if others := sorted(submitted - set(learners)):
        argv.append(f"--CourseDirectory.student_id_exclude={','.join(others)}")

    def on_line(line: Line) -> None:
        if shown := _NOTEBOOK.search(line.text):
            say(f"{shown[1]}: {shown[2]}")

    done = nb.call(room, *argv, timeout=None, on_line=on_line, may_fail=True)
    logs = room.root / "logs"
    logs.mkdir(exist_ok=True)
    write_atomic(logs / f"grade-{assignment}.log", done.stderr, private=True)
    missing = [one for one in learners if not (room.root / "autograded" / one / assignment).is_dir()]
    said = nb.faults(done.stderr)
    why = said[-1] if said else f"see logs/grade-{assignment}.log"
    return {one: next((line for line in said if f"'{one}'" in line), why) for one in missing}


__all__ = ["grade"]
