"""A lab as a learner, a grader and the author's CI meet it."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput, CourseError
from helpers.core.html.elements import head, mark, page, tag
from helpers.course import checks
from helpers.course.checks import CheckResult
from helpers.course.labs import _cells
from helpers.course.labs._kernel import in_notebook
from helpers.course.labs._magic import register
from helpers.course.labs._next import following
from helpers.course.labs._progress import Hint, Progress, progress
from helpers.course.labs.errors import BadCourse, CellFailed, StepFailed
from helpers.course.workspace import Workspace, acting_in, backup, difference, inside, listing


@dataclass(frozen=True)
class Restored:
    """Files a reset or solve put in place.

    Attributes:
        backup: the directory with what was there before, if anything was.
        changes: what was written, as a unified difference from what was there.
    """

    step: str
    what: str
    files: tuple[str, ...]
    backup: Path | None
    changes: str = ""

    def __repr__(self) -> str:
        saved = f" Your files are kept in {self.backup}." if self.backup else ""
        return f"{self.what} of {self.step}: {', '.join(self.files) or 'no files'}.{saved}"

    def _repr_html_(self) -> str:
        told = "The cells still have their former text: write --load after the path in a cell's first line, and run it."
        parts = [tag("pre", self.changes), tag("p", told)] if self.changes else []
        return page(tag("p", repr(self)), *parts)


@dataclass(frozen=True)
class Graded:
    """What a step gives that passes."""

    step: str
    points: float
    reason: str

    def __repr__(self) -> str:
        return f"{self.step}: {self.points:g} of {self.points:g} points. {self.reason[:1].upper()}{self.reason[1:]}."

    def _repr_html_(self) -> str:
        return page(head(f"Graded: {self.step}", mark("pass", f"{self.points:g} points")), tag("p", self.reason))


class Lab(Workspace):
    """One lab and its workspace; in a notebook it also registers the ``%%workfile`` magic.

    Args and errors as `Workspace`.
    """

    def __init__(self, name: str = "lab1", *, work: Path | None = None) -> None:
        super().__init__(name, work=work)
        register()

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
                why="course.yaml lists the step; helpers/course/checks does not.",
                next="Tell the people who run the course.",
            )
        result = replace(check(self), next=following(self.spec, spec.id))
        self._journal.set("results", step, {"passed": result.passed, "reason": result.reason})
        if result.passed:
            self._journal.set("hints", step, None)
        return result

    def check(self, step: str) -> Any:
        """Judge a step and show the verdict, with hints to open one by one."""
        result = self.result(step)
        if not in_notebook():
            return result
        # Only a notebook shows one, and ipywidgets is expensive.
        from helpers.widgets import CheckPanel

        return CheckPanel(result, self)

    def grade(self, step: str) -> Graded:
        """Judge a step for points; return what it gives.

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
        return Graded(step, result.points, result.reason)

    def hint(self, step: str, level: int | None = None) -> Hint:
        """Return a hint that fits what is wrong now: 1 nudge, 2 pointer, 3 near-solution.

        Args:
            step: id of the step.
            level: 1 to 3; without it, one more than the last time.

        Raises:
            BadInput: another level, or a near-solution of a step that has none.
        """
        if level is not None and level not in (1, 2, 3):
            raise BadInput(
                f"There is no hint level {level}",
                why="Levels are 1 (nudge), 2 (pointer) and 3 (near-solution).",
                next=f"course hint {self.id} {step} --level 1",
            )
        result = self.result(step)
        if result.passed:
            return Hint(step, 0, "This step passes. There is nothing to hint at.", result.reason)
        given, most = self._journal.read()["hints"].get(step, 0), len(result.hints)
        if level is not None and level > most:
            raise BadInput(
                f"{step} has no hint level {level}",
                why="No hint of this step is nearly its solution: it is yours to find.",
                next=f"course hint {self.id} {step} --level {most}",
            )
        level = level or min(given + 1, most)
        self._journal.set("hints", step, max(level, given))
        return Hint(step, level, result.hints[level - 1], result.reason, most)

    def reset(self, step: str) -> Restored:
        """Put the starter files of a step back; what was there is kept under ``backup/``.

        Raises:
            NoStarter: the notebook they come from is not here.
        """
        spec = self.spec.step(step)
        cells = [cell for cell in _cells.starter_cells(self.spec, spec) if cell.path]
        restored = self._restore(step, "Starter files", cells)
        for cell in cells:
            # The notebook's cell began with this text: a change of it may be written over the file.
            self._journal.set("cells", str(cell.path), self.read(str(cell.path)))
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
        cells = _cells.solution_cells(self.spec, spec)
        self._journal.set("shown", step, True)
        return self._restore(step, "Solution", cells)

    def compare(self, step: str) -> str:
        """Return how the files of a step differ from its solution, as a unified difference; nothing is written.

        Raises:
            NoSolution: the notebook it comes from is not here.
        """
        cells = [cell for cell in _cells.solution_cells(self.spec, self.spec.step(step)) if cell.path]
        self._journal.set("shown", step, True)
        lines: list[str] = []
        for path, text in {str(cell.path): cell.body for cell in cells}.items():
            lines += difference(path, self.read(path), text, "the solution")
        return "\n".join(lines)

    def _restore(self, step: str, what: str, cells: list[_cells.Cell]) -> Restored:
        files = tuple(dict.fromkeys(cell.path for cell in cells if cell.path))
        before, texts = listing(self.work), {path: self.read(path) for path in files}
        saved = backup(self.work, list(files), step)
        self.run(cells)
        after = listing(self.work)
        lost = [path for path in files if path in before and before[path] != after.get(path)]
        changes = [line for path in files for line in difference(path, texts[path], self.read(path))]
        return Restored(step, what, files, saved if lost else None, "\n".join(changes))

    def run(self, cells: list[_cells.Cell]) -> None:
        """Run cells one by one as the notebook would.

        Raises:
            CellFailed: a cell raised; an expected fault (`CourseError`) is raised as it is.
        """
        with acting_in(self):
            self._run(cells)

    def _run(self, cells: list[_cells.Cell]) -> None:
        namespace: dict[str, Any] = {"__name__": "__main__", "lab": self, "display": lambda *a, **k: None}
        for cell in cells:
            if cell.path:
                # The caller has made the backup of this step already.
                target = inside(self.work, cell.path)
                with contextlib.suppress(FileNotFoundError):
                    target.unlink()
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
        return progress(self.spec, self.work)

    def __repr__(self) -> str:
        return f"Lab({self.id}: {self.progress()!r})"

    def _repr_html_(self) -> str:
        return self.progress()._repr_html_()
