"""The side panel's server part, and that what is built belongs to its sources."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.course.outline import UnknownStep
from helpers.course.panel import work
from helpers.course.panel.work import Asked
from helpers.course.workspace import locate
from scripts import build_panel

FILE = "modules/gpu-workspace/variables.tf"
NOTEBOOK = "workspace/lab1-module/01-interface.ipynb"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    (tmp_path / "workspace" / "lab1-module").mkdir(parents=True)
    (tmp_path / NOTEBOOK).write_text("{}")
    return str(tmp_path)


def test_the_built_panel_is_of_its_sources() -> None:
    assert build_panel.faults() == []
    package = json.loads((build_panel.BUILT / "package.json").read_text())
    assert (build_panel.BUILT / package["jupyterlab"]["_build"]["load"]).is_file()
    # No address of a registry is kept in the lock: the packages are known by their digests.
    assert "resolved" not in (build_panel.SOURCES / "package-lock.json").read_text()


@pytest.mark.parametrize("changed", ["extension/src/panel.ts", "labextension/static/style.js"])
def test_a_change_on_one_side_only_is_found(tmp_path: Path, changed: str) -> None:
    for name in ("extension", "labextension"):
        shutil.copytree(build_panel.PANEL / name, tmp_path / name)
    with (tmp_path / changed).open("a") as file:
        file.write("// more\n")
    assert len(build_panel.faults(tmp_path / "extension", tmp_path / "labextension")) == 1


def test_jupyterlab_and_its_server_find_it() -> None:
    built = Path(sys.prefix) / "share/jupyter/labextensions/mod208/package.json"
    assert built.read_bytes() == (build_panel.BUILT / "package.json").read_bytes()
    config = Path(sys.prefix) / "etc/jupyter/jupyter_server_config.d/mod208.json"
    assert json.loads(config.read_text()) == {
        "ServerApp": {"jpserver_extensions": {"helpers.course.panel.handlers": True}}
    }


def test_a_notebook_is_known_by_its_place(root: str) -> None:
    found = work.lab_of(NOTEBOOK, root)
    assert found is not None and found[1] == Path(root) / "workspace/lab1-module/work"
    moved = "moved/lab1-module/01-interface.ipynb"
    others = ("", "workspace/unit1/01-interface.ipynb", "workspace/lab1-module/own.ipynb", f"../{NOTEBOOK}", moved)
    for other in (*others, f"\0/{NOTEBOOK}", f"{'a' * 300}/{moved}", str(Path("/etc") / moved)):
        assert work.lab_of(other, root) is None


def test_a_copy_elsewhere_has_the_workspace_that_its_kernel_has(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = Path(root) / "copy" / "lab1-module" / "01-interface.ipynb"
    copy.parent.mkdir(parents=True)
    copy.write_text("{}")
    path = str(copy.relative_to(root))
    for workspace in (f"{root}/workspace", ""):
        monkeypatch.setenv("MOD208_WORKSPACE", workspace)
        found = work.lab_of(path, root)
        with monkeypatch.context() as kernel:
            kernel.chdir(copy.parent)
            assert found is not None and found[1] == locate(found[0])


def test_to_look_writes_nothing(root: str) -> None:
    before = sorted(Path(root).rglob("*"))
    assert work.overview(NOTEBOOK, root)["lab"]["id"] == "lab1"
    assert sorted(Path(root).rglob("*")) == before


def test_no_file_outside_the_workspace_is_read_for_a_cell(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = Path(root) / "outside.txt"
    outside.write_text("kept")
    (Path(root) / "workspace/lab1-module/work").mkdir()
    names = ["../../../outside.txt", str(outside), "link", "\0", "a" * 300, ""]
    (Path(root) / "workspace/lab1-module/work/link").symlink_to(outside)
    asked = Asked.of({"path": NOTEBOOK, "step": "interface", "cells": dict.fromkeys(names, "kept")}, root)
    # A cell that equals such a file would not be named: to be named is to be told nothing.
    assert work.check(asked)["unrun"] == names


def test_what_is_asked_for_must_be_there(root: str) -> None:
    with pytest.raises(BadInput, match="of no lab"):
        Asked.of({"path": "a.ipynb", "step": "interface"}, root)
    with pytest.raises(UnknownStep):
        Asked.of({"path": NOTEBOOK, "step": "../x"}, root)
    with pytest.raises(BadInput, match="Nothing is called"):
        work.serve({"name": "oci", "action": "destroy"})
    for name in ("all", "../oci", ""):
        with pytest.raises(BadInput, match="There is no service"):
            work.serve({"name": name, "action": "restart"})


def test_the_overview_leads_to_the_learners_own_copies(root: str) -> None:
    copy = Path(root) / "workspace/unit1/01-architecture-patterns.ipynb"
    copy.parent.mkdir()
    copy.write_text("{}")
    found = work.overview(NOTEBOOK, root)
    assert found["course"]["next"]["place"] == "workspace/unit1/01-architecture-patterns.ipynb"
    first = found["lab"]["steps"][0]
    assert first["place"] == f"{NOTEBOOK}#cell-id=step-interface" and first["passed"] is None
    assert {one["status"] for one in found["services"]} == {"stopped"}
    assert not found["gone"]
    nothing = work.overview("", root)
    assert nothing["lab"] is None and not nothing["gone"]
    (Path(root) / NOTEBOOK).unlink()
    moved = work.overview(NOTEBOOK, root)
    assert moved["lab"] is None and moved["gone"]


def test_a_solution_keeps_what_file_and_cell_said(root: str) -> None:
    asked = Asked.of({"path": NOTEBOOK, "step": "interface", "cells": {FILE: "# in the cell\n", "other": "x"}}, root)
    asked.lab.path(FILE).parent.mkdir(parents=True)
    asked.lab.path(FILE).write_text("# in the file\n")
    before = work.compare(asked)["changes"]
    assert "-# in the file" in before and '+variable "owner" {' in before
    assert asked.lab.read(FILE) == "# in the file\n"
    assert work.check(asked)["unrun"] == [FILE, "other"]
    done = work.solve(asked)
    assert done["verdict"]["passed"] and done["verdict"]["unrun"] == []
    assert done["cells"] == {FILE: asked.lab.read(FILE)}, "only cells of the step's files are changed"
    kept = {path.read_text() for path in asked.lab.work.parent.rglob("backup/**/variables.tf")}
    assert {"# in the file\n", "# in the cell\n"} <= kept
    assert work.compare(asked)["changes"] == ""
