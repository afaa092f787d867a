"""Remembers the verdict on files that have not changed, so that checking again answers at once.

Only for checks that read files and no cloud. While grading nothing is remembered: a submission could bring answers
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

from helpers._paths import state_dir

#: Where the checks are, and all that they call.
_HELPERS = Path(__file__).parent.parent
#: Tools whose word a remembered verdict may rest on.
TOOLS = (
    "terraform", "provider-platform", "terraform-config-inspect", "terraform-docs", "conftest", "opa", "cosign",
)  # fmt: skip


def key(work: Path, reads: Sequence[str], name: str) -> str:
    """Return a digest of what a verdict depends on: the files read, the course's own code, and the tools."""
    from helpers import tools

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


def recall(digest: str) -> dict[str, Any] | None:
    """Return a remembered verdict."""
    if _off():
        return None
    try:
        data = json.loads(_file(digest).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def remember(digest: str, verdict: dict[str, Any]) -> None:
    """Remember a verdict; a full disk only makes the next check slower."""
    if _off():
        return
    path = _file(digest)
    aside = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(verdict), encoding="utf-8")
        aside.replace(path)


def _off() -> bool:
    return os.environ.get("MOD208_GRADING") == "1"


def _file(digest: str) -> Path:
    return state_dir() / "checks" / f"{digest}.json"
