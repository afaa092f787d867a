"""Takes submissions in from the exchange as data: where learners write, anything may lie, and it may change meanwhile.

nbgrader's own way follows links with the instructor's rights, so a link to a file of the instructor's (a solution, the
gradebook) would be handed in as the learner's own work; and one directory that cannot be taken would stop the class.
"""

from __future__ import annotations

import datetime
import errno
import os
import pwd
import secrets
import stat
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.exchange.default.collect import ExchangeCollect
from nbgrader.utils import parse_utc

from grading import data

#: By it a learner's copy of nbgrader finds the feedback.
SECRET = "submission_secret.txt"  # noqa: S105 - a file's name
_NEVER = datetime.datetime(1970, 1, 1)


@dataclass
class _Limits:
    """What of a submission is taken, and what was not."""

    ignore: list[str]
    include: list[str]
    file: int
    bytes: int
    files: int = data.MAX_FILES
    left_out: list[str] = field(default_factory=list)

    def leave(self, path: str, why: str) -> None:
        """Note that a file was left out."""
        if len(self.left_out) < 20:
            self.left_out.append(f"{data.shown(path)}: {why}")


class Collect(ExchangeCollect):  # type: ignore[misc]
    """nbgrader's collect, which takes regular files only, and leaves what cannot be a learner's submission."""

    src_records: list[dict[str, Any]]

    def init_src(self) -> None:
        """Find the newest submission of each learner."""
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as book:
            self._learners = {str(one.id) for one in book.students}
        super().init_src()
        self.src_records = [one for one in self.src_records if one["username"]]

    def _path_to_record(self, path: str) -> dict[str, Any]:
        if why := self._unusable(Path(path)):
            self.log.error("%s on the exchange was not collected: %s", data.shown(Path(path).name), why)
            return {"username": "", "filename": "", "timestamp": _NEVER}
        record: dict[str, Any] = super()._path_to_record(path)
        return record

    def _unusable(self, path: Path) -> str:
        parts = path.name.rsplit("+", 3)
        who = parts[0]
        if len(parts) < 3 or parts[1] != self.coursedir.assignment_id:
            return "its name is not that of a submission"
        if who in ("", ".", "..") or "," in who or not who.isprintable():
            return "nobody can have that name"
        try:
            parse_utc(parts[2])
        except (ValueError, OverflowError):
            return "its name has no time"
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            return "it is not a directory"
        try:
            owner = pwd.getpwuid(status.st_uid).pw_name
        except KeyError:
            return ""
        # Where every learner is the same user (a hub with containers), nobody on the roster is its owner.
        return f"it belongs to {owner}, another learner" if owner != who and owner in self._learners else ""

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy a submission; say what of it was left out."""
        room = self.coursedir
        limits = _Limits(room.ignore, room.include, 1000 * room.max_file_size, 1000 * room.max_dir_size)
        try:
            top = os.open(src, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            self.log.error("%s was not collected: %s", data.shown(Path(src).name), error.strerror)
            return
        _copy(top, Path(dest), "", limits, 0o2770 if room.groupshared else 0)
        _what_nbgrader_reads(Path(dest), Path(src).name.rsplit("+", 3)[2])
        for line in limits.left_out:
            self.log.error("%s, not collected: %s", data.shown(Path(src).name.partition("+")[0]), line)


def _what_nbgrader_reads(directory: Path, when: str) -> None:
    """Write the time of a submission by its name, and a secret if it has none.

    Without them nbgrader releases nobody's feedback, and takes work that has no time for work that is never late.
    """
    for name in ("timestamp.txt", SECRET):
        data.remove(directory / name)
    (directory / "timestamp.txt").write_text(when, encoding="utf-8")
    secret = data.read(directory, SECRET) or b""
    if not secret or len(secret) > 1000 or not secret.isascii():
        (directory / SECRET).write_text(secrets.token_hex(32), encoding="utf-8")


def _copy(directory: int, target: Path, below: str, limits: _Limits, mode: int) -> None:
    """Copy what lies in an open directory, which this closes. No name is looked up twice, so none can be exchanged."""
    try:
        target.mkdir(exist_ok=True)
        if mode:
            target.chmod(mode | stat.S_IMODE(target.stat().st_mode))
        for name in sorted(os.listdir(directory)):
            path = f"{below}{name}"
            if any(fnmatch(name, pattern) for pattern in limits.ignore):
                continue
            try:
                found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
            except OSError as error:
                linked = error.errno == errno.ELOOP
                limits.leave(path, "it is a link" if linked else f"it cannot be read ({error.strerror})")
                continue
            limits.files -= 1
            if limits.files < 0:
                os.close(found)
                return limits.leave(path, f"there are more than {data.MAX_FILES:,} files")
            if not stat.S_ISDIR(os.fstat(found).st_mode):
                _file(found, target / name, path, limits, mode & 0o660)
            elif path.count("/") >= data.MAX_DEPTH:
                os.close(found)
                limits.leave(path, f"it lies more than {data.MAX_DEPTH} directories deep")
            else:
                _copy(found, target / name, f"{path}/", limits, mode)
    finally:
        os.close(directory)
    return None


def _file(descriptor: int, target: Path, path: str, limits: _Limits, mode: int) -> None:
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return limits.leave(path, "it is not a regular file")
        if not any(fnmatch(target.name, pattern) for pattern in limits.include):
            return None
        most = min(limits.file, limits.bytes)
        content = file.read(most + 1)
        if len(content) > most:
            return limits.leave(path, "it is too large, or all together is")
    limits.bytes -= len(content)
    with target.open("xb") as written:
        written.write(content)
        os.fchmod(written.fileno(), stat.S_IMODE(os.fstat(written.fileno()).st_mode) | mode | status.st_mode & 0o100)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    return None


__all__ = ["Collect"]
