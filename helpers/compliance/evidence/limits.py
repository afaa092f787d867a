"""How large a pack may be. It is asked before any of its files is read, so that no pack exhausts its reader."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.compliance.evidence.types import CONTROLS, FILES, STATEMENT, PackFinding

MIB, GIB = 1 << 20, 1 << 30
#: The most files and directories of a pack, and how deep they may lie: a tile of the log lies seven deep.
MAX_ENTRIES, MAX_DEPTH = 100_000, 8
_LONGEST = {FILES: 32 * MIB, STATEMENT: 64 * MIB, CONTROLS: MIB, "audit/entries.jsonl": GIB}


def longest(name: str) -> int:
    """Return how long a file of a pack may be, in bytes.

    Args:
        name: its path in the pack, with slashes.
    """
    if name in _LONGEST:
        return _LONGEST[name]
    place = name.partition("/")[0]
    return {"artifacts": 4 * GIB, "attestations": 64 * MIB, "signatures": MIB}.get(place, MIB)


def too_large(root: Path) -> PackFinding | None:
    """Return what is longer, deeper or more than a pack can be, or a link; else ``None``. No file is opened."""
    waiting, seen = [(root, 1)], 0
    while waiting:
        directory, depth = waiting.pop()
        with os.scandir(directory) as found:
            for one in found:
                name, seen = Path(one.path).relative_to(root).as_posix(), seen + 1
                if seen > MAX_ENTRIES:
                    return _finding(root.name, f"It has more than {MAX_ENTRIES} files.")
                if one.is_dir(follow_symlinks=False):
                    if depth >= MAX_DEPTH:
                        return _finding(name, f"It lies more than {MAX_DEPTH} directories deep.")
                    waiting.append((Path(one.path), depth + 1))
                elif one.is_symlink():
                    return PackFinding("changed-file", name, "It is not a plain file.")
                elif one.is_file() and (size := one.stat().st_size) > longest(name):
                    return _finding(name, f"It has {size} bytes, {longest(name)} are allowed.")
    return None


def _finding(where: str, message: str) -> PackFinding:
    return PackFinding("too-large", where, message)
