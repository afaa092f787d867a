"""Read files of a pack, and the events of its trail. Whoever relies on them verifies them first."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from helpers.compliance.audit import Entry


def entries(export: Path) -> tuple[Entry, ...]:
    """Return the events of an export; those past their retention are left out.

    Raises:
        ValueError, KeyError, OSError: it is not an export.
    """
    found = []
    for index, line in enumerate((export / "entries.jsonl").read_bytes().splitlines()):
        if "withheld" not in json.loads(line):
            found.append(Entry.of(index, line))
    return tuple(found)


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
