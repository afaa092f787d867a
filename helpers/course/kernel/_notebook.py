"""The notebook that a kernel belongs to, as it was saved last."""

from __future__ import annotations

import ast
import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CodeCell:
    """A code cell and the heading above it."""

    source: str
    heading: str

    def tree(self) -> ast.Module | None:
        """Return the cell as Python; None when it is not."""
        try:
            return ast.parse(self.source)
        except SyntaxError:
            return None


def code_cells() -> list[CodeCell]:
    """Return the code cells of this kernel's notebook; none where no notebook is known, as in a headless run."""
    # Jupyter's server tells a kernel the path of its notebook.
    path = Path(os.environ.get("JPY_SESSION_NAME", ""))
    if path.suffix != ".ipynb":
        return []
    if not path.is_absolute():
        path = Path.cwd() / path.name
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    found, heading = [], ""
    for cell in cells:
        source = "".join(cell.get("source", ""))
        if cell.get("cell_type") == "code":
            found.append(CodeCell(source, heading))
        elif title := next((line for line in source.splitlines() if line.startswith("#")), ""):
            heading = title.lstrip("# ").strip()
    return found


def used(tree: ast.AST) -> set[str]:
    """Return the names that are read somewhere in *tree*."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def bound(tree: ast.Module) -> set[str]:
    """Return the names that running *tree* gives the notebook: assigned, imported or defined at its top."""
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return names
