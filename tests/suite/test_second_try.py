"""The second try of a whole run: only a test that passes alone is forgiven, and it is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.cli import course_map
from tests import second_try, worlds

FAILED = """<testsuites><testsuite name="pytest">
<testcase classname="test_one" name="test_neighbours"><failure message="no"/></testcase>
<testcase classname="test_two" name="test_other"/>
</testsuite></testsuites>"""
RACE = """
from pathlib import Path
def test_neighbours():
    mark = Path(__file__).with_name("met")
    met = mark.exists()
    mark.touch()
    assert met
"""


def test_a_unit_runs_whole_and_once() -> None:
    lab2 = worlds.UNITS["lab2"]
    failed = [f"{lab2[1]}::test_x", f"{lab2[2]}::test_y[1]", "tests/core/test_redact.py::test_z[a::b]"]
    assert second_try.scopes(failed) == [*lab2, "tests/core/test_redact.py"]


@pytest.mark.parametrize("failed", [[], [f"tests/test_{n}.py::t" for n in range(second_try.LIMIT + 1)]])
def test_no_name_and_many_names_get_no_second_try(failed: list[str]) -> None:
    with pytest.raises(ValueError, match="fail"):
        second_try.scopes(failed)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(second_try, "HERE", tmp_path)
    monkeypatch.setattr(second_try, "LAST_FAILED", tmp_path / "lastfailed")
    monkeypatch.setattr(second_try, "REPORT", tmp_path / "build/flaky.txt")
    monkeypatch.setattr(second_try, "FIRST", tmp_path / "build/junit.xml")
    monkeypatch.setattr(second_try, "SECOND", tmp_path / "build/junit-second.xml")
    (tmp_path / "build").mkdir()
    (tmp_path / "build/junit.xml").write_text(FAILED)
    (tmp_path / "lastfailed").write_text(json.dumps({"test_one.py::test_neighbours": True}))
    return tmp_path


def test_what_passes_alone_is_listed(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (run / "met").touch()
    (run / "test_one.py").write_text(RACE)
    assert second_try.main() == 0
    assert "FLAKY" in capfd.readouterr().out
    assert second_try.REPORT.read_text() == "test_one.py::test_neighbours\n"
    results = course_map.Results(run / "build/junit.xml")
    assert results.test("test_one.py") == "pass"
    assert results.test("test_two.py") == "pass"


def test_what_fails_alone_fails_the_run(run: Path) -> None:
    (run / "test_one.py").write_text(RACE)
    assert second_try.main() == 1
    assert not second_try.REPORT.exists()
    assert course_map.Results(run / "build/junit.xml").test("test_one.py") == "fail"


def test_a_run_that_names_nothing_fails(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "lastfailed").unlink()
    assert second_try.main() == 1
    assert "No second try" in capsys.readouterr().err
