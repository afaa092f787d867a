"""What a ``%%workfile`` cell does to its file: a file that was changed elsewhere is never overwritten unasked.

A file and its cell are two copies of one text, and both can change: an editor, a terminal or `Lab.solve` changes the
file. What the cell wrote last is remembered, so that three states are told apart: only the cell changed (it is
written), only the file changed (it is kept, and that is said), both changed (nothing is done, and the learner chooses).
"""

from __future__ import annotations

import difflib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from helpers.core import process
from helpers.core.errors import CourseError
from helpers.course.workspace.files import Written, backup, backup_directory, inside, write
from helpers.course.workspace.journal import Journal

#: What a learner may write after the path.
CHOICES = {
    "--take": "this cell's text into the file; the file's own goes under backup/",
    "--load": "the file's text into this cell; the cell's own goes under backup/",
    "--merge": "both, put together in this cell, to look at before you run it",
}
#: Lines of a difference that an error shows.
SHOWN = 40


class FileChanged(CourseError):
    """The cell and its file were both changed since the cell ran last; nothing was written."""

    code = "file-changed"


@dataclass(frozen=True)
class CellRun:
    """What one run of a cell did.

    Attributes:
        said: one line for the learner.
        text: the text that the cell gets instead of its own, or None.
    """

    said: str
    text: str | None = None


def run_cell(journal: Journal, work: Path, path: str, body: str, choice: str = "") -> CellRun:
    """Bring a cell and its file together.

    Args:
        body: the cell's text below its first line. choice: one of `CHOICES`, or nothing.

    Raises:
        FileChanged: both were changed and no choice was made.
        BadPath, CannotWrite: as `files.write`.
    """
    target = inside(work, path)
    body = body if body.endswith("\n") or not body else body + "\n"
    if os.environ.get("MOD208_GRADING") == "1" or not target.exists():
        return _written(journal, work, path, body)
    now, last = target.read_text(encoding="utf-8", errors="replace"), journal.read()["cells"].get(path)
    if choice == "--load":
        journal.set("cells", path, now)
        saved = _keep_cell(work, path, body) if body not in (now, last) else None
        return CellRun(f"loaded work/{path} into this cell{_where(saved)}", now)
    if choice == "--merge":
        return _merged(journal, work, path, body, now, last or "")
    if choice == "--take":
        saved = backup(work, [path], "file") if now != body else None
        done = _written(journal, work, path, body)
        return CellRun(f"{done.said}; what the file said is kept in {saved}" if saved else done.said, body)
    if now in (body, last):
        return _written(journal, work, path, body)
    if body == last:
        return CellRun(
            f"kept work/{path}: it was changed outside this cell, which is as it ran last.\n"
            f"{header(journal, path, '--load')}   # {CHOICES['--load']}"
        )
    raise _changed(journal, path, body, now)


def header(journal: Journal, path: str, choice: str = "") -> str:
    """Return the first line of a cell that writes *path*."""
    return f"%%workfile {journal.lab} {path} {choice}".rstrip()


def _written(journal: Journal, work: Path, path: str, body: str) -> CellRun:
    done: Written = write(journal, work, path, body)
    journal.set("cells", path, body)
    return CellRun(str(done))


def _changed(journal: Journal, path: str, body: str, now: str) -> FileChanged:
    changes = difference(path, now, body, "this cell")
    more = f"\n… and {len(changes) - SHOWN} more lines" if len(changes) > SHOWN else ""
    choices = "\n".join(f"{header(journal, path, one)}   # {what}" for one, what in CHOICES.items())
    return FileChanged(
        f"work/{path} was changed outside this cell, and the cell did not overwrite it",
        why="The file (-) and this cell (+) differ:\n" + "\n".join(changes[:SHOWN]) + more,
        next=f"Choose, as the first line of this cell:\n{choices}\nOr leave it so: checks judge the file.",
    )


def difference(path: str, before: str, after: str, name: str = "written now") -> list[str]:
    """Return the unified difference of two texts of a file as lines; none when they are the same."""
    lines = before.splitlines(), after.splitlines()
    return list(difflib.unified_diff(*lines, f"work/{path}", name, n=2, lineterm=""))


def _merged(journal: Journal, work: Path, path: str, body: str, now: str, last: str) -> CellRun:
    """Merge by ``git merge-file``: what the cell wrote last is the common ancestor."""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for name, text in (("this cell", body), ("last run", last), ("the file", now)):
            (Path(folder) / name).write_text(text, encoding="utf-8")
            names.append(name)
        labels = [word for name in names for word in ("-L", name)]
        argv = ["git", "merge-file", "-p", *labels, *names]
        done = process.run(argv, cwd=folder, env=process.environment(), timeout=60)
    if not 0 <= done.returncode < 128:
        raise CourseError(f"work/{path} could not be merged", why=done.stderr, next=header(journal, path, "--load"))
    saved = _keep_cell(work, path, body)
    # The next run writes it: the file as it is now is what the cell has seen.
    journal.set("cells", path, now)
    word = "1 conflict" if done.returncode == 1 else f"{done.returncode} conflicts"
    open_ = f"; {word} to settle between the marks <<<<<<< and >>>>>>>" if done.returncode else ""
    return CellRun(f"merged work/{path} into this cell{open_}. Look at it, then run it{_where(saved)}", done.stdout)


def _keep_cell(work: Path, path: str, body: str) -> Path:
    folder = backup_directory(work, "cell")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(body, encoding="utf-8")
    return folder


def _where(saved: Path | None) -> str:
    return f"; the cell's own text is kept in {saved}" if saved else ""
