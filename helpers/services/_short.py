"""Folders with short names, for sockets: a workspace may lie deeper than the kernel's limit allows."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from helpers.services.errors import ServiceError

#: Note in a room: the folder it stands for.
_STANDS_FOR = "stands-for"


def short_path(path: Path, inside: int) -> Path:
    """Return *path*, or a private folder with a short name when sockets in it would have too long a path.

    Args:
        path: folder or socket. inside: characters that are added to it.
    """
    # The kernel takes 107 bytes.
    if len(os.fsencode(path)) + inside <= 107:
        return path
    name = hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:12]
    room = Path(tempfile.gettempdir()) / f"mod208-{os.getuid()}-{name}"
    if not room.exists():
        _sweep(room.parent)
    room.mkdir(exist_ok=True, mode=0o700)
    if room.stat().st_uid != os.getuid():
        raise ServiceError(f"{room} belongs to somebody else", next="Set TMPDIR to a folder of your own.")
    (room / _STANDS_FOR).write_text(str(path.parent))
    return room / path.name


def _sweep(folder: Path) -> None:
    """Remove the rooms of ours whose state is gone: nobody else would."""
    for note in folder.glob(f"mod208-{os.getuid()}-*/{_STANDS_FOR}"):
        with contextlib.suppress(OSError):
            if note.lstat().st_uid == os.getuid() and not Path(note.read_text()).exists():
                shutil.rmtree(note.parent, ignore_errors=True)
