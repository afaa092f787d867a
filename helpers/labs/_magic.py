"""The ``%%workfile`` cell magic."""

from __future__ import annotations

import sys
from typing import Any


def in_notebook() -> bool:
    """Return whether this process is a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def register() -> None:
    """Give the running IPython, if any, the ``%%workfile`` magic."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and "workfile" not in shell.magics_manager.magics["cell"]:
        shell.register_magic_function(workfile, magic_kind="cell", magic_name="workfile")


def workfile(line: str, body: str) -> Any:
    """Write the cell's text to a file of the workspace: ``%%workfile lab1 modules/gpu-workspace/main.tf``.

    Prints one line, and shows at once what does not parse.
    """
    from helpers.errors import BadInput
    from helpers.labs._cells import without_marks
    from helpers.labs._lab import Lab

    parts = line.split()
    if len(parts) != 2:
        raise BadInput(
            "The cell's first line is not complete",
            why=f"It says: %%workfile {line}",
            next="%%workfile lab1 modules/gpu-workspace/main.tf",
        )
    lab = Lab(parts[0])
    # In an instructor's notebook the marks of the solution are still there; they are no part of the file.
    written = lab.write(parts[1], without_marks(body))
    print(written)
    from helpers.labs._notes import note

    return note(lab, parts[1])
