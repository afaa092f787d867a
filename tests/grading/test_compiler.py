"""Tools and Go in a sandbox: what the grader has is used there, nothing is compiled twice, and nothing comes back."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from grading import tooling
from grading.places import Box
from grading.watch import Limits
from helpers.core.paths import cache_dir
from helpers.runtime import tools
from helpers.wrappers import terratest
from helpers.wrappers.terratest import build

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800), pytest.mark.xdist_group("go")]
SUITE = """package test

import (
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
)

func TestOptions(t *testing.T) { t.Log(terraform.Options{}) }
"""
COMPILE = """
import json, os
from pathlib import Path
from helpers.core.paths import cache_dir
from helpers.wrappers.terratest import build
made = build.compiled(Path("work/suite"))
entries = [path for path in (cache_dir() / "go-own/go").glob("*/*")]
shared = next(path for path in entries if path.is_symlink()).readlink()
try:
    shared.write_bytes(b"planted")
    planted = "written"
except OSError as error:
    planted = error.strerror
own = [path.name for path in entries if not path.is_symlink()]
print(json.dumps([made.binary.is_file(), made.converter.is_file(), len(entries) - len(own), len(own), planted]))
"""


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> Box:
    room = tmp_path_factory.mktemp("compiler")
    suite = room / "autograded/somebody/tiny/work/suite"
    suite.mkdir(parents=True)
    (suite / "suite_test.go").write_text(SUITE)
    box = Box(room / "autograded/somebody/tiny", room / "submitted/somebody/tiny")
    box.fill()
    return box


@pytest.mark.parametrize("who", ["learners", "judges"])
def test_what_the_grader_compiled_is_used_and_stays_as_it_is(submission: Box, who: str) -> None:
    go = terratest.prepare()
    place_of = submission.learners if who == "learners" else submission.judges
    with place_of(Limits(wall=300), go) as place:
        done = place.sandbox.run([sys.executable, "-c", COMPILE], cwd=place.cwd)
    assert done.returncode == 0, done.stderr
    compiled, converted, linked, own, planted = json.loads(done.stdout)
    assert compiled
    assert converted
    assert linked > 1000
    assert own < 100, "packages were compiled that the grader has compiled already"
    assert planted == "Read-only file system"
    assert not (cache_dir() / "go-own").exists()


def test_what_is_new_is_written_beside_what_is_shared(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    (shared / "0a").mkdir(parents=True)
    (shared / "0a" / "entry-d").write_text("compiled")
    (shared / "trim.txt").write_text("0")
    build.linked(shared, own)
    (own / "0a" / "new-d").write_text("new")
    assert (own / "0a" / "entry-d").read_text() == "compiled"
    assert sorted(path.name for path in shared.rglob("*-d")) == ["entry-d"]
    assert (shared / "trim.txt").read_text() == "0"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """The tools that were asked for, and from where; the user's own git-cliff lies where no sandbox sees it."""
    found: list[tuple[str, str | None]] = []

    def ensure(name: str, *, origin: str | None = None) -> SimpleNamespace:
        found.append((name, origin))
        own = Path("/home/instructor/bin") / name
        return SimpleNamespace(path=own if name == "git-cliff" and origin is None else cache_dir() / "tools" / name)

    monkeypatch.setattr(tooling, "tools", SimpleNamespace(ensure=ensure, specs=tools.specs, spec=tools.spec))
    return found


def test_a_lab_has_its_tools_before_it_runs(asked: list[tuple[str, str | None]]) -> None:
    assert tooling.ready("lab1-module", ["lab.grade('docs')", "module: pulumi"]) is None
    names = {name for name, _ in asked}
    assert {"terraform", "cosign", "conftest", "terraform-docs", "git-cliff", "pulumi"} <= names
    assert [one for one in asked if one[0] == "git-cliff"] == [("git-cliff", None), ("git-cliff", "cache")]


@pytest.mark.parametrize("choice", ["module:  pulumi", 'module: "pulumi"', "{module: pulumi}", "'module' : 'pulumi'"])
def test_a_choice_is_understood_however_it_is_written(asked: list[tuple[str, str | None]], choice: str) -> None:
    tooling.ready("mine", [choice])
    assert asked == [("pulumi", None)]
    tooling.ready("mine", ["module: terraform  # not pulumi"])
    assert len(asked) == 1


def test_an_assignment_of_ones_own_has_what_its_cells_ask_for(asked: list[tuple[str, str | None]]) -> None:
    assert tooling.ready("mine", ["lab.read('one.tf')"]) is None
    assert asked == []
    go = tooling.ready("mine", ["lab.grade('terratest')"])
    assert asked == [("terratest-runner", None)]
    assert go == terratest.prepare()
