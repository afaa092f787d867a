"""Takes files as data from a directory that somebody else wrote: regular files, nothing else, and not too much."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helpers.core import process

#: More than any submission needs.
MAX_FILES, MAX_BYTES, MAX_FILE, MAX_DEPTH = 20_000, 400_000_000, 100_000_000, 60
#: Bytes of a path below a directory. The system takes 4,095, with the directory, and the copy lies elsewhere.
MAX_PATH = 2_000

#: Directories that tools fill; nobody hands them in, and nbgrader is told to ignore them too.
GENERATED = frozenset({".terraform", ".ipynb_checkpoints", "__pycache__", ".cache"})


@dataclass
class Taken:
    """What was taken: a digest of paths, modes and content, and why each thing that was left out was."""

    files: int = 0
    size: int = 0
    left_out: list[str] = field(default_factory=list)
    digest: str = ""


def take(source: Path, target: Path, *, leave: Callable[[str], bool] = lambda path: False) -> Taken:
    """Copy the regular files below *source* to *target*; links, devices, sockets and what is too much are left out.

    Nothing that *source* holds is followed, so it may be a learner's; nobody may write to it meanwhile.

    Args:
        source: where from.
        target: where to; made when it is not there.
        leave: told a path relative to *source*, says whether to leave it (with all below it) without a word.
    """
    taken, whole = Taken(), hashlib.sha256()
    target.mkdir(parents=True, exist_ok=True)
    for path, entry, why in sorted(_walk(source, leave), key=lambda one: os.fsencode(one[0])):
        if why or not _fits(taken, entry, path):
            taken.left_out += [f"{shown(path)}: {why}"] if why else []
            continue
        data = read(source, path)
        if data is None:
            taken.left_out.append(f"{shown(path)}: it cannot be read")
            continue
        # nbgrader and its exchange do not keep modes, so they say nothing about who could read a file at the learner's.
        mode = 0o600 | entry.stat(follow_symlinks=False).st_mode & 0o100
        _write(target / path, data, mode)
        taken.files += 1
        taken.size += len(data)
        whole.update(f"{len(path)} {mode:o} {len(data)}\0".encode() + os.fsencode(path) + data)
    taken.digest = whole.hexdigest()
    return taken


def _walk(source: Path, leave: Callable[[str], bool]) -> Iterator[tuple[str, os.DirEntry[str], str]]:
    """Yield path, entry, and why not, of all that is not a directory; and of directories that are not looked into."""
    waiting = [("", 0)]
    count = 0
    while waiting:
        below, depth = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(source / below) as found:
            for entry in found:
                path = f"{below}/{entry.name}" if below else entry.name
                count += 1
                if count > 10 * MAX_FILES:
                    return
                if leave(path):
                    continue
                if len(os.fsencode(path)) > MAX_PATH:
                    yield path, entry, f"its path has more than {MAX_PATH:,} bytes"
                elif entry.is_symlink():
                    yield path, entry, "it is a link"
                elif entry.is_dir(follow_symlinks=False):
                    if depth >= MAX_DEPTH:
                        yield path, entry, f"it lies more than {MAX_DEPTH} directories deep"
                    else:
                        waiting.append((path, depth + 1))
                elif not entry.is_file(follow_symlinks=False):
                    yield path, entry, "it is not a regular file"
                else:
                    yield path, entry, ""


def _fits(taken: Taken, entry: os.DirEntry[str], path: str) -> bool:
    size = entry.stat(follow_symlinks=False).st_size
    why = ""
    if size > MAX_FILE:
        why = f"it is larger than {MAX_FILE // 1_000_000} MB"
    elif taken.size + size > MAX_BYTES:
        why = f"with it there would be more than {MAX_BYTES // 1_000_000} MB"
    elif taken.files >= MAX_FILES:
        why = f"there are more than {MAX_FILES:,} files"
    if why and len(taken.left_out) < 100:
        taken.left_out.append(f"{shown(path)}: {why}")
    return not why


def read(source: Path, path: str) -> bytes | None:
    """Return what a regular file below *source* holds; ``None`` for a link, a device, and where there is nothing."""
    try:
        descriptor = os.open(source / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_FILE) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None


def _write(target: Path, data: bytes, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        os.fchmod(descriptor, mode)


def shown(path: str) -> str:
    """Return a path that somebody else chose as text that a terminal may show."""
    text = os.fsencode(path).decode(errors="replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)[-200:]


def remove(directory: Path) -> None:
    """Remove a directory that somebody else filled, however deep it is and whatever modes it has."""
    if directory.is_dir() and not directory.is_symlink():
        # coreutils walk without recursion and follow no link; `shutil.rmtree` fails 1,000 directories deep.
        process.run(["chmod", "-R", "u+rwx", "--", directory], timeout=600)
        process.run(["rm", "-rf", "--", directory], timeout=600)


def replace(source: Path, target: Path, keep: Sequence[str]) -> Taken:
    """Make *target* hold what *source* has, as data; names right in either that are among *keep* stay as they are.

    Notebooks right in *target* stay too, and those of *source* are not taken: they are the grader's to write.
    """

    def kept(path: str) -> bool:
        notebook = "/" not in path and path.endswith(".ipynb")
        return path in keep or notebook or path.rpartition("/")[2] in GENERATED

    for entry in list(target.iterdir()):
        if kept(entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            remove(entry)
        else:
            entry.unlink()
    return take(source, target, leave=kept)
