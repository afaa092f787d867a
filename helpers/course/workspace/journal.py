"""What is remembered about a workspace outside of it: verdicts, hints given, and what cells wrote."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from helpers.core.files import write_atomic
from helpers.core.paths import state_dir


class Journal:
    """A small JSON file per workspace, in the state directory. Losing it loses no work."""

    def __init__(self, lab: str, work: Path) -> None:
        self.lab = lab
        key = hashlib.sha256(str(work).encode()).hexdigest()[:12]
        self.path = state_dir() / "labs" / f"{lab}-{key}.json"

    def read(self) -> dict[str, dict[str, Any]]:
        """Return its parts: ``results``, ``hints``, ``written`` (by anyone), ``cells`` (texts), ``shown``."""
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            data = {}
        return {part: data.get(part, {}) for part in ("results", "hints", "written", "cells", "shown")}

    def set(self, part: str, key: str, value: Any) -> None:
        """Remember one value; ``None`` forgets it."""
        data = self.read()
        if value is None:
            data[part].pop(key, None)
        else:
            data[part][key] = value
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, json.dumps(data, indent=1, sort_keys=True))


def digest(text: str | bytes) -> str:
    """Return the SHA-256 of a file's content, hex."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
