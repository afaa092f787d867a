"""What a learner wrote in an assignment's notebooks for people to read, and answered in the final quiz."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core.paths import ROOT
from helpers.course.outline import LabSpec

#: What the released notebooks have where an answer belongs (`ClearSolutions.text_stub` of nbgrader's settings).
STUB = "YOUR ANSWER HERE"


@dataclass(frozen=True)
class Answers:
    """The cells of one notebook that people grade.

    Attributes:
        notebook: its file name.
        written: ids of the cells with an answer. missing: ids of those without one.
        points: what people may give for them.
        fault: why the notebook cannot be read, or nothing.
    """

    notebook: str
    written: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    points: float = 0.0
    fault: str = ""


def answers(spec: LabSpec, directory: Path, notebook: str) -> Answers:
    """Return what is in the saved file of one notebook of *directory*."""
    released = cells_of(ROOT / "release" / spec.assignment / notebook)
    asked = {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in released if _for_people(cell)}
    points = sum(float(cell["metadata"]["nbgrader"]["points"]) for cell in asked.values())
    try:
        found = {
            cell.get("metadata", {}).get("nbgrader", {}).get("grade_id"): cell
            for cell in cells_of(directory / notebook)
        }
    except FileNotFoundError:
        return Answers(notebook, (), tuple(asked), points, "it is not there")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Answers(notebook, (), tuple(asked), points, "it is not a notebook that can be read")
    written = tuple(name for name in asked if name in found and source(found[name]).strip() not in ("", STUB))
    return Answers(notebook, written, tuple(name for name in asked if name not in written), points)


def cells_of(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook's file.

    Raises:
        OSError, ValueError, KeyError, TypeError: it cannot be read as one.
    """
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def source(cell: dict[str, Any]) -> str:
    """Return a cell's text, which a file keeps as a string or as lines."""
    return "".join(cell["source"])


def _for_people(cell: dict[str, Any]) -> bool:
    about = cell["metadata"].get("nbgrader", {})
    return bool(about.get("grade") and about.get("solution"))
