"""Exports what came out of grading: points and reasons per step, and competencies per learner.

``nbgrader export --to grades.csv`` (or ``.json``) uses it as nbgrader's exporter; ``python -m grading.export``
with the same options is the same.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Collection, Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin

from grading import _notebook
from grading._notebook import Node
from helpers.core import terminal
from helpers.course import outline
from helpers.course.competencies import Competency, Graded, Judged, assess

#: Step of the line that takes points from a notebook that was handed in late.
LATE = "late-penalty"
_GRADES = re.compile(r"""\.grade\(["']([\w-]+)["']\)""")


class CourseExport(ExportPlugin):  # type: ignore[misc]
    """nbgrader's exporter of this course; the file's ending chooses CSV or JSON."""

    def export(self, gradebook: Any) -> None:
        """Write the file named by ``--to`` (default ``grades.csv``)."""
        target = Path(self.to or "grades.csv")
        parent: Any = self.parent
        together = list(parent.config.get("GradedExecute", {}).get("together", ()))
        rows = collect(gradebook, parent.coursedir, list(self.student), list(self.assignment), together)
        text = as_json(rows, assess(rows, outline.load())) if target.suffix == ".json" else as_csv(rows)
        target.write_text(text, encoding="utf-8")
        self.log.info("Exported %s graded cells to %s", len(rows), target)


def collect(
    gradebook: Any, coursedir: Any, students: list[str], assignments: list[str], together: Collection[str] = ()
) -> list[Graded]:
    """Return every graded cell of the wanted learners and assignments (empty list: all), in the order of the course.

    Args:
        together: assignments that are judged in the learner's kernel (``c.GradedExecute.together``).
    """
    rows: list[Graded] = []
    for assignment in gradebook.assignments:
        if assignments and assignment.name not in assignments:
            continue
        steps = {book.name: _steps(coursedir, assignment.name, book.name) for book in assignment.notebooks}
        for student in sorted(gradebook.students, key=lambda one: str(one.id)):
            if not students or str(student.id) in [str(one) for one in students]:
                mine = _submission(gradebook, coursedir, assignment, str(student.id), steps)
                rows += [replace(row, judged=_judged(row, together)) for row in mine]
    return rows


def _judged(row: Graded, together: Collection[str]) -> Judged:
    if row.state in ("not-submitted", "not-graded"):
        return ""
    if any(one.startswith("unsafe:") for one in row.remarks.split("; ")):
        return "unsafe"
    return "together" if row.assignment in together else "apart"


def _submission(
    gradebook: Any, coursedir: Any, assignment: Any, student: str, steps: dict[str, dict[str, str]]
) -> list[Graded]:
    try:
        submission = gradebook.find_submission(assignment.name, student)
    except MissingEntry:
        submission = None
    folder = Path(coursedir.format_path(coursedir.autograded_directory, student, assignment.name))
    rows: list[Graded] = []
    for book in sorted(assignment.notebooks, key=lambda one: str(one.name)):
        cells, remarks = _cells(folder / f"{book.name}.ipynb")
        order = list(steps[book.name]) or [cell.name for cell in book.grade_cells]
        mine = []
        for cell in sorted(book.grade_cells, key=lambda one: order.index(one.name) if one.name in order else 999):
            state, points, reason = "not-submitted", 0.0, "Nothing was handed in."
            if submission is not None:
                grade = gradebook.find_grade(cell.name, book.name, assignment.name, student)
                comment = _comment(gradebook, cell.name, book.name, assignment.name, student)
                state, points, reason = _verdict(grade, cells, cell.name, comment)
            step, most = steps[book.name].get(cell.name, cell.name), float(cell.max_score)
            names = (student, assignment.name, book.name, step, cell.name)
            mine.append(Graded(*names, state, points, most, reason, remarks))
        rows += mine
        if submission is not None:
            rows += _late(mine, _penalty(gradebook, book.name, assignment.name, student))
    return rows


def _penalty(gradebook: Any, notebook: str, assignment: str, student: str) -> float:
    """Return what nbgrader takes from a notebook that was handed in late; it keeps that apart from the grades."""
    try:
        found = gradebook.find_submission_notebook(notebook, assignment, student)
    except MissingEntry:
        return 0.0
    return float(found.late_submission_penalty or 0.0)


def _late(rows: list[Graded], penalty: float) -> list[Graded]:
    """Return a line of its own for the penalty, never more than the notebook's points."""
    taken = min(penalty, sum(row.points for row in rows))
    if taken <= 0:
        return []
    line = replace(rows[0], step=LATE, cell=LATE, state="failed", points=-taken, max_points=0.0)
    return [replace(line, reason="Handed in late.")]


def _verdict(grade: Any, cells: dict[str, Node] | None, name: str, comment: str) -> tuple[str, float, str]:
    points = float(grade.score or 0.0)
    if cells is None:
        return "not-graded", 0.0, "Grading this submission failed or has not been done; see nbgrader's log."
    said = comment or _reason(cells.get(name))
    if grade.needs_manual_grade:
        return "review", points, said or "Waits for a person."
    if points >= float(grade.max_score):
        return "passed", points, comment
    return ("partial" if points else "failed"), points, said


def _comment(gradebook: Any, cell: str, notebook: str, assignment: str, student: str) -> str:
    try:
        comment = gradebook.find_comment(cell, notebook, assignment, student)
    except MissingEntry:
        return ""
    return comment.comment or ""


def _cells(path: Path) -> tuple[dict[str, Node] | None, str]:
    try:
        nb = _notebook.read(path)
    except (OSError, ValueError):
        return None, ""
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id", ""): cell for cell in nb.cells}
    return cells, "; ".join(terminal.plain(str(one)) for one in nb.metadata.get("mod208", {}).get("remarks", []))


def _reason(cell: Node | None) -> str:
    """Return the words of the error a cell ended with, without colours and frames."""
    errors = [out for out in cell.get("outputs", []) if out.output_type == "error"] if cell is not None else []
    if not errors:
        return ""
    said = terminal.plain(errors[-1].evalue).strip()
    return said or terminal.plain(errors[-1].ename)


def _steps(coursedir: Any, assignment: str, notebook: str) -> dict[str, str]:
    """Return grade cell -> step, in the notebook's order, from the instructor's notebook."""
    path = Path(coursedir.format_path(coursedir.source_directory, ".", assignment)) / f"{notebook}.ipynb"
    found = {}
    for cell in _notebook.read(path).cells if path.is_file() else []:
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("grade"):
            asked = _GRADES.search(cell.source)
            step = cell.metadata.get("mod208", {}).get("step") or (asked[1] if asked else meta["grade_id"])
            found[meta["grade_id"]] = step
    return found


def as_csv(rows: Iterable[Graded]) -> str:
    """Return one line a graded cell; text that a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [field.name for field in fields(Graded)]
    writer.writerow(names)
    for row in rows:
        writer.writerow([_plain(getattr(row, name)) for name in names])
    return out.getvalue()


def _plain(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def as_json(rows: Iterable[Graded], found: Iterable[Competency]) -> str:
    """Return learner -> assignments -> steps, and competencies with evidence among these, as JSON."""
    students: dict[str, dict[str, Any]] = {}
    for row in rows:
        student = students.setdefault(row.student, {"id": row.student, "assignments": {}, "competencies": []})
        one = student["assignments"].setdefault(row.assignment, {"points": 0.0, "max_points": 0.0, "steps": []})
        one["points"] += row.points
        one["max_points"] += row.max_points
        detail = asdict(row)
        del detail["student"], detail["assignment"]
        one["steps"].append(detail)
    for competency in found:
        student = students[competency.student]
        if student["assignments"].keys() & set(competency.assignments):
            detail = competency.to_dict()
            del detail["student"], detail["lost"]  # the steps are there already
            student["competencies"].append(detail)
    return json.dumps({"course": "mod208", "students": list(students.values())}, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    from nbgrader.apps import ExportApp

    sys.exit(ExportApp.launch_instance())
