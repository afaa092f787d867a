"""`course map`: the contract, what carries it, and that nothing passes unseen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from helpers.cli import course_map
from helpers.cli.course_map import ROWS, BadMap, Results, rows
from helpers.core import paths

CASES = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_fine"/>
<testcase classname="tests.test_a" name="test_each[x]@group"/>
<testcase classname="tests.test_a.TestBox" name="test_in"/>
<testcase classname="tests.test_ab" name="test_bad"><failure message="no"/></testcase>
<testcase classname="tests.test_skip" name="test_s"><skipped/></testcase>
<testcase classname="tests.notebooks.test_lectures" name="test_lecture[notebooks/one.ipynb]"/>
<testcase classname="tests.e2e.test_cycle" name="test_lab[notebooks/two.ipynb]@lab"><error/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("notebooks/one.ipynb", "notebooks/two.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "tests").mkdir()
    for name in ("a", "ab", "skip"):
        (tmp_path / "tests" / f"test_{name}.py").write_text("def test_fine(): ...\ndef test_each(): ...\n")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "junit.xml").write_text(CASES)
    return tmp_path


def declare(root: Path, **changed: dict[str, object]) -> None:
    data = [{"id": name, "text": name, **changed.get(name, {})} for name in ROWS if changed.get(name) != {"drop": 1}]
    (root / "course.yaml").write_text(yaml.safe_dump({"rows": data}))


def status(root: Path, notebooks: list[str], tests: list[str]) -> str:
    declare(root, O1={"notebooks": notebooks, "tests": tests})
    return rows(root, Results(root / "build" / "junit.xml"))[0].status


@pytest.mark.parametrize(
    ("notebooks", "tests", "expected"),
    [
        (["notebooks/one.ipynb"], ["tests/test_a.py"], "pass"),
        (["notebooks/one.ipynb"], ["tests/test_a.py::test_each"], "pass"),
        (["notebooks/one.ipynb"], ["tests/test_a.py::TestBox::test_fine"], "pass"),
        (["notebooks/one.ipynb"], ["tests/"], "fail"),
        (["notebooks/one.ipynb"], ["tests/test_ab.py"], "fail"),
        (["notebooks/two.ipynb"], ["tests/test_a.py"], "fail"),
        (["notebooks/"], ["tests/test_a.py"], "fail"),
        (["notebooks/one.ipynb"], ["tests/test_skip.py"], "unknown"),
        (["notebooks/one.ipynb"], [], "open"),
        ([], ["tests/test_a.py"], "open"),
        ([], [], "open"),
    ],
)
def test_status_is_that_of_the_worst_carrier(root: Path, notebooks: list[str], tests: list[str], expected: str) -> None:
    assert status(root, notebooks, tests) == expected


def test_without_a_run_nothing_passes(root: Path) -> None:
    (root / "build" / "junit.xml").unlink()
    assert status(root, ["notebooks/one.ipynb"], ["tests/test_a.py"]) == "unknown"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"O1": {"notebooks": ["notebooks/none.ipynb"]}}, "O1: notebook notebooks/none.ipynb"),
        ({"O1": {"notebooks": ["tests/"]}}, "O1: notebook tests/"),
        ({"Q1": {"tests": ["tests/none.py"]}}, "Q1: test tests/none.py"),
        ({"Q1": {"tests": ["tests/test_a.py::test_none"]}}, "test_none"),
        ({"opa": {"drop": 1}}, "opa is left out"),
        ({"O1": {"id": "O9"}}, "O9 is not a row"),
        ({"O1": {"id": "O2"}}, "O2 is there twice"),
        ({"O1": {"tests": "tests/test_a.py"}}, "not a list"),
    ],
)
def test_a_wrong_map_is_an_error(root: Path, changed: dict[str, dict[str, object]], said: str) -> None:
    declare(root, **changed)
    with pytest.raises(BadMap) as error:
        rows(root, Results(root / "build" / "junit.xml"))
    assert said in str(error.value)


def test_a_broken_result_file_is_an_error(root: Path) -> None:
    (root / "build" / "junit.xml").write_text("<testsuites>")
    with pytest.raises(BadMap):
        Results(root / "build" / "junit.xml")


@pytest.mark.parametrize(
    ("tests", "code"), [("tests/test_a.py", 0), ("tests/test_ab.py", 1), ("tests/test_skip.py", 1)]
)
def test_check_ends_with_an_error_unless_all_that_is_claimed_passes(
    root: Path, monkeypatch: pytest.MonkeyPatch, tests: str, code: int
) -> None:
    monkeypatch.setattr(paths, "ROOT", root)
    declare(root, O1={"notebooks": ["notebooks/one.ipynb"], "tests": [tests]})
    ran = CliRunner().invoke(course_map.map, ["--check", "--json"])
    assert ran.exit_code == code
    assert json.loads(ran.stdout)["rows"][0]["id"] == "O1"
    assert (tests in ran.stderr) == bool(code)


def test_the_courses_own_map_is_whole() -> None:
    found = rows(paths.ROOT, Results(Path("none")))
    assert [row.id for row in found] == list(ROWS)
