"""Directories with short names, for sockets: a workspace may lie deeper than the kernel's limit allows."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from helpers.runtime.services.errors import ServiceError

#: Note in a room: the directory it stands for.
_STANDS_FOR = "stands-for"


def short_path(path: Path, inside: int) -> Path:
    """Return *path*, or a private directory with a short name when sockets in it would have too long a path.

    Args:
        path: directory or socket. inside: characters that are added to it.
    """
    # The kernel takes 107 bytes.
    if len(os.fsencode(path)) + inside <= 107:
        return path
    name = hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:12]
    room = Path(tempfile.gettempdir()) / f"mod208-{os.getuid()}-{name}"
    if not room.exists():
        _sweep(room.parent)
    room.mkdir(exist_ok=True, mode=0o700)
    _require_own(room)
    # Whoever planted a link there would have us write through it.
    note = room / _STANDS_FOR
    try:
        target = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _foreign(note, str(error.strerror)) from None
    with os.fdopen(target, "w") as file:
        file.write(str(path.parent))
    return room / path.name


def _require_own(room: Path) -> None:
    """Refuse a directory that another user made, that others may write to, or that is a link to somewhere."""
    found = room.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise _foreign(room, "It is not a directory.")
    if found.st_uid != os.getuid():
        raise _foreign(room, "It belongs to somebody else.")
    if found.st_mode & 0o077:
        raise _foreign(room, "Others may use it.")


def _foreign(path: Path, why: str) -> ServiceError:
    return ServiceError(
        f"{path} cannot be used for sockets", why=why, next="Remove it, or set TMPDIR to a directory of your own."
    )


def _sweep(directory: Path) -> None:
    """Remove the rooms of ours whose state is gone: nobody else would."""
    for note in directory.glob(f"mod208-{os.getuid()}-*/{_STANDS_FOR}"):
        with contextlib.suppress(OSError):
            if note.lstat().st_uid == os.getuid() and not Path(note.read_text()).exists():
                shutil.rmtree(note.parent, ignore_errors=True)
