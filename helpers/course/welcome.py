"""What the first notebook shows: the map of the course and how far one has come."""

from __future__ import annotations

import os
from pathlib import Path

from helpers.core.html.elements import Html, dim, join, mark, page, rows_html, tag
from helpers.core.html.style import Mark
from helpers.core.paths import ROOT, workspace_dir
from helpers.course import outline
from helpers.course.journey import Journey, Part, journey, title
from helpers.course.teaching import Shown

LECTURES = ROOT / "notebooks"


def course_map() -> Shown:
    """Show the units and labs of ``course.yaml`` with links to their notebooks; what does not exist yet is said."""
    module = outline.load()
    rows = []
    for unit in module["units"]:
        found = sorted(outline.lectures_of(unit).glob("*.ipynb"))
        rows.append(
            (
                f"Unit {unit['id'].removeprefix('U')}",
                unit["title"],
                unit["hours"],
                [(title(path), _copy_of(path)) for path in found],
            )
        )
    for lab in module["labs"]:
        books = [(book["title"], _own(lab["assignment"], book["file"])) for book in lab["notebooks"]]
        rows.append((outline.name_of(lab["id"]), lab["title"], lab["hours"], books))
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


def _copy_of(lecture: Path) -> Path:
    """Return the learner's copy of a lecture when the first notebook is one itself; else the lecture."""
    copy = workspace_dir() / lecture.relative_to(LECTURES)
    return copy if Path.cwd() == workspace_dir() and copy.is_file() else lecture


def link(path: Path) -> str:
    """Return a link to *path* from the first notebook, wherever that is run."""
    start = workspace_dir() if Path.cwd() == workspace_dir() else LECTURES
    return Path(os.path.relpath(path, start)).as_posix()


def progress() -> Shown:
    """Show how far one has come on this machine: questions answered, steps that pass, points, and what comes next."""
    found = journey()
    said = repr(found)
    rows = [[part.stage, _named(part, found), _bar(part), f"{part.done} of {part.of}"] for part in found.parts]
    sentences = [tag("p", one) for one in said.splitlines()[-2:]]
    return Shown(page(rows_html(["Part", "Notebook", "", "#so far"], rows), *sentences), said)


def _named(part: Part, found: Journey) -> Html:
    path = ROOT / part.notebook
    if path.is_relative_to(LECTURES):
        path = _copy_of(path)
    shown = tag("a", part.title, href=link(path)) if path.is_file() else tag("span", part.title)
    return join((shown, mark(Mark("→", "continue here", "change"))), " ") if part is found.next else shown


def _bar(part: Part) -> Html:
    percent = round(100 * part.done / part.of) if part.of else 100
    values = {"aria-valuenow": percent, "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": part.title}
    filled = tag("i", style=f"width:{percent}%")
    return tag("span", filled, class_="m-bar m-info", role="progressbar", **values)
