"""Labs under ``source/`` are committed without outputs: ``python -m scripts.clean_notebooks [--fix] [NOTEBOOK ...]``.

Without ``--fix`` it names the notebooks that have outputs and ends with 1; without names it looks at all of them.
Lectures under ``notebooks/`` are different: theirs are committed and compared in CI.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from scripts.imports import ROOT


def has_outputs(notebook: dict[str, Any]) -> bool:
    """Return whether a code cell has an output or an execution count."""
    code = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    return any(cell["outputs"] or cell["execution_count"] is not None for cell in code)


def clean(notebook: dict[str, Any]) -> None:
    """Take outputs and execution counts out of a notebook."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None


def check(paths: list[Path], *, fix: bool) -> list[Path]:
    """Return the notebooks that have outputs; with *fix* they are rewritten without."""
    found = []
    for path in paths:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if has_outputs(notebook):
            found.append(path)
            if fix:
                clean(notebook)
                path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def main() -> None:
    """Check or clean what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--fix", action="store_true", help="take the outputs out")
    options = parser.parse_args()
    paths = options.notebooks or sorted((ROOT / "source").rglob("*.ipynb"))
    found = check(paths, fix=options.fix)
    if found and not options.fix:
        names = " ".join(str(path) for path in found)
        sys.exit(
            f"These notebooks have outputs: {names}\nNext: .venv/bin/python -m scripts.clean_notebooks --fix {names}"
        )


if __name__ == "__main__":
    main()
