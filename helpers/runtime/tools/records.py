"""What a build put into the cache, by digest, and whether it is still there, byte for byte.

The record is written before the tool is put into the cache, and every file of the tool is checked against it when a
process first uses the tool. It protects against a damaged disk and against programs that change what they should not;
whoever can write the record too can write a matching one, so it does not protect against the user's own account.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.core.files import write_private
from helpers.core.paths import cache_dir

#: Name of the record in a tool's directory.
RECORD = "made.json"
#: Seconds that a file must have been left alone before its state is remembered: two changes within one tick of the
#: file system's clock look like one.
SETTLED = 2.0


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(directory: Path, facts: Mapping[str, str]) -> None:
    """Record *facts* and the digest of every file below *directory*; only the owner can read the record."""
    files = {name: _digest(path) for name, path in _files(directory).items()}
    _write(directory / RECORD, {**facts, "files": files})


def read(directory: Path) -> dict[str, Any]:
    """Return the record of a tool's directory; empty when there is none that can be read."""
    return _read(directory / RECORD)


def fault(directory: Path, executable: str) -> str:
    """Return what is not as it was recorded, in words; empty when all is.

    Args:
        directory: the tool's directory in the cache.
        executable: its executable, relative to *directory*.
    """
    record = read(directory)
    if not isinstance(record.get("sha256"), str):
        return f"The record of what was built, {RECORD}, is missing or cannot be read."
    try:
        if "files" not in record:
            return _complete(directory, executable, record)
        return _compare(directory, record)
    except OSError as error:
        return f"It cannot be read: {error.strerror}: {error.filename}."


def unchanged(file: Path, digest: str) -> bool:
    """Return whether a file outside the tools' directories has this SHA-256, hex; remembered like a tool's files."""
    memory = _Memory(str(file), digest)
    now = {file.name: file.lstat()}
    if memory.knows(now):
        return True
    if file.is_symlink() or sha256(file) != digest:
        return False
    memory.keep(now)
    return True


def _complete(directory: Path, executable: str, record: dict[str, Any]) -> str:
    """Check an executable that was recorded alone, as it once was, and record the other files as they are now."""
    if (found := sha256(directory / executable)) != record["sha256"]:
        return _other(executable, record["sha256"], found)
    write(directory, record)
    return ""


def _compare(directory: Path, record: Mapping[str, Any]) -> str:
    files = _files(directory)
    recorded: Mapping[str, str] = record["files"]
    if missing := sorted(recorded.keys() - files.keys()):
        return f"{missing[0]} is missing."
    if added := sorted(files.keys() - recorded.keys()):
        return f"{added[0]} was not there when it was built."
    memory, now = _Memory(str(directory), json.dumps(record, sort_keys=True)), {n: p.lstat() for n, p in files.items()}
    if memory.knows(now):
        return ""
    for name, path in files.items():
        if (found := _digest(path)) != recorded[name]:
            return _other(name, recorded[name], found)
    memory.keep(now)
    return ""


def _other(name: str, recorded: str, found: str) -> str:
    return f"{name} has changed since: its digest is {found[:16]}…, recorded was {recorded[:16]}…."


def _files(folder: Path) -> dict[str, Path]:
    """Return every file and link below *folder* but the record, by its relative name; Go's own tree has 15,000."""
    found: dict[str, Path] = {}
    todo = [""]
    while todo:
        start = todo.pop()
        with os.scandir(folder / start) as entries:
            for entry in entries:
                name = start + entry.name
                if entry.is_dir(follow_symlinks=False):
                    todo.append(f"{name}/")
                elif not _is_record(name):
                    found[name] = folder / name
    return dict(sorted(found.items()))


def _is_record(name: str) -> bool:
    # The second: one that another process is just writing.
    return name == RECORD or (name.startswith(f".{RECORD}.") and "/" not in name)


def _digest(path: Path) -> str:
    return f"-> {path.readlink()}" if path.is_symlink() else sha256(path)


class _Memory:
    """Remembers that files had the recorded digests, so that the next process need not read 300 MB again.

    A file counts as the same while its inode, size and times are. That is safe because no program can set the time of
    the last change (``ctime``): every write, rename and change of attributes sets it to now. Two things are not seen
    this way: a disk that decays, and what root does. While grading nothing is remembered: a submission may have run
    before under the same account, and could have written a memory of its own.
    """

    def __init__(self, subject: str, expected: str) -> None:
        name = hashlib.sha256(f"{subject}\0{expected}".encode()).hexdigest()[:32]
        self._path = cache_dir() / "checked" / f"{name}.json"
        self._at = time.time()

    def knows(self, now: Mapping[str, os.stat_result]) -> bool:
        """Return whether exactly these files were found right before."""
        return not _grading() and _read(self._path) == {name: _identity(stat) for name, stat in now.items()}

    def keep(self, now: Mapping[str, os.stat_result]) -> None:
        """Remember the files as they were before they were read; not those that have just changed."""
        if not _grading() and all(stat.st_ctime < self._at - SETTLED for stat in now.values()):
            with contextlib.suppress(OSError):
                _write(self._path, {name: _identity(stat) for name, stat in now.items()})


def _grading() -> bool:
    return os.environ.get("MOD208_GRADING") == "1"


def _identity(stat: os.stat_result) -> list[int]:
    return [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(path: Path, data: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, json.dumps(data).encode())
