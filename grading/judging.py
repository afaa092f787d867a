"""Which cells are the learner's and which the judge's, and how what both gave becomes one notebook."""

from __future__ import annotations

import copy
import re
from pathlib import Path

from nbgrader.utils import is_grade, is_locked, is_solution

from grading import _notebook
from grading._notebook import Node
from grading.data import Taken
from helpers.core import terminal
from helpers.core.errors import CourseError

#: The judge's first cell: what a learner's registry claims is offered to the judge's. After the set-up: see there.
PRELUDE, PIN = "from grading import claims\n\nclaims.offer()", "claims.pin_cloud()"
#: Before all others, where the judge's services go on from a learner's data.
SEAL = "from grading import sealing\n\nsealing.seal()"


class NotJudged(CourseError):
    """The instructor's version of a notebook is not there, so nothing can be judged by it."""

    code = "not-judged"


def locked_cells(path: Path) -> list[Node]:
    """Return the cells of the instructor's notebook that judge: its set-up, and what learners may not change.

    Raises:
        NotJudged: there is no such notebook.
    """
    try:
        nb = _notebook.read(path)
    except FileNotFoundError:
        raise NotJudged(
            f"{path.name} cannot be judged: the instructor's notebook is missing",
            why=f"{path} does not exist; the locked cells are taken from it.",
            next="Put the assignment's source where nbgrader generated it from.",
        ) from None
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    return [cell for cell in code if cell is code[0] or (is_locked(cell) and not is_solution(cell)) or judged(cell)]


def judged(cell: Node) -> bool:
    """Return whether points come from what this cell does when it runs."""
    return bool(cell.cell_type == "code" and is_grade(cell) and not is_solution(cell))


def without_graded(nb: Node) -> Node:
    """Return a submitted notebook for the learner's sandbox: the cells that judge are in it, empty."""
    theirs = copy.deepcopy(nb)
    for cell in theirs.cells:
        if judged(cell):
            cell.source = ""
        if cell.cell_type == "code":
            cell.outputs = []
    return theirs


def notebook(locked: list[Node], like: Node, *, seal: bool = False) -> Node:
    """Return the notebook that the judge runs; it is empty when points come from no cell of it.

    Args:
        locked: the cells of the instructor's notebook that judge.
        like: the submitted notebook.
        seal: close the judge's kernel to the programs that it starts.
    """
    nb = copy.deepcopy(like)
    if not any(judged(cell) for cell in locked):
        nb.cells = []
        return nb
    setup, *judging = copy.deepcopy(locked)
    before = [SEAL, PRELUDE] if seal else [PRELUDE]
    nb.cells = [*(_notebook.cell("code", text) for text in before), setup, _notebook.cell("code", PIN), *judging]
    for cell in nb.cells:
        cell.outputs = []
    return nb


def merge(nb: Node, theirs: Node, ours: Node, taken: Taken) -> None:
    """Give *nb* the outputs of both runs: by place what the learner's cells said, by id what the judge said.

    A cell that judges and that the judge did not run (it is in no instructor's notebook) has failed.
    """
    verdicts = {name(cell): cell for cell in ours.cells if judged(cell)}
    for cell, ran in zip(nb.cells, theirs.cells, strict=True):
        if cell.cell_type != "code":
            continue
        if not judged(cell):
            cell.outputs, cell.execution_count = ran.outputs, ran.get("execution_count")
            continue
        verdict = verdicts.pop(name(cell), None)
        if verdict is None:
            cell.outputs = [_notebook.error("NotJudged", "This cell is not in the instructor's notebook.")]
            continue
        cell.source, cell.outputs = verdict.source, verdict.outputs
        cell.execution_count = verdict.get("execution_count")
    note_taken(nb, taken)


def note_taken(nb: Node, taken: Taken) -> None:
    """Note what was graded: the digest of the files, and what was left out."""
    facts = {"workspace": taken.digest, "files": taken.files}
    nb.metadata["mod208"] = {**nb.metadata.get("mod208", {}), "judged": facts}
    for line in taken.left_out[:20]:
        remark(nb, f"not taken: {line}")


def remark(nb: Node, text: str) -> None:
    """Add a remark for the instructor to a notebook's metadata; the export has it."""
    mine = nb.metadata.get("mod208", {})
    # Names of files are in it, which a learner chose.
    said = " ".join(terminal.plain(text).split())
    nb.metadata["mod208"] = {**mine, "remarks": [*mine.get("remarks", []), said]}


def changed(nb: Node, locked: list[Node]) -> list[str]:
    """Return the names of the locked cells of which the submission has another text than was handed out."""
    ours = {name(cell): handed_out(cell.source) for cell in locked if cell.metadata.get("nbgrader")}
    found = {name(cell): cell.source for cell in nb.cells if name(cell) in ours}
    return [one for one, text in found.items() if text.strip() != ours[one].strip()]


def handed_out(source: str) -> str:
    """Return an instructor's cell as learners get it."""
    return re.sub(r"(?s)\s*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[^\n]*", "", source)


def name(cell: Node) -> str:
    """Return nbgrader's name of a cell."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def notice_unsafe(why: str) -> Node:
    """Return the cell that says that the grade was made without a sandbox."""
    text = f"**This grade is unsafe:** the submission was run with the grader's rights. {why}."
    return _notebook.cell("markdown", text, id="notice-unsafe")


__all__ = ["NotJudged", "locked_cells", "merge", "note_taken", "notebook", "without_graded"]
