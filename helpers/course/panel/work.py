"""What the panel shows and does, as JSON-ready data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput
from helpers.core.paths import ROOT, workspace_dir
from helpers.course import outline
from helpers.course.checks import CheckResult
from helpers.course.copies.copying import LECTURES
from helpers.course.journey import Part, journey
from helpers.course.labs import Lab, Restored, place, progress
from helpers.course.outline import LabSpec
from helpers.course.workspace import BadPath, inside, locate
from helpers.runtime import services

#: One thing at a time: two checks, or a check and a reset, would meet in the same files.
_one = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """A step of a lab, and the notebook it is asked from.

    Attributes:
        here: the notebook's directory, relative to JupyterLab's root.
        cells: file of the workspace -> text of the cell that writes it, as it stands in the notebook.
    """

    lab: Lab
    step: str
    here: str
    cells: Mapping[str, str]

    @classmethod
    def of(cls, body: Mapping[str, Any], root: str) -> Asked:
        """Return what a request asks for.

        Raises:
            BadInput: the notebook is of no lab, or the lab has no such step.
        """
        path, cells = str(body.get("path", "")), body.get("cells") or {}
        found = lab_of(path, root)
        if found is None:
            why = f"It is {path}. Only a lab's own notebook in its own directory is." if path else "None is open."
            raise BadInput("This notebook is of no lab", why=why, next="course open   # the labs are in workspace/")
        spec, work = found
        step = spec.step(str(body.get("step", ""))).id
        texts = {str(name): str(text) for name, text in cells.items()} if isinstance(cells, dict) else {}
        return cls(Lab(spec.id, work=work), step, _directory(path), texts)


def lab_of(path: str, root: str) -> tuple[LabSpec, Path] | None:
    """Return the lab that a notebook is of, and its workspace; None for any other notebook. Nothing is made.

    Args:
        path: relative to *root*, JupyterLab's root directory.
    """
    notebook = Path(root) / path
    for spec in outline.labs().values():
        if notebook.parent.name == spec.assignment and notebook.name in spec.notebooks and _is_there(notebook, root):
            # As a kernel started beside the notebook finds it.
            return spec, locate(spec, notebook.parent)
    return None


def _is_there(notebook: Path, root: str) -> bool:
    try:
        return _within(notebook, root) and notebook.is_file()
    except (OSError, ValueError):  # no file system has such a name
        return False


def _directory(path: str) -> str:
    return path.rpartition("/")[0]


def _within(directory: Path, root: str) -> bool:
    return directory.resolve().is_relative_to(Path(root).resolve())


def overview(path: str, root: str) -> dict[str, Any]:
    """Return what the panel shows beside the notebook *path*."""
    found = journey()
    parts = found.parts
    following = found.next
    mine = lab_of(path, root)
    return {
        "course": {
            "done": sum(part.done for part in parts),
            "of": sum(part.of for part in parts),
            "earned": sum(part.earned for part in parts),
            "points": sum(part.points for part in parts),
            "next": following and {"label": f"{following.stage}, {following.title}", "place": _own(following, root)},
        },
        "lab": mine and _lab(*mine, _directory(path)),
        "gone": bool(path) and not _is_there(Path(root) / path, root),
        "services": [
            {"name": one.name, "purpose": one.purpose, "status": one.status, "url": one.url}
            for one in services.status()
        ],
    }


def _own(part: Part, root: str) -> str:
    """Return the learner's copy of a notebook, relative to JupyterLab's root; the course's own where there is none."""
    notebook = ROOT / part.notebook
    if notebook.is_relative_to(LECTURES):
        copy = workspace_dir() / notebook.relative_to(LECTURES)
    else:
        copy = workspace_dir() / Path(part.notebook).relative_to("workspace")
    chosen = copy if copy.is_file() and _within(copy, root) else notebook
    return chosen.relative_to(Path(root).resolve()).as_posix() if _within(chosen, root) else part.notebook


def _lab(lab: LabSpec, work: Path, here: str) -> dict[str, Any]:
    steps = progress(lab, work).steps
    return {
        "id": lab.id,
        "title": f"{outline.name_of(lab.id)}: {lab.title}",
        "earned": sum(step.points for step in steps if step.passed),
        "points": sum(step.points for step in steps),
        "steps": [
            {
                "id": step.step,
                "title": step.title,
                "notebook": step.notebook,
                "points": step.points,
                "passed": step.passed,
                "reason": step.reason,
                "place": _from_root(here, place(lab, step.step)),
            }
            for step in steps
        ],
    }


def _from_root(here: str, link: str) -> str:
    return f"{here}/{link}" if here else link


def check(asked: Asked) -> dict[str, Any]:
    """Judge the step."""
    with _one:
        return _judged(asked)


def _judged(asked: Asked) -> dict[str, Any]:
    found: CheckResult = asked.lab.result(asked.step)
    link = found.next
    return {
        **found.to_dict(),
        "counted": found.counted,
        "due": [{"hints": hints, "reasons": reasons} for hints, reasons in found.due],
        "next": link and {"title": link[0], "place": _from_root(asked.here, link[1])},
        "unrun": [path for path, text in asked.cells.items() if _unrun(asked.lab, path, text)],
    }


def _unrun(lab: Lab, path: str, text: str) -> bool:
    """Return whether a cell has another text than its file, and not the one that it ran with last."""
    try:
        inside(lab.work, path)
    except (BadPath, OSError, ValueError):
        # No file of the workspace, so none is read: the cell never ran, and says why when it does.
        return True
    return text.strip() not in (lab.read(path).strip(), lab.ran(path).strip())


def compare(asked: Asked) -> dict[str, Any]:
    """Show how the step's files differ from its solution; nothing is written."""
    return {"changes": asked.lab.compare(asked.step)}


def reset(asked: Asked) -> dict[str, Any]:
    """Put the starter files of the step back."""
    return _restored(asked, asked.lab.reset)


def solve(asked: Asked) -> dict[str, Any]:
    """Write the solution of the step."""
    return _restored(asked, asked.lab.solve)


def _restored(asked: Asked, act: Callable[[str], Restored]) -> dict[str, Any]:
    lab = asked.lab
    with _one:
        done = act(asked.step)
        mine = {path: text for path, text in asked.cells.items() if path in done.files}
        # What a cell says and never ran is kept as well, as when its learner asks for the file's text.
        loaded = {path: lab.run_cell(path, text, "--load").text for path, text in mine.items()}
        # The cells have their files' text now: none is still to be run.
        verdict = {**_judged(asked), "unrun": []}
    now = {path: text for path, text in loaded.items() if text is not None}
    return {"said": repr(done), "changes": done.changes, "cells": now, "verdict": verdict}


def serve(body: Mapping[str, Any]) -> dict[str, Any]:
    """Start a service, or stop and start it.

    Raises:
        BadInput: there is no such action or service. What the services raise when one does not start is raised as well.
    """
    name, action = str(body.get("name", "")), str(body.get("action", ""))
    act = {"start": services.start, "restart": services.restart}.get(action)
    if act is None:
        raise BadInput(f"Nothing is called {action!r} here", why="A service is started or restarted.", next="start")
    known = [one.name for one in services.status()]
    if name not in known:
        # `all` would be taken elsewhere: here one is named.
        why = f"There are {', '.join(sorted(known))}."
        raise BadInput(f"There is no service {name!r}", why=why, next="course services status")
    return act(name).to_dict()
