"""The sentences of this project by area: messages, docstrings and comments of Python, prose of notebooks, Markdown.

Code, names and what stands in backquotes are no sentences and left out.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.imports import ROOT

Kind = Literal["message", "docstring", "comment", "prose"]

#: What is code inside a text.
_CODE = re.compile(r"```.*?```|``[^`]*``|`[^`\n]*`|<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """A piece of text and where it is.

    Attributes:
        area: ``helpers/core`` and so on by room, ``grading``, ``notebooks`` (with ``source``), ``docs``.
        kind: message (any string that is not a docstring), docstring, comment, or prose of Markdown.
        where: ``file:line``, or ``file cell N``.
        words: the text without its code.
    """

    area: str
    kind: Kind
    where: str
    words: str


def read(root: Path = ROOT) -> list[Text]:
    """Return every text of the project."""
    found = []
    for room in sorted(path for path in (root / "helpers").iterdir() if (path / "__init__.py").exists()):
        found += [text for path in sorted(room.rglob("*.py")) for text in of_python(f"helpers/{room.name}", path, root)]
    found += [text for path in sorted((root / "grading").rglob("*.py")) for text in of_python("grading", path, root)]
    for top in ("source", "notebooks"):
        paths = sorted(path for path in (root / top).rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
        found += [text for path in paths for text in of_notebook(path, root)]
    for path in [*sorted(root.glob("*.md")), *sorted((root / "docs").glob("*.md"))]:
        place = path.relative_to(root).as_posix()
        found.append(Text("docs", "prose", place, without_code(path.read_text(encoding="utf-8"))))
    return found


def of_python(area: str, path: Path, root: Path = ROOT) -> Iterator[Text]:
    """Yield the texts of a Python file; pieces of an f-string count one by one."""
    source, place = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
    tree = ast.parse(source)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree) if _documented(node)}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            kind: Kind = "docstring" if id(node) in docstrings else "message"
            yield Text(area, kind, f"{place}:{node.lineno}", without_code(node.value))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Text(area, "comment", f"{place}:{token.start[0]}", without_code(token.string))


def of_notebook(path: Path, root: Path = ROOT) -> Iterator[Text]:
    """Yield the Markdown cells of a notebook."""
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] == "markdown":
            words = without_code("".join(cell["source"]))
            yield Text("notebooks", "prose", f"{path.relative_to(root).as_posix()} cell {number}", words)


def without_code(text: str) -> str:
    """Return a text without code spans, code blocks and HTML comments."""
    return _CODE.sub(" ", text)


def _documented(node: ast.AST) -> bool:
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return isinstance(node, holders) and ast.get_docstring(node, clean=False) is not None
