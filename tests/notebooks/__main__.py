"""Run lectures as the tests do and keep what they show: ``python -m tests.notebooks [NOTEBOOK ...]``.

To be used after a change that rightly changes outputs; look at the diff before you commit it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nbformat

from helpers.core.paths import ROOT
from tests.notebooks import runner


def refresh(notebook: str) -> None:
    """Execute one lecture in a fresh state and write its outputs into the committed file, nothing else."""
    path = ROOT / notebook
    with tempfile.TemporaryDirectory() as folder, runner.fresh(Path(folder)) as room:
        executed = runner.execute(path, room, cwd=path.parent)
    nb = nbformat.read(path, 4)
    for cell, ran in zip(nb.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    nbformat.write(nb, path)


if __name__ == "__main__":
    for name in sys.argv[1:] or runner.lectures():
        print(name, flush=True)
        refresh(name)
