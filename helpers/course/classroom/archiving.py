"""Ends a class: one file with all of it, and nothing left on the exchange that a next class could collect."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from helpers.core.errors import BadInput, CourseError
from helpers.core.files import write_atomic
from helpers.course.classroom import klass
from helpers.course.classroom.klass import Classroom
from helpers.course.classroom.stages import Done

SUMS = "SHA256SUMS"
#: What grading can make again.
_LEFT_OUT = {".sandboxes", "__pycache__", ".ipynb_checkpoints"}


class ArchiveBroken(CourseError):
    """The archive does not hold what was put in; nothing was taken away."""

    code = "archive-broken"


def archive(room: Classroom, target: Path | None = None) -> Done:
    """Pack the class and its part of the exchange into *target*, read it back, then take it off the exchange.

    Raises:
        BadInput: *target* is there. ArchiveBroken: it cannot be read back; everything is as it was.
    """
    target = (target or room.root.with_name(f"{room.root.name}-{room.term}.tar.gz")).absolute()
    if target.exists():
        raise BadInput(f"{target} is there already", why="It is not written over.", next="Choose another: --to FILE")
    if target.is_relative_to(room.root):
        raise BadInput(f"{target} lies in the class itself", next="Choose another: --to FILE")
    wanted = dict(_files(room))
    sums = os.fsencode("".join(f"{_sha256(path.read_bytes())}  {_line(name)}\n" for name, path in wanted.items()))
    part = target.with_name(f".{target.name}.part")
    try:
        with tarfile.open(part, "w:gz") as tar:
            for name, path in wanted.items():
                tar.add(path, arcname=f"{room.course}/{name}", recursive=False)
            info = tarfile.TarInfo(f"{room.course}/{SUMS}")
            info.size = len(sums)
            tar.addfile(info, io.BytesIO(sums))
        part.chmod(0o600)
        verify(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    shutil.rmtree(room.on_exchange, ignore_errors=True)
    left = room.on_exchange.exists()
    note = {"archive": str(target), "files": len(wanted), "when": datetime.datetime.now(datetime.UTC).isoformat()}
    write_atomic(room.root / klass.ARCHIVED, json.dumps(note, indent=1) + "\n")
    said = [f"{target} has the class {room.course}: {len(wanted)} files, read back and compared."]
    said.append(
        f"{room.on_exchange} could not be removed; its owner has to." if left else f"{room.on_exchange} is removed."
    )
    return Done(tuple(said), "course class new NAME --term TERM --students FILE.csv   # the next one", note)


def verify(file: Path) -> int:
    """Compare what an archive holds with its own list of digests; return the number of files.

    Raises:
        ArchiveBroken: a file is missing or another one.
    """
    found, sums = {}, {}
    try:
        with tarfile.open(file) as tar:
            for member in tar:
                name, data = member.name.partition("/")[2], tar.extractfile(member)
                content = data.read() if data else b""
                if name == SUMS:
                    sums = {line[66:]: line[:64] for line in os.fsdecode(content).split("\n") if line}
                else:
                    found[_line(name)] = _sha256(content)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveBroken(f"{file} cannot be read", why=str(error)) from None
    if found != sums or not sums:
        wrong = sorted({*found, *sums} - {name for name in found if sums.get(name) == found[name]})
        raise ArchiveBroken(f"{file} is not what was packed", why=f"First: {', '.join(wrong[:3])}.")
    return len(found)


def _files(room: Classroom) -> Iterator[tuple[str, Path]]:
    """Yield name in the archive and file; links are left out, for what they lead to is not the class's."""
    for head, top in (("class", room.root), ("exchange", room.on_exchange)):
        for path in sorted(top.rglob("*")):
            below = path.relative_to(top)
            if path.is_file() and not path.is_symlink() and not _LEFT_OUT & set(below.parts):
                yield f"{head}/{below.as_posix()}", path


def _line(name: str) -> str:
    """Return a file's name as one line; learners may put anything into one."""
    return name.replace("\\", "\\\\").replace("\n", "\\n")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


__all__ = ["ArchiveBroken", "archive", "verify"]
