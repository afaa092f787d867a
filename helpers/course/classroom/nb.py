"""nbgrader's own commands, run in a class's directory, where they find the class's settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from helpers.core import process
from helpers.core.paths import ROOT
from helpers.core.process import Completed, Line
from helpers.course.classroom.errors import StageFailed
from helpers.course.classroom.klass import Classroom

#: Seconds that a command may take which runs no submission.
QUICK = 900


def call(
    room: Classroom,
    *argv: str,
    timeout: float | None = QUICK,
    on_line: Callable[[Line], None] | None = None,
    may_fail: bool = False,
) -> Completed:
    """Run ``nbgrader`` with these arguments and return what it said.

    Raises:
        StageFailed: it failed, unless *may_fail*; its own words are the reason.
    """
    command = [sys.executable, "-m", "nbgrader", *argv]
    done = process.run(command, cwd=room.root, env=environment(room), timeout=timeout, on_line=on_line)
    if done.returncode and not may_fail:
        raise StageFailed(
            f"nbgrader {argv[0]} failed",
            why="\n".join(faults(done.stderr)[-6:]) or done.stderr[-800:],
            next=f"cd {room.root} && nbgrader {' '.join(argv)} --debug",
        )
    return done


def environment(room: Classroom) -> dict[str, str]:
    """Return the environment of a command for the class: another class that is set there is not meant."""
    path = f"{Path(sys.executable).parent}:{process.environment()['PATH']}"
    own = {"JUPYTER_PATH": templates(), "MOD208_CLASS": str(room.root), "PATH": path}
    return process.environment(own, allow=("JUPYTER_*", "PYTHONPATH"))


def templates() -> str:
    """Return Jupyter's search path with the course's templates before nbconvert's, which fetch from other hosts."""
    return ":".join([str(ROOT / "grading" / "jupyter"), *filter(None, [os.environ.get("JUPYTER_PATH")])])


def faults(log: str) -> list[str]:
    """Return the lines of nbgrader's log that name a fault."""
    lines = [line.strip() for line in log.splitlines()]
    return [line.partition("ERROR] ")[2] or line for line in lines if "ERROR]" in line or line.startswith("Error")]


__all__ = ["QUICK", "call", "environment", "faults", "templates"]
