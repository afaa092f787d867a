"""Read the events of an exported trail. Whoever relies on them verifies the export first."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.audit import Entry


def entries(export: Path) -> tuple[Entry, ...]:
    """Return the events of an export; those past their retention are left out.

    Raises:
        ValueError, KeyError, OSError: it is no export.
    """
    found = []
    for index, line in enumerate((export / "entries.jsonl").read_bytes().splitlines()):
        if "withheld" not in json.loads(line):
            found.append(Entry.of(index, line))
    return tuple(found)
