"""The ``%%workfile`` cell magic."""

from __future__ import annotations

from helpers.core.errors import BadInput
from helpers.course.labs._cells import without_marks
from helpers.course.labs._kernel import shell
from helpers.course.workspace import CHOICES, Workspace


def register() -> None:
    """Register the ``%%workfile`` magic with the running IPython, if any."""
    ipython = shell()
    if ipython is not None and "workfile" not in ipython.magics_manager.magics["cell"]:
        ipython.register_magic_function(workfile, magic_kind="cell", magic_name="workfile")


def workfile(line: str, body: str) -> None:
    """Write the cell's text to a file of the workspace: ``%%workfile lab1 modules/gpu-workspace/main.tf``.

    Prints one line, and reports at once what does not parse. A file that was changed elsewhere is not overwritten;
    ``--take``, ``--load`` or ``--merge`` after the path says what to do.
    """
    parts = line.split()
    choice = parts.pop() if parts and parts[-1].startswith("--") else ""
    if len(parts) != 2 or (choice and choice not in CHOICES):
        raise BadInput(
            "The cell's first line cannot be read",
            why=f"It says: %%workfile {line}\nIt takes a lab, a path and one of {', '.join(CHOICES)} or nothing.",
            next="%%workfile lab1 modules/gpu-workspace/main.tf",
        )
    workspace = Workspace(parts[0])
    # An instructor's notebook still has the marks of the solution; they do not belong to the file.
    done = workspace.run_cell(parts[1], without_marks(body), choice)
    print(done.said)
    ipython = shell()
    if done.text is not None and ipython is not None:
        ipython.set_next_input(f"%%workfile {parts[0]} {parts[1]}\n{done.text.removesuffix(chr(10))}", replace=True)
    # Terraform's and OPA's wrappers take 0.07 s to import; `from helpers import Lab` does without them.
    from helpers.course.labs._syntax import report

    report(workspace.path(parts[1]))
