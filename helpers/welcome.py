"""What the first notebook shows: the map of the course and how far one has come."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from helpers._paths import ROOT, workspace_dir
from helpers.teaching import Shown

#: The first notebook lies here; the map's links start from it.
START = ROOT / "notebooks"


def course_map() -> Shown:
    """Show the units and labs of ``course.yaml`` with links to their notebooks; what is not there yet is said."""
    from helpers.labs import course
    from helpers.widgets._html import dim, join, page, rows_html, tag

    module = course.load()
    rows = []
    for unit in module["units"]:
        found = sorted((ROOT / unit["folder"]).glob("*.ipynb"))
        rows.append(
            (
                f"Unit {unit['id'].removeprefix('U')}",
                unit["title"],
                unit["hours"],
                [(title(path), path) for path in found],
            )
        )
    for lab in module["labs"]:
        books = [(book["title"], _own(lab["assignment"], book["file"])) for book in lab["notebooks"]]
        rows.append((f"Lab {lab['id'].removeprefix('lab')}", lab["title"], lab["hours"], books))
    cells = [
        [
            unit,
            name,
            hours,
            join(tag("div", tag("a", label, href=link(path))) for label, path in books) if books else dim("later"),
        ]
        for unit, name, hours, books in rows
    ]
    lines = [f"{unit} {name} ({hours} h): {len(books)} notebooks" for unit, name, hours, books in rows]
    return Shown(page(rows_html(["Part", "Title", "#h", "Notebooks"], cells)), "\n".join(lines))


def _own(assignment: str, file: str) -> Path:
    """Return the learner's copy of a lab's notebook; the released one where JupyterLab cannot open a copy."""
    copy = workspace_dir() / assignment / file
    return copy if copy.is_file() and copy.is_relative_to(ROOT) else ROOT / "release" / assignment / file


def title(notebook: Path) -> str:
    """Return the first heading of a notebook, without marks."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [line for cell in cells if cell["cell_type"] == "markdown" for line in "".join(cell["source"]).splitlines()]
    heading = next((line for line in lines if line.startswith("# ")), notebook.stem)
    return heading.removeprefix("# ")


def link(path: Path) -> str:
    """Return a link from the first notebook to *path*."""
    return Path(os.path.relpath(path, START)).as_posix()


def progress() -> Shown:
    """Show how many steps of each lab pass and how many questions are answered, on this machine."""
    from helpers.labs import Lab, course
    from helpers.quiz import Quiz, load
    from helpers.teaching import table

    rows: list[tuple[str, str]] = []
    for questions in sorted(START.glob("unit*/questions.yaml")):
        for section in load(questions):
            quiz = Quiz(f"{questions.parent.name}/{section}")
            said = f"{len(quiz.answers)} of {len(quiz.questions)} answered, {quiz.right} right at the first answer"
            rows.append((f"Questionnaire {re.sub('unit', '', quiz.name)}", said))
    rows += [
        (f"Lab {lab['id'].removeprefix('lab')}: {lab['title']}", repr(Lab(lab["id"]).progress()))
        for lab in course.load()["labs"]
    ]
    return table(["Part", "So far"], rows)
