"""Writing into a workspace: nothing leaves it, nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.course.labs import BadPath, CannotWrite, Lab, UnknownLab
from helpers.course.labs._cells import starter_cells
from helpers.course.labs._magic import workfile
from helpers.course.workspace import CHOICES, FileChanged


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


def test_while_grading_a_file_that_a_cell_made_by_other_means_is_not_taken_for_a_submitted_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As `course new module` in one cell, and the module's own text in the next."""
    monkeypatch.setenv("MOD208_GRADING", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.tf").write_text("the learner's\n")
    graded = Lab("project")
    (tmp_path / "work" / "b.tf").write_text("of a template\n")
    assert graded.write("b.tf", "of a cell").action == "written"
    # The kernel of the next notebook finds both, and knows still which of them came along.
    again = Lab("project")
    assert again.write("a.tf", "of a cell").action == "kept"
    (tmp_path / "work" / "c.tf").write_text("of a template\n")
    assert Lab("project").write("c.tf", "of a cell").action == "written"


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

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(CannotWrite, match="No space left"):
        lab.write("a.tf", "two")
    assert lab.read("a.tf") == "one\n"


def test_an_unknown_lab_is_named_with_those_there_are(lab: Lab) -> None:
    with pytest.raises(UnknownLab, match="lab1"):
        workfile("lab9 a.tf", "")


def run(path: str, body: str, capsys: pytest.CaptureFixture[str], choice: str = "") -> str:
    """Run a cell and return what it says."""
    workfile(f"lab1 {path} {choice}".rstrip(), body)
    return capsys.readouterr().out


def test_a_file_changed_elsewhere_is_not_overwritten_by_a_cell_that_changed_too(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    run("a.txt", "one\n", capsys)
    lab.path("a.txt").write_text("of the editor\n")
    with pytest.raises(FileChanged) as told:
        run("a.txt", "two\n", capsys)
    assert "-of the editor\n" in told.value.why and "+two" in told.value.why
    for choice in CHOICES:
        assert f"%%workfile lab1 a.txt {choice}" in told.value.next
    assert lab.read("a.txt") == "of the editor\n"


def test_restart_and_run_all_keeps_what_was_changed_elsewhere(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    run("a.txt", "one\n", capsys)
    lab.path("a.txt").write_text("of the editor\n")
    assert "kept work/a.txt" in run("a.txt", "one\n", capsys)
    assert lab.read("a.txt") == "of the editor\n"


def test_the_cell_wins_when_the_learner_says_so(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    run("a.txt", "one\n", capsys)
    lab.path("a.txt").write_text("of the editor\n")
    said = run("a.txt", "two\n", capsys, "--take")
    assert lab.read("a.txt") == "two\n"
    (kept,) = (lab.work.parent / "backup").glob("*-file/a.txt")
    assert kept.read_text() == "of the editor\n" and str(kept.parent) in said
    assert run("a.txt", "three\n", capsys).startswith("written"), "the two agree again"


def test_the_file_comes_into_the_cell(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    run("a.txt", "one\n", capsys)
    lab.path("a.txt").write_text("of the editor\n")
    done = lab.run_cell("a.txt", "two\n", "--load")
    assert done.text == "of the editor\n" and lab.read("a.txt") == "of the editor\n"
    (kept,) = (lab.work.parent / "backup").glob("*-cell/a.txt")
    assert kept.read_text() == "two\n"
    assert run("a.txt", "of the editor\nand more\n", capsys).startswith("written")


def test_both_are_merged_and_a_conflict_is_marked(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    run("a.txt", "1\n2\n3\n4\n5\n", capsys)
    lab.path("a.txt").write_text("1 file\n2\n3\n4\n5\n")
    done = lab.run_cell("a.txt", "1\n2\n3\n4\n5 cell\n", "--merge")
    assert done.text == "1 file\n2\n3\n4\n5 cell\n" and lab.read("a.txt") == "1 file\n2\n3\n4\n5\n"
    assert run("a.txt", done.text, capsys).startswith("written")
    lab.path("a.txt").write_text("1 other\n")
    done = lab.run_cell("a.txt", "1 mine\n", "--merge")
    assert done.text is not None and "<<<<<<< this cell" in done.text and "1 conflict" in done.said


def test_a_shown_solution_survives_the_cell_that_was_there_before(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    cell = next(c for c in starter_cells(lab.spec, lab.spec.step("interface")) if c.path)
    assert cell.path is not None
    lab.reset("interface")
    run(cell.path, f"{cell.body}\n# mine\n", capsys)
    solved = lab.solve("interface")
    solution = lab.read(cell.path)
    assert f"--- work/{cell.path}" in solved.changes and "--load" in solved._repr_html_()
    assert "kept" in run(cell.path, f"{cell.body}\n# mine\n", capsys)
    with pytest.raises(FileChanged):
        run(cell.path, f"{cell.body}\n# mine too\n", capsys)
    assert lab.read(cell.path) == solution


def test_a_cell_may_be_changed_after_a_reset(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.solve("interface")
    lab.reset("interface")
    cell = next(c for c in starter_cells(lab.spec, lab.spec.step("interface")) if c.path)
    assert run(str(cell.path), f"{cell.body}\n# mine\n", capsys).startswith("written")


@pytest.mark.parametrize("line", ["", "lab1", "lab1 a.tf b.tf", "lab1 a.tf --force"])
def test_a_first_line_that_cannot_be_read_is_answered_with_one_that_can(lab: Lab, line: str) -> None:
    with pytest.raises(BadInput, match="%%workfile lab1 modules"):
        workfile(line, "x")
