"""Which file of a submission is which notebook of the assignment: by its name, else by the ids of its cells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Share of a notebook's ids that a file under another name must have to be taken for it.
SHARE = 0.5
#: Bytes beyond which a file is not looked into.
MOST = 50_000_000


@dataclass(frozen=True)
class Matched:
    """What was found: name of a notebook -> the file that is it; and the notebooks that are none of them."""

    files: dict[str, Path]
    extra: tuple[str, ...]


def match(submitted: Path, released: Path) -> Matched:
    """Compare the notebooks in a submission with those that were released.

    A file under the right name is the notebook unless it has the cells of another one. What has no file of its name is
    looked for among the files that are left.
    """
    wanted = {path.name: _ids(path) for path in sorted(released.glob("*.ipynb"))}
    here = {path: _ids(path) for path in sorted(submitted.glob("*.ipynb")) if not path.is_symlink()}
    files = {path.name: path for path in here if path.name in wanted and not _of_another(path.name, here[path], wanted)}
    for name, ids in wanted.items():
        left = {path: mine for path, mine in here.items() if path not in files.values()}
        best = max(left, key=lambda path: len(left[path] & ids), default=None)
        if name not in files and best is not None and ids and len(left[best] & ids) >= SHARE * len(ids):
            files[name] = best
    # Where nothing was released, nothing can be told apart.
    extra = [path.name for path in here if wanted and path not in files.values() and path.name not in wanted]
    return Matched(files, tuple(extra))


def _of_another(name: str, ids: frozenset[str], wanted: dict[str, frozenset[str]]) -> bool:
    """Return whether a file has no id of the notebook that it is named like, and enough of another one."""
    return not ids & wanted[name] and any(
        other and len(ids & other) >= SHARE * len(other) for key, other in wanted.items() if key != name
    )


def _ids(path: Path) -> frozenset[str]:
    """Return nbgrader's names of the cells of a notebook; none where it cannot be read."""
    try:
        if path.stat().st_size > MOST:
            return frozenset()
        cells: Any = json.loads(path.read_bytes())["cells"]
        names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells if _marked(cell)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return frozenset()
    # The set-up cell has the same name in every notebook.
    return frozenset(name for name in names if isinstance(name, str) and name != "setup")


def _marked(cell: Any) -> bool:
    meta = cell.get("metadata", {}).get("nbgrader")
    return isinstance(meta, dict) and "grade_id" in meta


__all__ = ["Matched", "match"]
