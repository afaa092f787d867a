"""An update of a notebook that a learner has written in: three versions, compared cell by cell.

nbdime merges notebooks too, and by the likeness of cells. Here cells have ids that stay, what a learner wrote must win,
and a graded cell must be the course's: three rules, in fewer lines than its configuration.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

Notebook = dict[str, Any]
Cell = dict[str, Any]


@dataclass(frozen=True)
class Merged:
    """The new notebook; ``kept`` names the cells that both sides had changed, where the learner's text stays."""

    notebook: Notebook
    kept: tuple[str, ...]


def merge(base: Notebook, own: Notebook, new: Notebook) -> Merged:
    """Bring the change from *base* to *new* into a learner's copy.

    Cells that the learner did not change become the course's; a changed one stays as it is, and when the course changed
    it too, the course's text follows in a cell of its own. Cells that the learner added or removed stay so, except
    that what nbgrader grades comes back. Outputs stay with the text that made them.

    Args:
        base: what the learner was given. own: the learner's copy. new: what the course has now.
    """
    was, mine = _by_id(base), _by_id(own)
    cells: list[Cell] = []
    kept: list[str] = []
    for cell in new["cells"]:
        known, written = was.get(cell["id"]), mine.get(cell["id"])
        if written is None:
            if known is None or _graded(cell):
                cells.append(copy.deepcopy(cell))
            continue
        both = text(written) not in (text(cell), known and text(known)) and text(cell) != (known and text(known))
        cells.append(_one(known, written, cell))
        if both and not _locked(cell):
            kept.append(cell["id"])
            cells.append(_courses_text(cell))
    _insert_own(cells, base, own)
    return Merged({**copy.deepcopy(new), "cells": cells}, tuple(kept))


def text(cell: Cell) -> str:
    """Return a cell's text, which a file keeps as a string or as lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _one(known: Cell | None, written: Cell, cell: Cell) -> Cell:
    """Return the cell that follows from three versions of it."""
    changed = not _locked(cell) and (known is None or text(written) != text(known))
    chosen = written if changed or text(written) == text(cell) else cell
    # The course's metadata say what a cell is graded for; a learner's say what was folded.
    return {**copy.deepcopy(chosen), "metadata": {**written.get("metadata", {}), **cell.get("metadata", {})}}


def _insert_own(cells: list[Cell], base: Notebook, own: Notebook) -> None:
    """Put the learner's own cells, and changed ones that the course dropped, behind the cell they stood behind."""
    was, there = _by_id(base), {cell["id"] for cell in cells}
    before: str | None = None
    for cell in own["cells"]:
        name = cell["id"]
        dropped = name in was and text(cell) == text(was[name])
        if name not in there and not dropped:
            ids = [one["id"] for one in cells]
            cells.insert(ids.index(before) + 1 if before in ids else 0, copy.deepcopy(cell))
        if name in {one["id"] for one in cells}:
            before = name


def _courses_text(cell: Cell) -> Cell:
    fence = "~~~~"
    told = "**The course changed the cell above.** You had changed it too, so yours stays. The course's text is now:"
    return {
        "cell_type": "markdown",
        "id": f"{cell['id'][:57]}-course",
        "metadata": {},
        "source": f"{told}\n\n{fence}\n{text(cell)}\n{fence}",
    }


def _by_id(notebook: Notebook) -> dict[str, Cell]:
    return {cell["id"]: cell for cell in notebook["cells"]}


def _graded(cell: Cell) -> bool:
    about = cell.get("metadata", {}).get("nbgrader", {})
    return bool(about.get("grade") or about.get("solution") or about.get("locked"))


def _locked(cell: Cell) -> bool:
    return bool(cell.get("metadata", {}).get("nbgrader", {}).get("locked"))
