"""Temporary directories of a grader; what one that was killed has left, the next one removes.

Each directory has a lock beside its content, held as long as its grader lives, also by what was forked from it. Nothing
that runs in a sandbox sees the lock: only what is below the directory is mounted there.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from grading import data

#: How the names of a grader's directories begin.
PREFIX = "mod208-g-"
_LOCK = "lock"
#: Seconds in which a directory has its lock, on the slowest machine.
_NEW = 600.0


@contextlib.contextmanager
def directory(kind: str) -> Iterator[Path]:
    """Give a private directory, with a short path because sockets lie in some, that is removed at the end.

    Args:
        kind: a letter or a word for its name.
    """
    _sweep_once(os.getpid())
    room = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{kind}")).resolve()
    held = os.open(room / "new", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        # Under the name by which it is looked for only when it is held.
        (room / "new").rename(room / _LOCK)
        (room / "d").mkdir(mode=0o700)
        yield room / "d"
    finally:
        data.remove(room)
        os.close(held)


@functools.cache
def _sweep_once(_process: int) -> None:
    sweep()


def sweep() -> list[Path]:
    """Remove the directories of graders of this user that live no more, and return them."""
    removed = []
    for room in sorted(Path(tempfile.gettempdir()).resolve().glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):
            found = room.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and _left(room, found.st_mtime):
                data.remove(room)
                removed.append(room)
    return removed


def _left(room: Path, made: float) -> bool:
    """Return whether nobody holds a directory any more; one without a lock may be just being made."""
    try:
        lock = os.open(room / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return time.time() - made > _NEW
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


__all__ = ["directory", "sweep"]
