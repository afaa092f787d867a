"""Writes into a workspace: nothing leaves it, nothing a learner wrote is lost."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from helpers.core.errors import BadInput, CourseError
from helpers.core.files import write_atomic
from helpers.course.workspace.journal import Journal, digest

#: Directories that Terraform fills by itself; nobody wrote their files.
GENERATED = frozenset({".terraform", ".state"})


class BadPath(BadInput):
    """A path that does not stay inside the workspace."""

    code = "bad-path"


class CannotWrite(CourseError):
    """The workspace cannot be written (full disk, no permission)."""

    code = "cannot-write"


@dataclass(frozen=True)
class Written:
    """What one write did: ``action`` is ``written``, ``unchanged`` or ``kept`` (the submission's own file)."""

    path: str
    action: str
    lines: int
    backup: Path | None = None

    def __str__(self) -> str:
        plural = "" if self.lines == 1 else "s"
        if self.action == "kept":
            return f"kept work/{self.path} (it came with the submission)"
        saved = f"; your own edits are kept in {_short(self.backup)}" if self.backup else ""
        return f"{self.action} work/{self.path} ({self.lines} line{plural}){saved}"


def _short(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def grading() -> bool:
    """Whether a submission is being run, not a learner's own workspace."""
    return os.environ.get("MOD208_GRADING") == "1"


def inside(work: Path, path: str) -> Path:
    """Return the absolute path of a file of the workspace.

    Raises:
        BadPath: it is absolute, climbs out by ``..`` or through a link, or names no file.
    """
    target = work / path
    parts = PurePosixPath(path).parts
    escapes = not parts or PurePosixPath(path).is_absolute() or ".." in parts
    if escapes or not target.resolve().is_relative_to(work.resolve()) or target.is_dir():
        raise BadPath(
            f"{path!r} is not a file inside the workspace",
            why="A cell may only write files below work/.",
            next="%%workfile lab1 modules/gpu-workspace/main.tf   # a path like this one",
        )
    return target


def write(journal: Journal, work: Path, path: str, body: str) -> Written:
    """Write one file of the workspace, whole or not at all.

    A file edited by hand since a cell last wrote it is backed up first. While grading, a file that came with the
    submission stays as it is.

    Raises:
        BadPath: the path leaves the workspace.
        CannotWrite: the disk is full or the directory is read-only.
    """
    target = inside(work, path)
    body = body if body.endswith("\n") or not body else body + "\n"
    lines = body.count("\n")
    known = journal.read()
    seen = known["written"].get(path)
    try:
        if target.exists():
            now = target.read_bytes()
            if digest(now) == digest(body):
                journal.set("written", path, digest(body))
                return Written(path, "unchanged", lines)
            by_hand = digest(now) != seen
            if by_hand and grading() and path in known["came"]:
                return Written(path, "kept", now.count(b"\n"))
            saved = backup(work, [path], "edited") if by_hand else None
        else:
            saved = None
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, body)
        journal.set("written", path, digest(body))
    except OSError as error:
        raise CannotWrite(
            f"work/{path} was not written; the file before it is untouched",
            why=error.strerror or str(error),
            next="df -h .   # is the disk full?   ls -ld work   # may you write there?",
        ) from None
    return Written(path, "written", lines, saved)


def backup(work: Path, paths: list[str], label: str) -> Path | None:
    """Copy files aside to ``backup/<time>-<label>/`` next to the workspace; return that directory if any was there."""
    there = [path for path in paths if (work / path).is_file()]
    if not there:
        return None
    folder = backup_directory(work, label)
    for path in there:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(work / path, folder / path)
    return folder


def backup_directory(work: Path, label: str) -> Path:
    """Return the directory for what is put aside now; it is not made."""
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    return work.parent / "backup" / f"{stamp}-{label}"


def listing(work: Path) -> dict[str, str]:
    """Return path -> digest of every file in the workspace that someone wrote."""
    found = {}
    for path in sorted(work.rglob("*")):
        parts = path.relative_to(work).parts
        if path.is_file() and not GENERATED.intersection(parts):
            found["/".join(parts)] = digest(path.read_bytes())
    return found
