"""Files and directories that appear whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.core.errors import CourseError


class NotPrivate(CourseError):
    """A file that must be its owner's alone is somebody else's, or others may read or write it."""

    code = "not-private"


def write_atomic(path: Path, data: str | bytes, *, private: bool = False, durable: bool = False) -> None:
    """Write a file so that a reader, or a crash, finds the old content or the new one, never a part.

    A symbolic link is replaced by the file. Text is written as UTF-8, its line ends as they are.

    Args:
        path: its directory must exist.
        private: only the owner may read it (mode 0600); else the mode is that of any new file (umask).
        durable: return only when the content is on disk, so that it survives a loss of power as well.

    Raises:
        OSError: it cannot be written; what was there is as before.
    """
    new = _beside(path)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def write_private(path: Path, data: str | bytes) -> None:
    """Write a file that only its owner can read, whole or not at all, and durably: see `write_atomic`."""
    write_atomic(path, data, private=True, durable=True)


def read_private(path: Path) -> str:
    """Return the text of a file as `write_private` left it: nobody else's, no link, and closed to others.

    Raises:
        NotPrivate: somebody may have read it, or put it there.
        OSError: it is not there, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise _not_private(path, "It is a link.", f"rm {path.name}") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise _not_private(path, "It is not a file.", f"rm -r {path.name}")
    with os.fdopen(descriptor, encoding="utf-8") as file:
        if found.st_uid != os.getuid():
            raise _not_private(path, "It belongs to somebody else.", f"rm {path.name}")
        if found.st_mode & 0o077:
            raise _not_private(path, f"Its mode is {stat.S_IMODE(found.st_mode):04o}.", f"chmod 600 {path.name}")
        return file.read()


def _not_private(path: Path, why: str, fix: str) -> NotPrivate:
    # Who could read it may have; so the way out makes a new one, where the service does so at its start.
    return NotPrivate(
        f"{path.name} is not its owner's alone", why=f"{why} It is in {path.parent}.", next=f"{fix}   # there"
    )


@contextmanager
def new_directory(target: Path, *, within: Path | None = None, mode: int = 0o700) -> Iterator[Path]:
    """Make a directory whole or not at all: yield an empty one to fill, which becomes *target* at the end.

    Args:
        target: its parent is made when it is missing. An empty directory there is replaced.
        within: where to fill it, on the file system of *target*; by default beside it.
        mode: of the directory itself.

    Raises:
        FileExistsError: at the end, *target* is there and is not empty; of two writers one wins.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    new = _beside(target) if within is None else within / _beside(target).name
    new.mkdir(parents=True, mode=mode)
    try:
        yield new
        try:
            new.rename(target)
        except OSError as error:
            if target.exists():
                raise FileExistsError(error.errno, "It exists already", os.fspath(target)) from None
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _beside(path: Path) -> Path:
    # Nobody who may write beside it can be there first.
    return path.with_name(f".{path.name}.{os.urandom(12).hex()}")
