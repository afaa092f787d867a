"""What a person judges: what waits for one, and nbgrader's formgrader in a JupyterLab of the class."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from helpers.course.classroom import klass, nb, stages
from helpers.course.classroom.klass import Classroom
from helpers.course.classroom.stages import Done


def waits(room: Classroom, name: str = "") -> Done:
    """Say whose submissions wait for a person, and which requests for a second look are open."""
    stages.learners(room)
    assignments = [klass.assignment_of(name, room.root)] if name else room.assignments()
    found = {one: left for one in assignments if (left := stages.waiting(room, one))}
    said = [f"{one}: {len(left)} wait for a person: {', '.join(left)}" for one, left in found.items()]
    asked = [one for one in room.regrades if one.state == "open" and one.assignment in assignments]
    said += [f"Regrade asked by {one.learner}, {one.assignment} {one.step}: {one.why}" for one in asked]
    said.append("The formgrader shows the work, the rubric and a field for points; close it when you are done.")
    data = {"waiting": found, "regrades": [f"{one.learner}/{one.assignment}/{one.step}" for one in asked]}
    following = f"course class feedback {name or next(iter(found), next(iter(assignments), 'lab1'))}"
    return Done(tuple(said), following, data)


def jupyter_argv(room: Classroom, port: int, browser: bool) -> list[str]:
    """Return the command that opens the formgrader of a class: JupyterLab on loopback, in the class's directory."""
    argv = ["env", f"JUPYTER_PATH={nb.templates()}", f"MOD208_CLASS={room.root}"]
    argv += [str(Path(sys.executable).with_name("jupyter")), "lab", "--ServerApp.ip=127.0.0.1"]
    argv += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={room.root}", "--LabApp.default_url=/formgrader"]
    argv += [] if browser else ["--no-browser"]
    return argv + (["--allow-root"] if os.geteuid() == 0 else [])


__all__ = ["jupyter_argv", "waits"]
