"""The directory in which a learner works on a lab, and what belongs to the learner outside it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

from helpers.core.paths import ROOT, state_dir
from helpers.course import outline
from helpers.course.workspace import cell_files, files
from helpers.course.workspace.journal import Journal
from helpers.course.workspace.secret import secret


class Workspace:
    """The workspace of one lab.

    Args:
        name: id of the lab in ``course.yaml``.
        work: its directory; by default the one of this notebook or terminal (see `locate`).

    Raises:
        UnknownLab: no lab has that id.
    """

    def __init__(self, name: str = "lab1", *, work: Path | None = None) -> None:
        self.spec = outline.lab(name)
        self.id = self.spec.id
        self.work = (work or locate(self.spec)).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(self.id, self.work)
        if files.grading():
            # What the run's own cells make later, by whatever means, did not come with the submission.
            self._journal.came_with(path.relative_to(self.work).as_posix() for path in self.work.rglob("*"))

    def path(self, relative: str) -> Path:
        """Return the absolute path of a file or directory of the workspace."""
        return self.work / relative

    def read(self, relative: str) -> str:
        """Return a file's text, or an empty string when it does not exist."""
        path = self.work / relative
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def write(self, relative: str, body: str) -> files.Written:
        """Write a file of the workspace; what was edited by hand is backed up first.

        Raises:
            BadPath: the path leaves the workspace.
            CannotWrite: the disk is full or the directory is read-only.
        """
        return files.write(self._journal, self.work, relative, body)

    def run_cell(self, relative: str, body: str, choice: str = "") -> cell_files.CellRun:
        """Bring a ``%%workfile`` cell and its file together; see `cell_files.run_cell`."""
        return cell_files.run_cell(self._journal, self.work, relative, body, choice)

    def ran(self, relative: str) -> str:
        """Return the text with which a ``%%workfile`` cell of this file ran last, or an empty string."""
        return str(self._journal.read()["cells"].get(relative, ""))

    def secret(self, name: str) -> str:
        """Return a password of this learner, generated at the first call; it is masked wherever it would be printed.

        It is kept outside the workspace (``MOD208_STATE``), in a file only its owner can read, and never submitted.
        """
        return secret(self.id, name)

    def private(self) -> Path:
        """Return a directory of this learner (mode 0700) outside the workspace, for private keys: never submitted."""
        folder = state_dir() / "private" / self.id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder


#: Lab -> the workspace that ``Lab(...)`` means while cells of that lab are being run.
_acting: ContextVar[Mapping[str, Path]] = ContextVar("acting", default=MappingProxyType({}))


@contextlib.contextmanager
def acting_in(workspace: Workspace) -> Iterator[None]:
    """Let ``Lab("lab1")`` in the cells that are run inside this block mean *workspace*, wherever it is."""
    token = _acting.set({**_acting.get(), workspace.id: workspace.work})
    try:
        yield
    finally:
        _acting.reset(token)


def locate(spec: outline.LabSpec, here: Path | None = None) -> Path:
    """Return the directory of a lab's workspace.

    While grading it is ``./work``. Otherwise ``MOD208_WORKSPACE`` decides, then the current directory if it is the
    assignment's, then ``workspace/`` in the course.

    Args:
        here: the current directory of who asks, for example of a kernel; by default that of this process.
    """
    if spec.id in _acting.get():
        return _acting.get()[spec.id]
    here = here or Path.cwd()
    if os.environ.get("MOD208_GRADING") == "1":
        return here / "work"
    if root := os.environ.get("MOD208_WORKSPACE"):
        return Path(root).expanduser() / spec.assignment / "work"
    if here.name == spec.assignment:
        return here / "work"
    return ROOT / "workspace" / spec.assignment / "work"
