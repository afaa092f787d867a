"""The life of a step: check, hint, reset, solve, grade, progress; in Python and in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.cli import course as command
from helpers.core.errors import BadInput
from helpers.course.labs import Lab, NoSolution, StepFailed, UnknownStep, _cells

STEP = "interface"
FILE = "modules/gpu-workspace/variables.tf"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    return Lab("lab1")


def test_a_step_goes_from_starter_to_solution(lab: Lab) -> None:
    lab.reset(STEP)
    assert "# YOUR CODE HERE" in lab.read(FILE)
    assert not lab.result(STEP).passed
    with pytest.raises(StepFailed, match="is not declared"):
        lab.grade(STEP)
    lab.solve(STEP)
    lab.grade(STEP)
    assert lab.progress().passed == 1


def test_reset_and_solve_lose_nothing(lab: Lab) -> None:
    lab.write(FILE, "# my own work")
    restored = lab.reset(STEP)
    assert restored.backup is not None
    assert (restored.backup / FILE).read_text() == "# my own work\n"
    lab.path(FILE).write_text("# more of it\n")
    solved = lab.solve(STEP)
    assert solved.backup is not None
    assert (solved.backup / FILE).read_text() == "# more of it\n"


def test_hints_come_one_by_one_and_stop_at_the_third(lab: Lab) -> None:
    lab.reset(STEP)
    assert [lab.hint(STEP).level for _ in range(4)] == [1, 2, 3, 3]
    assert lab.hint(STEP, 1).level == 1
    with pytest.raises(BadInput, match="no hint level 4"):
        lab.hint(STEP, 4)
    lab.solve(STEP)
    assert lab.hint(STEP).level == 0


def test_an_unchanged_workspace_is_judged_from_memory_but_never_while_grading(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lab.reset(STEP)
    lab.result(STEP)
    remembered = list((tmp_path / "state" / "checks").glob("*.json"))
    assert len(remembered) == 1
    remembered[0].write_text(json.dumps({"passed": True, "reason": "planted", "hints": ["a", "b", "c"]}))
    assert lab.result(STEP).reason == "planted"
    monkeypatch.setenv("MOD208_GRADING", "1")
    assert not lab.result(STEP).passed


def test_an_unknown_step_is_answered_with_the_nearest(lab: Lab) -> None:
    with pytest.raises(UnknownStep, match="did you mean interface"):
        lab.check("interfce")


def test_without_a_solution_the_error_says_where_it_was_looked_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MOD208_SOLUTIONS", str(tmp_path))
    with pytest.raises(NoSolution, match=r"01-interface\.ipynb"):
        lab.solve(STEP)


def test_clearing_is_what_nbgrader_does() -> None:
    source = "a\n  ### BEGIN SOLUTION\n  b\n  ### END SOLUTION\nc"
    assert _cells.cleared(source) == "a\n  # YOUR CODE HERE\nc"
    assert _cells.without_marks(source) == "a\n  b\nc"


def test_the_terminal_does_the_same(lab: Lab) -> None:
    run = CliRunner()
    assert run.invoke(command, ["reset", "lab1", STEP, "--yes"]).exit_code == 0
    checked = run.invoke(command, ["check", "lab1", STEP, "--json"])
    assert checked.exit_code == 1
    assert json.loads(checked.output)[0]["passed"] is False
    hint = run.invoke(command, ["hint", "lab1", STEP, "--level", "2", "--json"])
    assert json.loads(hint.output)["kind"] == "pointer"
    assert run.invoke(command, ["solve", "lab1", STEP, "--yes"]).exit_code == 0
    assert run.invoke(command, ["check", "lab1", STEP]).output.startswith("pass")


def test_the_terminal_asks_before_it_replaces(lab: Lab) -> None:
    lab.write(FILE, "# mine")
    result = CliRunner().invoke(command, ["solve", "lab1", STEP], input="n\n")
    assert result.exit_code == 1
    assert lab.read(FILE) == "# mine\n"


def test_the_terminal_says_what_to_type(lab: Lab) -> None:
    for words in (["check", "lab9"], ["hint", "lab1", "nothing"], ["reset", "lab1", STEP, "--json"]):
        error = CliRunner().invoke(command, words).exception
        assert isinstance(error, BadInput)
        assert error.next


def test_a_cell_that_asks_for_the_lab_gets_the_workspace_it_runs_in(lab: Lab, tmp_path: Path) -> None:
    other = Lab("lab1", work=tmp_path / "elsewhere")
    source = 'from helpers import Lab\nLab("lab1").write("made-by-a-cell", "x")'
    other.run([_cells.Cell(0, source, None)])
    assert other.read("made-by-a-cell") == "x\n"
    assert not lab.path("made-by-a-cell").exists()
