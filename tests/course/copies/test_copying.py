"""Copies in the workspace: of every notebook, without outputs, ignored by Git, brought up to date by the next open."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.core.paths import ROOT
from helpers.course.copies import copying, refresh


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@pytest.fixture
def small(tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of one lecture, to be changed."""
    lecture = tmp_path / "notebooks" / "unit1" / "01-x.ipynb"
    lecture.parent.mkdir(parents=True)
    cells = [nbformat.v4.new_code_cell("1", id="a"), nbformat.v4.new_code_cell("2", id="b")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lecture)
    monkeypatch.setattr(copying, "LECTURES", tmp_path / "notebooks")
    return lecture


def edit(path: Path, name: str, source: str) -> None:
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["id"] == name:
            cell["source"] = source
    path.write_text(json.dumps(notebook))


def sources(path: Path) -> dict[str, str]:
    return {c["id"]: "".join(c["source"]) for c in json.loads(path.read_text())["cells"]}


def test_every_notebook_is_copied_valid_and_without_outputs(workspace: Path) -> None:
    made = refresh()
    for origin in [*(ROOT / "notebooks").rglob("*.ipynb"), *(ROOT / "release").glob("*/*.ipynb")]:
        room = ROOT / ("notebooks" if origin.is_relative_to(ROOT / "notebooks") else "release")
        copy = workspace / origin.relative_to(room)
        notebook: Any = nbformat.read(copy, as_version=4)
        nbformat.validate(notebook)
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells), copy
    assert sorted(made.new) == sorted(
        p.relative_to(workspace).as_posix() for p in workspace.rglob("*.ipynb") if ".course" not in p.parts
    )
    assert refresh().new == () and refresh().updated == ()


def test_every_link_of_a_copy_leads_to_a_file(workspace: Path) -> None:
    refresh()
    for name in [copying.HOME, *(p.relative_to(workspace).as_posix() for p in workspace.glob("*/*.ipynb"))]:
        for cell in json.loads((workspace / name).read_text())["cells"]:
            if cell["cell_type"] != "markdown":
                continue
            for to in re.findall(r"\]\(([^)#\s]+\.ipynb)", "".join(cell["source"])):
                assert (workspace / name).parent.joinpath(to).is_file(), (name, to)


def test_previous_next_and_home_lead_through_the_whole_course(workspace: Path) -> None:
    refresh()
    here, seen = workspace / "unit1/01-architecture-patterns.ipynb", []
    while True:
        seen.append(here.relative_to(workspace).as_posix())
        head = sources(here)["course-way-head"]
        assert head == sources(here)["course-way-foot"] and "[Home](../00-welcome.ipynb)" in head
        following = re.search(r"\[Next →\]\(([^)]+)\)", head)
        if following is None:
            break
        here = (here.parent / following.group(1)).resolve()
    assert sorted(seen) == sorted(p.relative_to(workspace).as_posix() for p in workspace.glob("[!.]*/*.ipynb"))


def test_an_update_brings_the_change_and_keeps_what_was_written(small: Path, workspace: Path) -> None:
    refresh()
    own = workspace / "unit1" / "01-x.ipynb"
    edit(own, "a", "mine")
    before = own.read_text()
    edit(small, "b", "two")
    done = refresh()
    assert done.updated == ("unit1/01-x.ipynb",) and not done.kept
    assert (sources(own)["a"], sources(own)["b"]) == ("mine", "two")
    assert done.backup is not None and (done.backup / "unit1" / "01-x.ipynb").read_text() == before
    edit(small, "a", "one")
    done = refresh()
    assert done.kept == {"unit1/01-x.ipynb": ("a",)} and "stay yours" in str(done)
    assert sources(own)["a"] == "mine" and "one" in sources(own)["a-course"]
    assert refresh().updated == ()


def test_a_copy_that_is_no_notebook_any_more_is_told_and_left(small: Path, workspace: Path) -> None:
    refresh()
    own = workspace / "unit1" / "01-x.ipynb"
    own.write_text("{")
    edit(small, "b", "two")
    done = refresh()
    assert done.unreadable == ("unit1/01-x.ipynb",) and own.read_text() == "{"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"cells": null}', '{"cells": [{"source": "no id"}]}'])
def test_a_damaged_note_of_what_was_given_is_told_and_the_copy_left(small: Path, workspace: Path, damage: str) -> None:
    refresh()
    own, base = workspace / "unit1" / "01-x.ipynb", workspace / ".course" / "unit1" / "01-x.ipynb"
    edit(own, "a", "mine")
    before = own.read_text()
    base.write_text(damage)
    edit(small, "b", "two")
    done = refresh()
    assert done.unmerged == ("unit1/01-x.ipynb",) and own.read_text() == before
    assert f"move {own} away, then: course open" in str(done)
    own.rename(own.with_suffix(".mine"))
    assert refresh().new == ("unit1/01-x.ipynb",) and sources(own)["b"] == "two"
    assert refresh().unmerged == ()


def test_a_damaged_note_of_an_untouched_copy_is_written_again(small: Path, workspace: Path) -> None:
    refresh()
    base = workspace / ".course" / "unit1" / "01-x.ipynb"
    given = base.read_text()
    base.write_text("{")
    assert refresh().unmerged == () and base.read_text() == given


def test_a_copy_of_an_earlier_release_is_left_alone(small: Path, workspace: Path) -> None:
    own = workspace / "unit1" / "01-x.ipynb"
    own.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("old", id="a")]), own)
    before = own.read_text()
    refresh()
    assert own.read_text() == before


def test_git_sees_nothing_of_the_learners_copies() -> None:
    paths = [
        "workspace/00-welcome.ipynb",
        "workspace/unit1/01-architecture-patterns.ipynb",
        "workspace/.course/x.ipynb",
    ]
    done = subprocess.run(["git", "check-ignore", *paths], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == paths
