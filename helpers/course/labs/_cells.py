"""Cells of the lab notebooks: which step they belong to, their starter form, and the files they write.

A notebook is read as plain JSON (nbformat takes a second to import). A cell belongs to a step by its metadata
``{"mod208": {"step": "interface"}}``; the first code cell is the set-up of the notebook.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from helpers.core.paths import ROOT
from helpers.course.labs.errors import NoSolution, NoStarter
from helpers.course.outline import LabSpec, StepSpec

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
#: What takes the place of a solution; the same as in nbgrader's configuration. A comment in HCL, Rego, YAML, Python.
STUB = "# YOUR CODE HERE"
WORKFILE = re.compile(r"%%workfile[ \t]+(\S+)[ \t]+(\S+)[ \t]*(?:\n|$)")


@dataclass(frozen=True)
class Cell:
    """One code cell of a step: it writes a file (``path``) or is Python (``path`` is ``None``)."""

    index: int
    source: str
    path: str | None

    @property
    def body(self) -> str:
        """The text without the magic's line."""
        return self.source.split("\n", 1)[1] if self.path and "\n" in self.source else self.source


def starter_cells(lab: LabSpec, step: StepSpec) -> list[Cell]:
    """Return the cells of a step as a learner gets them.

    Raises:
        NoStarter: neither ``release/`` nor ``source/`` has the notebook.
    """
    for folder in ("release", "source"):
        path = ROOT / folder / lab.assignment / step.notebook
        if path.is_file():
            return _step_cells(path, step, clear=True)
    raise NoStarter(
        f"The starter of {lab.id} {step.id} is not here",
        why=f"Neither release/{lab.assignment}/{step.notebook} nor source/ has it.",
        next="Fetch the assignment again, or run the command in the directory of the course.",
    )


def solution_cells(lab: LabSpec, step: StepSpec) -> list[Cell]:
    """Return the cells of a step, solved; before them the set-up cell when one of them is Python.

    Raises:
        NoSolution: neither ``source/`` nor the checkout named by ``MOD208_SOLUTIONS`` has the notebook.
    """
    places = [ROOT / "source"]
    if checkout := os.environ.get("MOD208_SOLUTIONS"):
        places = [Path(checkout) / "source", Path(checkout)]
    for place in places:
        path = place / lab.assignment / step.notebook
        if path.is_file():
            return _step_cells(path, step, clear=False)
    raise NoSolution(
        f"The solution of {lab.id} {step.id} is not here",
        why=f"Looked for {lab.assignment}/{step.notebook} in {' and '.join(map(str, places))}.",
        next=f"course hint {lab.id} {step.id} --level 3\n"
        "or set MOD208_SOLUTIONS to a checkout of the solutions repository.",
    )


def _step_cells(path: Path, step: StepSpec, *, clear: bool) -> list[Cell]:
    cells: list[Cell] = []
    setup: Cell | None = None
    for index, raw in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        if raw["cell_type"] != "code":
            continue
        mine = raw["metadata"].get("mod208", {}).get("step") == step.id
        if mine or setup is None:
            source = raw["source"] if isinstance(raw["source"], str) else "".join(raw["source"])
            cell = _cell(index, cleared(source) if clear else without_marks(source))
            setup = setup or cell
            cells += [cell] if mine else []
    needs_setup = setup is not None and setup not in cells and any(cell.path is None for cell in cells)
    return [setup, *cells] if setup is not None and needs_setup else cells


def _cell(index: int, source: str) -> Cell:
    match = WORKFILE.match(source)
    return Cell(index, source, match.group(2) if match else None)


def cleared(source: str) -> str:
    """Return a cell's text with each solution region replaced by the stub, as nbgrader does."""
    lines: list[str] = []
    inside = False
    for line in source.split("\n"):
        if BEGIN in line:
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + STUB)
        elif END in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


def without_marks(source: str) -> str:
    """Return a cell's text without the lines that mark solution regions."""
    return "\n".join(line for line in source.split("\n") if BEGIN not in line and END not in line)
