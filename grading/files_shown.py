"""Shows a grader the files as they were handed in, where the cell that writes one says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbconvert.preprocessors import Preprocessor

from grading import _notebook, data
from grading._notebook import Node
from helpers.course.labs import WORKFILE

#: Characters of a file that are shown.
MOST = 50_000


class FilesShown(Preprocessor):
    """Adds to a cell that writes a file what the file holds, if that is another text: it was edited elsewhere."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Change the notebook in place; nbconvert calls it."""
        path = resources.get("metadata", {}).get("path")
        for cell in nb.cells if path else ():
            found = WORKFILE.match(cell.source) if cell.cell_type == "code" else None
            text = read(Path(path) / "work", found[2]) if found else None
            if found and text is not None and text.strip() != cell.source[found.end() :].strip():
                cell.outputs = [*cell.get("outputs", []), _output(found[2], text)]
        return nb, resources


def read(work: Path, name: str) -> str | None:
    """Return what a file in a submission's ``work/`` holds; nothing for what is outside or is not a plain file."""
    target = (work / name).resolve()
    if not target.is_relative_to(work.resolve()):
        return None
    found = data.read(work, str(target.relative_to(work.resolve())))
    return None if found is None else found[:MOST].decode(errors="replace")


def _output(name: str, text: str) -> Node:
    words = f"work/{name} was edited elsewhere and handed in as:\n\n{text}"
    return _notebook.node(output_type="stream", name="stdout", text=words)


__all__ = ["FilesShown"]
