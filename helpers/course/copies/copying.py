"""Copies of lectures and labs in the learner's workspace: without outputs, never overwritten, brought up to date."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.core.files import write_atomic
from helpers.core.paths import ROOT, workspace_dir
from helpers.course import outline
from helpers.course.copies.merging import Notebook, merge, text
from helpers.course.workspace import backup_directory

LECTURES = ROOT / "notebooks"
HOME = "00-welcome.ipynb"


@dataclass(frozen=True)
class Update:
    """What happened to the copies; paths are relative to the workspace.

    Attributes:
        new: made now. updated: brought up to date; what they were is under ``backup``.
        kept: notebook -> ids of cells that the course and the learner had both changed: the learner's stay.
        unreadable: copies that cannot be read as notebooks; they are as they were.
        unmerged: copies that stay as they are, since the note of what the learner was given is damaged.
    """

    new: tuple[str, ...]
    updated: tuple[str, ...]
    kept: dict[str, tuple[str, ...]]
    unreadable: tuple[str, ...]
    backup: Path | None
    unmerged: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {**asdict(self), "backup": self.backup and str(self.backup)}

    def __str__(self) -> str:
        lines = [f"{len(self.new)} new notebook(s) in {workspace_dir()}; what you had is as you left it."]
        if self.updated:
            lines.append(f"Brought up to date: {', '.join(self.updated)}. What they were is kept in {self.backup}.")
        for name, cells in self.kept.items():
            many = "1 cell that" if len(cells) == 1 else f"{len(cells)} cells that"
            lines.append(f"{name}: {many} you had changed too stay yours; the course's text stands below each.")
        lines += [f"{name} is not a notebook any more; it was left alone." for name in self.unreadable]
        lines += [
            f"{name} stays as it is: the note of what you were given is damaged, so the course's changes cannot be "
            f"told from yours. For the course's text, move {workspace_dir() / name} away, then: course open"
            for name in self.unmerged
        ]
        return "\n".join(lines)


def refresh() -> Update:
    """Give the learner a copy of every notebook of the course, and bring those that are there up to date."""
    work = workspace_dir()
    aside = backup_directory(work / "work", "update")
    new: list[str] = []
    updated: list[str] = []
    unreadable: list[str] = []
    unmerged: list[str] = []
    kept: dict[str, tuple[str, ...]] = {}
    for name, course in _course_notebooks():
        own, base = work / name, work / ".course" / name
        if not own.exists():
            _write(own, course)
            _write(base, course)
            new.append(name)
            continue
        mine, given = _readable(own), _readable(base)
        if mine is None:
            unreadable.append(name)
            continue
        if given is None and base.exists() and mine != course:
            unmerged.append(name)
            continue
        if given is None or given == course:
            # A copy made by an earlier release has no base: nobody can tell who wrote what in it.
            if mine == course:
                _write(base, course)
            continue
        done = merge(given, mine, course)
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(own, aside / name)
        _write(own, done.notebook)
        _write(base, course)
        updated.append(name)
        if done.kept:
            kept[name] = done.kept
    _copy_drawings(work)
    return Update(tuple(new), tuple(updated), kept, tuple(unreadable), aside if updated else None, tuple(unmerged))


def _copy_drawings(work: Path) -> None:
    """Put the drawings that the notebooks show beside them; nobody writes in these."""
    for path in (LECTURES / "drawings").rglob("*.svg"):
        copy, made = work / path.relative_to(LECTURES), path.read_bytes()
        if not copy.is_file() or copy.read_bytes() != made:
            copy.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(copy, made)


def _course_notebooks() -> Iterator[tuple[str, Notebook]]:
    """Yield each notebook as learners get it: its path in the workspace, its content with links and no outputs."""
    found = {path.relative_to(LECTURES).as_posix(): path for path in sorted(LECTURES.rglob("*.ipynb"))}
    released = ROOT / "release"
    found |= {path.relative_to(released).as_posix(): path for path in sorted(released.glob("*/*.ipynb"))}
    order = _order(found)
    for name, path in found.items():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        yield name, _prepared(notebook, name, order)


def _order(found: dict[str, Path]) -> list[str]:
    """Return the notebooks in the order in which they are best done."""
    directories = [*(stage.directory for stage in outline.stages()), outline.assessment().assignment]
    return [HOME, *(name for room in directories for name in sorted(found) if name.startswith(f"{room}/"))]


def _prepared(notebook: Notebook, name: str, order: list[str]) -> Notebook:
    """Return a notebook without outputs, with the way to its neighbours at head and foot."""
    cells = []
    for cell in notebook["cells"]:
        made = {**cell, "metadata": {k: v for k, v in cell["metadata"].items() if k != "execution"}}
        if cell["cell_type"] == "code":
            made |= {"outputs": [], "execution_count": None}
        elif cell["cell_type"] == "markdown":
            # A lab links to the lectures beside it in the repository; in the workspace they stand beside it.
            made["source"] = text(cell).replace("](../../notebooks/", "](../")
        cells.append(made)
    if way := _way(name, order):
        cells = [_markdown("course-way-head", way), *cells, _markdown("course-way-foot", way)]
    about = {key: value for key, value in notebook["metadata"].items() if key != "widgets"}
    return {**notebook, "metadata": about, "cells": cells}


def _markdown(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {"editable": False, "deletable": False}, "source": source}


def _way(name: str, order: list[str]) -> str:
    if name not in order or name == HOME:
        return ""
    here = order.index(name)
    stops = [("← Previous", order[here - 1]), ("Home", HOME)]
    if here + 1 < len(order):
        stops.append(("Next →", order[here + 1]))
    links = [f"[{label}]({Path(os.path.relpath(to, Path(name).parent)).as_posix()})" for label, to in stops]
    return " · ".join(links)


def _readable(path: Path) -> Notebook | None:
    """Return a notebook of the workspace; None when there is none that can be read."""
    try:
        notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            # Notebooks of before nbformat 4.5 have no ids, nor has one that another editor wrote.
            cell["id"] = str(cell["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return notebook


def _write(path: Path, notebook: Notebook) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
