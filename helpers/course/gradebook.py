"""What the instructor's gradebook holds, asked of nbgrader by the course's own exporter, in a process of its own."""

from __future__ import annotations

import difflib
import json
import os
import sys
import tempfile
from pathlib import Path

from helpers.core import process
from helpers.core.errors import BadInput, CourseError
from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.competencies import Competency, Graded, assess, rows_of

#: Seconds that nbgrader may take to export a class.
TIMEOUT = 900


class NoGradebook(BadInput):
    """There is no gradebook here: nothing was ever graded."""

    code = "no-gradebook"


class UnknownLearner(BadInput):
    """The gradebook has no learner of that name."""

    code = "unknown-learner"


class ExportFailed(CourseError):
    """nbgrader could not read its gradebook."""

    code = "export-failed"


def graded(learner: str = "") -> list[Competency]:
    """Return the competencies of one learner or of all, as the gradebook has them now.

    Raises:
        NoGradebook, ExportFailed: it cannot be read. UnknownLearner: it has no such learner.
    """
    rows = read()
    known = list(dict.fromkeys(row.student for row in rows))
    if learner and learner not in known:
        near = difflib.get_close_matches(learner, known, n=1)
        raise UnknownLearner(
            f"The gradebook has no learner {learner!r} with an assignment",
            why=f"It has {len(known)} learners.",
            next=f"course competencies {near[0]}" if near else "course competencies   # all of them",
        )
    module = outline.load()
    return [one for one in assess(rows, module) if learner in ("", one.student)]


def read(directory: Path | None = None) -> list[Graded]:
    """Return every graded cell that a gradebook holds.

    Args:
        directory: of the class; by default the one around the working directory, or that of ``MOD208_CLASS``.
    """
    directory = directory or around()
    # nbgrader makes an empty gradebook where there is none, and nobody would have any evidence.
    if not os.environ.get("MOD208_DB_URL") and not (directory / "gradebook.db").is_file():
        raise NoGradebook(
            "There is no gradebook",
            why=f"{directory} has none; it is made with a class.",
            next="course class new NAME --term TERM --students FILE.csv   # or: cd THE-CLASS",
        )
    with tempfile.TemporaryDirectory(prefix="mod208-grades-") as room:
        target = Path(room) / "grades.json"
        argv = [sys.executable, "-m", "grading.export", "--to", str(target)]
        env = process.environment({"MOD208_CLASS": str(directory)}, allow=("PYTHONPATH",))
        done = process.run(argv, cwd=settings(directory), env=env, timeout=TIMEOUT)
        if done.returncode or not target.is_file():
            raise ExportFailed(
                "nbgrader could not export the grades",
                why=done.stderr[-800:],
                next="python -m grading.export --debug",
            )
        return rows_of(json.loads(target.read_text(encoding="utf-8")))


def around() -> Path:
    """Return the directory of the class that is meant: ``MOD208_CLASS``, or the one around the working directory."""
    if named := os.environ.get("MOD208_CLASS"):
        return Path(named).resolve()
    here = Path.cwd()
    return next((one for one in (here, *here.parents) if (one / "class.yaml").is_file()), ROOT)


def settings(directory: Path) -> Path:
    """Return where nbgrader finds the settings of a class: it looks into the working directory."""
    return directory if (directory / "nbgrader_config.py").is_file() else ROOT


__all__ = ["ExportFailed", "NoGradebook", "UnknownLearner", "around", "graded", "read", "settings"]
