"""A cache of verdicts: a check of files that have not changed answers at once.

Only for checks that read files and ask no cloud. It is off while grading: a submission could contain cached verdicts
of its own.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.core.files import write_atomic
from helpers.core.paths import state_dir
from helpers.runtime import tools

#: Directory of the checks and of all code that they call.
_HELPERS = Path(__file__).parents[2]
#: Tools that affect a cached verdict: another build of one invalidates it.
TOOLS = (
    "terraform",
    "provider-platform",
    "hcl-reader",
    "terraform-docs",
    "conftest",
    "opa",
    "cosign",
    "pulumi",
)


def key_of(work: Path, reads: Sequence[str], name: str) -> str:
    """Return a digest of everything a verdict depends on: the files read, the course's own code, and the tools."""
    found = hashlib.sha256(f"{name} {code_digest(_HELPERS)}".encode())
    for tool in TOOLS:
        here = tools.find(tool)
        found.update((here.sha256 if here else "none").encode())
    files: list[Path] = []
    for part in reads:
        path = work / part
        files += sorted(f for f in path.rglob("*") if f.is_file() and ".terraform" not in f.parts) or [path]
    for file in files:
        content = file.read_bytes() if file.is_file() else b"missing"
        found.update(f"\0{file}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


@functools.cache
def code_digest(folder: Path) -> str:
    """Return a digest of the Python files of *folder*; read once, as a running process does not change its code."""
    found = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        content = file.read_bytes()
        found.update(f"\0{file.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def get(key: str) -> dict[str, Any] | None:
    """Return the cached verdict of a key, if there is one."""
    if _disabled():
        return None
    try:
        data = json.loads(_file(key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def put(key: str, verdict: dict[str, Any]) -> None:
    """Cache a verdict; a full disk only makes the next check slower."""
    if _disabled():
        return
    path = _file(key)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps(verdict))


def _disabled() -> bool:
    return os.environ.get("MOD208_GRADING") == "1"


def _file(key: str) -> Path:
    return state_dir() / "checks" / f"{key}.json"
