"""A lab as a learner, a grader and the author's CI meet it."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from helpers import checks
from helpers._paths import ROOT, state_dir
from helpers.checks import CheckResult
from helpers.labs import _cells, _files, course
from helpers.labs._journal import Journal
from helpers.labs._progress import Hint, Progress, StepState
from helpers.labs.errors import BadCourse, CellFailed, StepFailed


@dataclass(frozen=True)
class Restored:
    """Files a reset or solve put in place; ``backup`` holds what was there before, if anything was."""

    step: str
    what: str
    files: tuple[str, ...]
    backup: Path | None

    def __repr__(self) -> str:
        saved = f" Your files are kept in {self.backup}." if self.backup else ""
        return f"{self.what} of {self.step}: {', '.join(self.files) or 'no files'}.{saved}"


class Lab:
    """One lab and its workspace.

    Args:
        name: id of the lab in ``course.yaml``.
        work: the workspace; by default the one of this notebook or terminal (see `workspace`).

    Raises:
        UnknownLab: no lab has that id.
    """

    def __init__(self, name: str = "lab1", *, work: Path | None = None) -> None:
        self.spec = course.lab(name)
        self.id = self.spec.id
        self.work = (work or workspace(self.spec)).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(self.id, self.work)
        from helpers.labs._magic import register

        register()

    def path(self, relative: str) -> Path:
        """Return the absolute path of a file or folder of the workspace."""
        return self.work / relative

    def read(self, relative: str) -> str:
        """Return a file's text, or an empty string when it is not there."""
        path = self.work / relative
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    def write(self, relative: str, body: str) -> _files.Written:
        """Write a file of the workspace as a ``%%workfile`` cell does; see `helpers.labs._files.write`."""
        return _files.write(self._journal, self.work, relative, body)

    def secret(self, name: str) -> str:
        """Return a password of this learner, made at the first call; wherever it would be printed it is masked.

        It is kept outside the workspace (``MOD208_STATE``), in a file only its owner can read, and never handed in.
        """
        from helpers.labs._secret import secret

        return secret(self.id, name)

    def private(self) -> Path:
        """Return a folder of this learner (mode 0700) outside the workspace, for private keys: never handed in."""
        folder = state_dir() / "private" / self.id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def result(self, step: str) -> CheckResult:
        """Judge a step and remember the verdict.

        Raises:
            UnknownStep: the lab has no such step.
            CourseError: the machinery failed (a tool is missing, a service is down); nothing was judged.
        """
        spec = self.spec.step(step)
        check = checks.find(self.id, spec.id)
        if check is None:
            raise BadCourse(
                f"{self.id} {step} has no check",
                why="course.yaml lists the step; helpers/checks does not.",
                next="Tell the people who run the course.",
            )
        result = check(self)
        self._journal.set("results", step, {"passed": result.passed, "reason": result.reason})
        if result.passed:
            self._journal.set("hints", step, None)
        return result

    def check(self, step: str) -> Any:
        """Judge a step and show the verdict, with hints to open one by one."""
        result = self.result(step)
        from helpers.labs._magic import in_notebook

        if not in_notebook():
            return result
        from helpers.widgets import CheckPanel

        return CheckPanel(result, self)

    def grade(self, step: str) -> None:
        """Judge a step for points: silent when it passes.

        Raises:
            StepFailed: it does not; the message is the check's reason.
        """
        result = self.result(step)
        if not result.passed:
            raise StepFailed(
                f"{self.id} {step} does not pass yet",
                why=result.reason,
                next=f'lab.check("{step}") shows the same reason with hints.',
            )

    def hint(self, step: str, level: int | None = None) -> Hint:
        """Return a hint that fits what is wrong now: 1 nudge, 2 pointer, 3 near-solution.

        Args:
            step: id of the step.
            level: 1 to 3; without it, one more than the last time.

        Raises:
            BadInput: another level.
        """
        from helpers.errors import BadInput

        if level is not None and level not in (1, 2, 3):
            raise BadInput(
                f"There is no hint level {level}",
                why="Levels are 1 (nudge), 2 (pointer) and 3 (near-solution).",
                next=f"course hint {self.id} {step} --level 1",
            )
        result = self.result(step)
        if result.passed:
            return Hint(step, 0, "This step passes. There is nothing to hint at.", result.reason)
        given = self._journal.read()["hints"].get(step, 0)
        level = level or min(given + 1, 3)
        self._journal.set("hints", step, max(level, given))
        return Hint(step, level, result.hints[level - 1], result.reason)

    def reset(self, step: str) -> Restored:
        """Put the starter files of a step back; what was there is kept under ``backup/``.

        Raises:
            NoStarter: the notebook they come from is not here.
        """
        spec = self.spec.step(step)
        cells = [cell for cell in _cells.starter_cells(self.spec, spec) if cell.path]
        restored = self._restore(step, "Starter files", cells)
        self._journal.set("results", step, None)
        self._journal.set("hints", step, None)
        return restored

    def solve(self, step: str) -> Restored:
        """Write the solution of a step: its files, and whatever its Python cells do. What was there is kept.

        Raises:
            NoSolution: the notebook it comes from is not here.
            CellFailed: a Python cell of it did not run.
        """
        spec = self.spec.step(step)
        return self._restore(step, "Solution", _cells.solution_cells(self.spec, spec))

    def _restore(self, step: str, what: str, cells: list[_cells.Cell]) -> Restored:
        files = tuple(dict.fromkeys(cell.path for cell in cells if cell.path))
        before = _files.listing(self.work)
        backup = _files.backup(self.work, list(files), step)
        self.run(cells)
        after = _files.listing(self.work)
        lost = [path for path in files if path in before and before[path] != after.get(path)]
        return Restored(step, what, files, backup if lost else None)

    def run(self, cells: list[_cells.Cell]) -> None:
        """Run cells one by one as the notebook would.

        Raises:
            CellFailed: a cell raised; an expected fault (`CourseError`) is raised as it is.
        """
        # `Lab("lab1")` in a cell must mean this workspace, wherever it is.
        acting = _acting.set({**_acting.get(), self.id: self.work})
        try:
            self._run(cells)
        finally:
            _acting.reset(acting)

    def _run(self, cells: list[_cells.Cell]) -> None:
        from helpers.errors import CourseError

        namespace: dict[str, Any] = {"__name__": "__main__", "lab": self, "display": lambda *a, **k: None}
        for cell in cells:
            if cell.path:
                # The caller has made the backup of this step already.
                inside = _files.inside(self.work, cell.path)
                with contextlib.suppress(FileNotFoundError):
                    inside.unlink()
                self.write(cell.path, cell.body)
            else:
                try:
                    # What a cell prints is for the notebook; here it would get into `--json`.
                    with contextlib.redirect_stdout(io.StringIO()):
                        exec(compile(cell.source, f"cell {cell.index}", "exec"), namespace)  # noqa: S102
                except CourseError:
                    raise
                except Exception as error:
                    raise CellFailed(
                        f"Cell {cell.index} of {self.id} did not run",
                        why=f"{type(error).__name__}: {error}",
                        next="Open the notebook and run the cell to see where.",
                    ) from error

    def progress(self) -> Progress:
        """Return the last verdict of every step, without judging again."""
        results = self._journal.read()["results"]
        return Progress(
            self.spec.title,
            tuple(
                StepState(s.id, s.title, s.notebook, s.points, results.get(s.id, {}).get("passed"),
                          results.get(s.id, {}).get("reason", ""))
                for s in self.spec.steps
            ),
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Lab({self.id}: {self.progress()!r})"

    def _repr_html_(self) -> str:
        return self.progress()._repr_html_()


#: Workspaces of labs whose cells are being run, by lab.
_acting: ContextVar[Mapping[str, Path]] = ContextVar("acting", default=MappingProxyType({}))


def workspace(spec: course.LabSpec) -> Path:
    """Return the workspace of a lab.

    While grading it is ``./work``. Else ``MOD208_WORKSPACE`` decides, else the assignment folder one stands in,
    else ``workspace/`` in the course.
    """
    if spec.id in _acting.get():
        return _acting.get()[spec.id]
    here = Path.cwd()
    if os.environ.get("MOD208_GRADING") == "1":
        return here / "work"
    if root := os.environ.get("MOD208_WORKSPACE"):
        return Path(root).expanduser() / spec.assignment / "work"
    if here.name == spec.assignment:
        return here / "work"
    return ROOT / "workspace" / spec.assignment / "work"
