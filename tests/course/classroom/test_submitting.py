"""What travels with a submission beside its files, and what of it the judge takes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grading.places import REGISTRY, Box
from helpers.core.errors import CourseError
from helpers.core.paths import ROOT, nbgrader_settings
from helpers.course.classroom import carrying
from helpers.course.labs import Lab


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's home with a copy of Lab 1, and a registry that has one package."""
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    registry = tmp_path / "state" / carrying.REGISTRY
    (registry / "modules" / "platform" / "x" / "y" / "1.0.0").mkdir(parents=True)
    (registry / "modules" / "platform" / "x" / "y" / "1.0.0" / "module.tar.gz").write_bytes(b"package")
    access = {"tokens": {"admin": {"sha256": "TOKEN"}}, "keys": {"platform": {}}, "ticket_secret": "TICKET"}
    (registry / "access.json").write_text(json.dumps(access))
    (registry / "admin.token").write_text("TOKEN")
    directory = tmp_path / "workspace" / "lab1-module"
    shutil.copytree(ROOT / "release" / "lab1-module", directory)
    (directory / "work").mkdir()
    return directory


def test_what_was_published_travels_and_no_token(learner: Path) -> None:
    carrying.carry(learner)
    added = learner / carrying.ADDED
    assert sorted(path.name for path in added.rglob("*") if path.is_file()) == [
        "access.json",
        "module.tar.gz",
        "shown.json",
    ]
    text = (added / "registry" / "access.json").read_text()
    assert "TOKEN" not in text
    assert "TICKET" not in text
    assert json.loads(text)["keys"] == {"platform": {}}


def test_what_lay_there_before_does_not_travel(learner: Path) -> None:
    (learner / carrying.ADDED / "registry" / "modules" / "old").mkdir(parents=True)
    carrying.carry(learner)
    assert not (learner / carrying.ADDED / "registry" / "modules" / "old").exists()


def test_a_solution_that_was_shown_is_noted(learner: Path) -> None:
    Lab("lab1")._journal.set("shown", "interface", True)
    carrying.carry(learner)
    assert json.loads((learner / carrying.ADDED / "shown.json").read_text()) == ["interface"]


def test_solving_notes_it_even_when_a_cell_fails(learner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise CourseError("no")

    monkeypatch.setattr(Lab, "_restore", fails)
    lab = Lab("lab1")
    with pytest.raises(CourseError):
        lab.solve("interface")
    assert lab._journal.read()["shown"] == {"interface": True}


def test_the_sandbox_s_registry_begins_with_it_and_links_are_left_out(learner: Path, tmp_path: Path) -> None:
    carrying.carry(learner)
    submitted = tmp_path / "class" / "submitted" / "eva" / "lab1-module"
    autograded = tmp_path / "class" / "autograded" / "eva" / "lab1-module"
    for place in (submitted, autograded):
        place.parent.mkdir(parents=True)
        subprocess.run(["cp", "-r", str(learner), str(place)], check=True)
    evil = submitted / carrying.ADDED / "registry" / "modules" / "link"
    evil.symlink_to("/etc/hostname")
    # nbgrader follows a link when it copies.
    (autograded / carrying.ADDED / "registry" / "modules" / "link").write_text("what the link led to")
    box = Box(autograded, submitted)
    box.fill()
    found = sorted(path.name for path in (box.state / REGISTRY).rglob("*") if path.is_file())
    assert found == ["access.json", "module.tar.gz"]


def test_the_same_work_is_carried_alike(learner: Path) -> None:
    carrying.carry(learner)
    first = {path: path.read_bytes() for path in learner.rglob("*") if path.is_file()}
    carrying.carry(learner)
    assert {path: path.read_bytes() for path in learner.rglob("*") if path.is_file()} == first


def test_it_is_handed_in_from_any_directory_with_a_receipt(learner: Path, tmp_path: Path) -> None:
    exchange = tmp_path / "exchange" / "mod208"
    (exchange / "outbound" / "lab1-module").mkdir(parents=True)
    (exchange / "inbound").mkdir()
    env = {
        "MOD208_WORKSPACE": str(tmp_path / "workspace"),
        "MOD208_STATE": str(tmp_path / "state"),
        "MOD208_EXCHANGE": str(tmp_path / "exchange"),
        "JUPYTER_DATA_DIR": str(tmp_path / "jupyter"),
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
    }
    program = "from helpers.cli import main; main()"
    argv = [sys.executable, "-c", program, "submit", "lab1", "--yes", "--json"]
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    receipt = json.loads(done.stdout)
    assert (receipt["assignment"], receipt["course"]) == ("lab1-module", "mod208")
    assert ".course/registry/access.json" in receipt["files"]
    (handed_in,) = (exchange / "inbound").iterdir()
    assert (handed_in / ".course" / "registry" / "modules").is_dir()


def test_nbgrader_finds_the_course_s_settings_from_any_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/theirs")
    wanted = {"JUPYTER_CONFIG_PATH": f"{ROOT}:/theirs"}
    assert nbgrader_settings() == wanted
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", wanted["JUPYTER_CONFIG_PATH"])
    assert nbgrader_settings() == wanted
    program = f"{Path(sys.executable).with_name('course')} shell --shell /bin/bash -- -c 'echo $JUPYTER_CONFIG_PATH'"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert wanted["JUPYTER_CONFIG_PATH"] in done.stdout
