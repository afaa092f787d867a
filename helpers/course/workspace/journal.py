"""What is remembered about a workspace outside of it: verdicts, hints given, what cells wrote and what came along."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from helpers.core.files import write_atomic
from helpers.core.paths import state_dir

#: What is remembered. ``came`` is there only while grading.
PARTS = ("results", "hints", "written", "cells", "shown", "came")


class Journal:
    """A small JSON file per workspace, in the state directory. Losing it loses no work."""

    def __init__(self, lab: str, work: Path) -> None:
        self.lab = lab
        key = hashlib.sha256(str(work).encode()).hexdigest()[:12]
        self.path = state_dir() / "labs" / f"{lab}-{key}.json"

    def read(self) -> dict[str, dict[str, Any]]:
        """Return its parts: ``results``, ``hints``, ``written`` (by anyone), ``cells`` (texts), ``shown``, ``came``."""
        data = self._data()
        return {part: data.get(part, {}) for part in PARTS}

    def came_with(self, paths: Iterable[str]) -> None:
        """Remember, once, which files a submission brought along; what is asked later is not listened to."""
        data = self._data()
        if "came" not in data:
            self._write({**data, "came": dict.fromkeys(paths, True)})

    def set(self, part: str, key: str, value: Any) -> None:
        """Remember one value; ``None`` forgets it."""
        data = self._data()
        kept = data.setdefault(part, {})
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value
        self._write(data)

    def _data(self) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    def _write(self, data: dict[str, dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, json.dumps(data, indent=1, sort_keys=True))


def digest(text: str | bytes) -> str:
    """Return the SHA-256 of a file's content, hex."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
