"""Reads what learners hand in, however broken it is."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.api import MissingEntry
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import OverwriteCells
from nbgrader.utils import find_all_files, is_grade, is_locked, is_solution

from grading import _notebook, judging, matching
from grading._notebook import Node

#: Characters of one notebook file beyond which it is not read at all.
MAX_NOTEBOOK = 50_000_000


class Unreadable(Exception):
    """A submitted notebook that cannot be taken as it is; the message says why, for the learner."""


def read(path: Path) -> Node:
    """Return a submitted notebook.

    Raises:
        Unreadable: it is missing, too large, no notebook, or its grading metadata is damaged.
    """
    try:
        if path.is_symlink():
            raise Unreadable("it is a link to a file that was not handed in")
        if path.stat().st_size > MAX_NOTEBOOK:
            raise Unreadable(f"the file is larger than {MAX_NOTEBOOK // 1_000_000} MB")
        nb = _notebook.writable(_notebook.read(path))
        _notebook.validate(nb)
    except FileNotFoundError:
        raise Unreadable("it was not in the submission") from None
    except Unreadable:
        raise
    except Exception as error:  # nbformat has many ways to say that a file is not a notebook
        raise Unreadable(f"it is not a valid notebook ({str(error).splitlines()[0][:200]})") from None
    _check_metadata(nb)
    return nb


def _check_metadata(nb: Node) -> None:
    # A wrong schema version in one submission makes nbgrader stop for the whole class, so it is caught here.
    validator = MetadataValidator()
    for cell in nb.cells:
        meta = cell.metadata.get("nbgrader")
        if not meta:
            cell.metadata.pop("nbgrader", None)
            continue
        try:
            validator.validate_cell(cell)
        except Exception as error:
            reason = str(error).splitlines()[0][:200] or type(error).__name__
            raise Unreadable(f"the grading metadata of a cell is damaged ({reason})") from None


class SubmissionReader(NotebookExporter):
    """Reads notebooks for nbgrader's autograding.

    One that cannot be read is graded as the released notebook with the learner's own files: the work is judged, and
    the learner sees what was wrong with the notebook.
    """

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> tuple[Any, dict[str, Any]]:
        """Convert one notebook file; see the class."""
        path = Path(filename)
        resources["metadata"] = {"name": path.stem, "path": str(path.parent)}
        handed_in = path.parent.resolve() == self._submitted(resources["nbgrader"])
        found = matching.match(path.parent, self._release_of(resources["nbgrader"])) if handed_in else None
        try:
            nb = read(found.files.get(path.name, path) if found else path)
            if found:
                # The course's own notes on how a notebook was graded: a learner's are claims, and not taken.
                nb.metadata.pop("mod208", None)
                _note(nb, path, found)
        except Unreadable as fault:
            self.log.warning("%s: %s; the released notebook is graded in its place", filename, fault)
            nb = self._released(resources["nbgrader"])
            nb.cells.insert(0, _notice(path.name, str(fault)))
            nb.metadata["mod208"] = {"replaced": str(fault)}
            if found:
                _note(nb, path, found)
        convert: Any = self.from_notebook_node
        converted: tuple[Any, dict[str, Any]] = convert(nb, resources, **kw)
        return converted

    def _submitted(self, who: dict[str, str]) -> Path:
        converter: Any = self.parent
        coursedir = converter.coursedir
        directory = coursedir.format_path(coursedir.submitted_directory, who["student"], who["assignment"])
        return Path(directory).resolve()

    def _released(self, who: dict[str, str]) -> Node:
        return _notebook.read(self._release_of(who) / f"{who['notebook']}.ipynb")

    def _release_of(self, who: dict[str, str]) -> Path:
        converter: Any = self.parent
        coursedir = converter.coursedir
        return Path(coursedir.format_path(coursedir.release_directory, ".", who["assignment"]))


def _note(nb: Node, path: Path, found: matching.Matched) -> None:
    """Say in a notebook, and to the export, under which name it was handed in and which others were not graded."""
    said = []
    if (file := found.files.get(path.name, path)).name != path.name:
        nb.metadata["mod208"] = {**nb.metadata.get("mod208", {}), "renamed": file.name}
        said.append(f"{file.name} was graded as {path.name}: its cells are of that notebook")
    said += [f"{name} is not a notebook of this assignment; it was not graded" for name in found.extra]
    for number, text in enumerate(said):
        mine = nb.metadata.get("mod208", {})
        nb.metadata["mod208"] = {**mine, "remarks": [*mine.get("remarks", []), text]}
        nb.cells.insert(0, _notebook.cell("markdown", f"**{text}.**", id=f"notice-name-{number}"))


def _notice(name: str, why: str) -> Node:
    return _notebook.cell(
        "markdown",
        f"**{name} could not be graded as handed in:** {why}.\n\n"
        "The released notebook stands in its place. Your files in `work/` were kept and graded.",
        id="notice-replaced",
    )


def complete(assignment: str, student: str, notebooks: list[str]) -> None:
    """Add the notebooks a submission lacks, so that its files are judged all the same (nbgrader's pre-convert hook)."""
    if not notebooks:
        return
    folder = Path(notebooks[0]).parent
    # .../submitted/STUDENT/ASSIGNMENT, in the default structure that nbgrader_config.py keeps
    released = folder.parent.parent.parent / "release" / folder.name
    there = {Path(path).name for path in notebooks}
    if len(there) < len(list(folder.glob("*.ipynb"))):
        return  # only some notebooks were asked for (--notebook)
    notebooks.extend(str(folder / path.name) for path in sorted(released.glob("*.ipynb")) if path.name not in there)
    notebooks.sort()


class RestoreCells(OverwriteCells):  # type: ignore[misc]
    """nbgrader's `OverwriteCells`, which also puts deleted cells back where they were.

    nbgrader's own way fails for the whole submission when the cell before the missing one is gone too, and leaves out
    read-only cells, which the tests need.
    """

    def preprocess(self, nb: Node, resources: Any) -> tuple[Node, Any]:
        """Restore what was changed or deleted; a pasted copy of a cell has become an ordinary one."""
        for cell in nb.cells:
            if not cell.metadata.get("nbgrader", True):
                del cell.metadata["nbgrader"]  # `DeduplicateIds` empties it, which no later step accepts
        restored: tuple[Node, Any] = super().preprocess(nb, resources)
        return restored

    def preprocess_cell(self, cell: Node, resources: Any, index: int) -> tuple[Node, Any]:
        """Restore one cell; a graded cell that only an older release had has become an ordinary one."""
        self._as_handed_out = False
        with contextlib.suppress(MissingEntry, AttributeError, KeyError):
            name = cell.metadata["nbgrader"]["grade_id"]
            known = self.gradebook.find_source_cell(name, self.notebook_id, self.assignment_id)
            self._as_handed_out = cell.source.strip() == judging.handed_out(known.source).strip()
        cell, resources = super().preprocess_cell(cell, resources, index)
        if "grade_id" not in cell.metadata.get("nbgrader", {"grade_id": ""}):
            del cell.metadata["nbgrader"]  # nbgrader takes only its id, and its next step needs one
        return cell, resources

    def report_change(self, name: str, attribute: str, expected: Any, found: Any) -> None:
        """Warn of a change; hidden tests, which learners do not get, are not one, and would hide the real ones."""
        if attribute != "checksum" or not self._as_handed_out:
            super().report_change(name, attribute, expected, found)

    def add_missing_grade_cells(self, nb: Node, resources: Any) -> tuple[Node, Any]:
        """Put back every graded or read-only cell that is gone, each after the nearest one before it that is there."""
        source = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        points = {cell.name: cell.max_score for cell in source.grade_cells}
        answers = {cell.name for cell in source.solution_cells}
        tasks = {cell.name for cell in source.task_cells}
        previous = None
        for cell in self._in_order(source):
            there = _position(nb, cell.name)
            wanted = (cell.name in points or cell.locked) and cell.name not in tasks
            if there is None and wanted:
                at = 0 if previous is None else (_position(nb, previous) or 0) + 1
                nb.cells.insert(at, self._restored(cell, points.get(cell.name), cell.name in answers))
                self.log.warning("Missing cell %s put back", cell.name)
            if there is not None or wanted:
                previous = cell.name
        return nb, resources

    def _in_order(self, source: Any) -> list[Any]:
        # The gradebook does not promise an order; the released notebook has it.
        coursedir = self.parent.parent.coursedir
        folder = Path(coursedir.format_path(coursedir.release_directory, ".", self.assignment_id))
        try:
            released = _notebook.read(folder / f"{self.notebook_id}.ipynb")
        except FileNotFoundError:
            return list(source.source_cells)
        order = {c.metadata.get("nbgrader", {}).get("grade_id"): at for at, c in enumerate(released.cells)}
        return sorted(source.source_cells, key=lambda cell: order.get(cell.name, len(order)))

    def _restored(self, cell: Any, points: float | None, answer: bool) -> Node:
        meta = {
            "grade": points is not None,
            "grade_id": cell.name,
            "locked": bool(cell.locked),
            "solution": answer,
            "task": False,
            "schema_version": MetadataValidator().schema_version,
            "checksum": cell.checksum,
            "cell_type": cell.cell_type,
        }
        if points is not None:
            meta["points"] = points
        return _notebook.cell(cell.cell_type, cell.source, id=_cell_id(cell.name), metadata={"nbgrader": meta})


def _position(nb: Node, name: str) -> int | None:
    for at, cell in enumerate(nb.cells):
        marked = is_grade(cell) or is_solution(cell) or is_locked(cell)
        if marked and cell.metadata.nbgrader.get("grade_id") == name:
            return at
    return None


def _cell_id(name: str) -> str:
    return "restored-" + re.sub(r"[^A-Za-z0-9_-]", "-", name)[:50]


class LearnersOwn(dict[str, list[str]]):
    """nbgrader's ``exclude_overwriting`` for every assignment: no file of a submission is replaced by ours.

    nbgrader asks by name of the assignment; the answer is looked up each time, so that it is right in a long-lived
    formgrader too.
    """

    def __init__(self, source: Path, ignore: list[str]) -> None:
        super().__init__()
        self.source, self.ignore = source, ignore

    def get(self, assignment: str, default: Any = None) -> list[str]:
        """Return every file of the instructor's directory other than notebooks, relative to it."""
        folder = self.source / assignment
        files = find_all_files(str(folder), [*self.ignore, "*.ipynb"])
        return [str(Path(path).relative_to(folder)) for path in files]

    def __copy__(self) -> LearnersOwn:
        return LearnersOwn(self.source, self.ignore)

    def __deepcopy__(self, memo: Any) -> LearnersOwn:
        return LearnersOwn(self.source, self.ignore)


__all__ = ["LearnersOwn", "RestoreCells", "SubmissionReader", "Unreadable", "complete", "read"]
