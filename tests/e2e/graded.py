"""What is looked for in the notebooks that nbgrader ran: each instructor's cell ran, and no password was left behind.

Grading the solutions executes every cell of an instructor's notebook, hidden tests too. So this is the one execution of
the lab notebooks in the tests: a run of the same cells by papermill beside it would find nothing else.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import nbformat


def faults(source: Path, ran: Path) -> list[str]:
    """Return what is wrong with the run of an instructor's notebook: a cell that is missing, changed or did not pass.

    Args:
        source: the instructor's notebook.
        ran: the notebook with the solutions as nbgrader's autograde left it.
    """
    there = {cell.id: cell for cell in nbformat.read(ran, 4).cells}
    found = []
    for number, cell in enumerate(nbformat.read(source, 4).cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        mine = there.get(cell.id)
        if mine is None:
            found.append(f"cell {number}: it is not in the submission\n{cell.source}")
        elif _code(mine) != _code(cell):
            found.append(f"cell {number}: another code ran\n{cell.source}\n--- ran:\n{mine.source}")
        elif mine.execution_count is None:
            found.append(f"cell {number}: it was not run\n{cell.source}")
        else:
            errors = [output for output in mine.outputs if output.output_type == "error"]
            found += [f"cell {number}: {e.ename}: {e.evalue}\n{cell.source}" for e in errors]
    return found


def _code(cell: Any) -> list[str]:
    """Return the lines that count: those that mark solutions and hidden tests are nbgrader's."""
    return [line for line in cell.source.split("\n") if not line.strip().startswith(("### BEGIN ", "### END "))]


def files_with_passwords(folder: Path, state: Path) -> list[str]:
    """Return the files of a graded submission that hold a password its run made, plain or in base64.

    Args:
        folder: the submission's folder below ``autograded``.
        state: what its run left of its services' state.
    """
    passwords = [path.read_bytes() for path in (state / "secrets").rglob("*") if path.is_file()]
    assert passwords, "the lab makes passwords with lab.secret"
    canaries = [form for one in passwords for form in (one, base64.b64encode(one).rstrip(b"="))]
    left = [path for path in folder.rglob("*") if state not in path.parents]
    left += [
        path for path in (state / "services").rglob("*") if path.suffix in (".log", ".jsonl") or path.name == "log"
    ]
    left += (state / "services" / "audit" / "data").rglob("*")
    files = [path for path in left if path.is_file()]
    assert any(path.suffix == ".ipynb" for path in files)
    return [str(path) for path in files if any(one in path.read_bytes() for one in canaries)]
