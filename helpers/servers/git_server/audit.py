"""The audit log: one JSON object a line, only ever appended, on disk before the decision takes effect.

Both the server and the hook (a process of its own) write it. Everything that is recorded goes through `record`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from helpers.core.redact import redact
from helpers.servers.git_server.problems import RequestRefused, printable

Decision = Literal["accepted", "refused", "failed"]
FILE = "audit.jsonl"


@dataclass(frozen=True)
class Entry:
    """One decision.

    Attributes:
        repository: where.
        actor: person who asked for it.
        action: ``create``, ``policy``, ``push``, ``open``, ``gates``, ``approve``, ``merge``, ``close`` or
            ``break-glass``.
        decision: ``accepted``, ``refused``, or ``failed`` (accepted, but it could not be carried out).
        reason: why; of a break-glass what its person said.
        commit: the commit it is about.
        ref: branch or tag it is about.
        pull: number of the pull request, 0 without one.
    """

    repository: str
    actor: str
    action: str
    decision: Decision
    reason: str = ""
    commit: str = ""
    ref: str = ""
    pull: int = 0


def record(data: Path, entry: Entry) -> None:
    """Append a decision to the log in the data directory; when this returns it survives a kill and a power cut.

    Raises:
        OSError: it could not be written; what was to be decided must then not happen.
    """
    row = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **asdict(entry)}
    row["reason"] = printable(redact(entry.reason), 1000)
    line = json.dumps(row, sort_keys=True).encode() + b"\n"
    descriptor = os.open(data / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = _drop_torn_line(descriptor)
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def entries(data: Path, repository: str) -> Iterator[dict[str, object]]:
    """Yield what was recorded of a repository, oldest first; a line still being written is left out.

    Raises:
        RequestRefused: 500, a line cannot be read: somebody else has written the file.
    """
    try:
        lines = (data / FILE).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return
        try:
            row = json.loads(line)
            wanted = row["repository"] == repository
        except (ValueError, TypeError, KeyError):
            raise RequestRefused(
                500,
                "audit-damaged",
                f"Line {number} of the audit log cannot be read",
                why="Only the server writes it; somebody else has changed it.",
                next="Restore it from a copy.",
            ) from None
        if wanted:
            yield row


def _drop_torn_line(descriptor: int) -> int:
    """Cut off a last line without its end: its writer was killed, so nothing was decided by it. Return the size."""
    size = os.fstat(descriptor).st_size
    keep = size
    while keep and os.pread(descriptor, 1, keep - 1) != b"\n":
        keep -= 1
    if keep != size:
        os.ftruncate(descriptor, keep)
    return keep
