"""The few calls of nbformat that are used here, typed (nbformat's own are not)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import nbformat as _format
from nbformat import v4 as _v4

#: A notebook or a cell of one: a dictionary whose keys are attributes too.
Node: TypeAlias = Any
_nbformat: Any = _format
_cells: Any = _v4


def read(path: Path) -> Node:
    """Return a notebook file, upgraded to format 4.5, in which every cell has an id. Raises what nbformat raises."""
    nb = _nbformat.read(path, as_version=4)
    return _cells.upgrade(nb) if nb.nbformat_minor < _cells.nbformat_minor else nb


def writable(nb: Node) -> Node:
    """Return the notebook, with a question mark for each half of a character: nobody could write it into a file."""
    text = _nbformat.writes(nb)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _nbformat.reads(text.encode(errors="replace").decode(), as_version=4)
    return nb


def validate(nb: Node) -> None:
    """Raise ``nbformat.ValidationError`` unless *nb* is a notebook."""
    _nbformat.validate(nb)


def node(**keys: Any) -> Node:
    """Return a dictionary as nbformat wants it."""
    return _nbformat.NotebookNode(**keys)


def cell(kind: str, source: str, **keys: Any) -> Node:
    """Return a new ``code`` or ``markdown`` cell."""
    make = _cells.new_code_cell if kind == "code" else _cells.new_markdown_cell
    return make(source, **keys)


def error(name: str, reason: str) -> Node:
    """Return the output of a cell that failed for *reason*."""
    return _cells.new_output("error", ename=name, evalue=reason, traceback=[reason])
