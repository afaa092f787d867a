"""Writing into a workspace: nothing leaves it, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.labs import BadPath, CannotWrite, Lab, UnknownLab
from helpers.labs._magic import workfile


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    return Lab("lab1")


def test_it_writes_below_work(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    workfile("lab1 modules/x/main.tf", "locals {\n  a = 1\n}")
    assert lab.read("modules/x/main.tf") == "locals {\n  a = 1\n}\n"
    assert capsys.readouterr().out == "written work/modules/x/main.tf (3 lines)\n"


@pytest.mark.parametrize("path", ["../out.tf", "/etc/x.tf", "a/../../x.tf", "."])
def test_it_does_not_leave_the_workspace(lab: Lab, path: str) -> None:
    with pytest.raises(BadPath):
        lab.write(path, "x")


def test_a_link_does_not_lead_out(lab: Lab, tmp_path: Path) -> None:
    (lab.work / "link").symlink_to(tmp_path)
    with pytest.raises(BadPath):
        lab.write("link/x.tf", "x")


def test_an_edit_by_hand_is_kept_before_a_cell_overwrites_it(lab: Lab) -> None:
    lab.write("a.tf", "one")
    assert lab.write("a.tf", "two").backup is None
    lab.path("a.tf").write_text("by hand\n")
    written = lab.write("a.tf", "three")
    assert written.backup is not None
    assert (written.backup / "a.tf").read_text() == "by hand\n"
    assert lab.read("a.tf") == "three\n"


def test_while_grading_a_submitted_file_wins(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOD208_GRADING", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.tf").write_text("the learner's\n")
    graded = Lab("lab1")
    assert graded.work == tmp_path / "work"
    assert graded.write("a.tf", "of a cell").action == "kept"
    assert graded.read("a.tf") == "the learner's\n"
    assert graded.write("b.tf", "first cell").action == "written"
    assert graded.write("b.tf", "second cell").action == "written"
    assert graded.read("b.tf") == "second cell\n"


def test_marks_of_a_solution_are_no_part_of_the_file(lab: Lab) -> None:
    workfile("lab1 a.tf", "locals {\n  ### BEGIN SOLUTION\n  a = 1\n  ### END SOLUTION\n}\n")
    assert lab.read("a.tf") == "locals {\n  a = 1\n}\n"


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("a.tf", 'variable "x" {\n', "a.tf"),
        ("b.tftest.hcl", "run {{\n", "b.tftest.hcl"),
        ("c.rego", "package main\n\ndeny contains {\n", "c.rego:4"),
        ("d.yaml", "a: [1\n", "line"),
        ("e.json", "{\n", "line 2"),
    ],
)
def test_what_does_not_parse_is_said_at_once(
    lab: Lab, capsys: pytest.CaptureFixture[str], path: str, body: str, word: str
) -> None:
    workfile(f"lab1 {path}", body)
    said = capsys.readouterr()
    assert "does not parse" in said.out
    assert word in said.out
    assert said.err == ""
    assert lab.read(path) == body


def test_a_full_disk_leaves_the_former_file(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write("a.tf", "one")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CannotWrite, match="No space left"):
        lab.write("a.tf", "two")
    assert lab.read("a.tf") == "one\n"


def test_an_unknown_lab_is_named_with_those_there_are(lab: Lab) -> None:
    with pytest.raises(UnknownLab, match="lab1"):
        workfile("lab9 a.tf", "")
