"""Suites in Go, compiled and run for real: every way a test can end, what it leaves, and what a sweep finds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from helpers import cloud, teaching
from helpers.core.paths import IAC
from helpers.runtime import tools
from helpers.runtime.cloud_access import pinned
from helpers.wrappers.terratest import NothingTested, SuiteNotCompiled, SuiteStopped, Terratest, TerratestError

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("go")]
#: Tests that need no Terraform: they pass, fail, are skipped, print and wait as PLAY says.
PLAY = """package test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestPasses(t *testing.T) {
	t.Parallel()
	t.Run("inner", func(t *testing.T) { t.Log("a remark") })
}

func TestFails(t *testing.T) {
	t.Parallel()
	if os.Getenv("PLAY") == "fail" {
		assert.Equal(t, 3, 2, "the number of nodes")
	}
	if os.Getenv("PLAY") == "plain" {
		t.Fatalf("there are %d nodes", 2)
	}
}

func TestSkips(t *testing.T) {
	if os.Getenv("PLAY") == "skip" {
		t.Skip("not today")
	}
}

func TestEnds(t *testing.T) {
	if os.Getenv("PLAY") == "wait" {
		time.Sleep(time.Hour)
	}
	if os.Getenv("PLAY") == "silent exit" {
		os.Exit(0)
	}
}

func TestMain(m *testing.M) {
	os.Stdout.WriteString("Testing begins\\nbegun\\n")
	os.Exit(m.Run())
}
"""


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("play") / "test"
    folder.mkdir()
    (folder / "play_test.go").write_text(PLAY)
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(IAC / "lectures/unit2/terratest/store", tmp_path_factory.mktemp("m") / "store") / "test"


def suite(folder: Path, timeout: float = 60, **env: str) -> Terratest:
    return Terratest(folder, account=teaching.SANDBOX, timeout=timeout, env=env)


def buckets() -> list[str]:
    return [b["Name"] for b in cloud.client("s3", teaching.SANDBOX).list_buckets()["Buckets"]]


def test_outcomes_places_and_words(play: Path, tmp_path: Path) -> None:
    run = suite(play, PLAY="fail").run(junit=tmp_path / "junit.xml")
    assert {test.name: test.outcome for test in run.tests} == {
        "TestPasses": "pass",
        "TestPasses/inner": "pass",
        "TestFails": "fail",
        "TestSkips": "pass",
        "TestEnds": "pass",
    }
    failed = run["TestFails"]
    assert failed.where == "play_test.go:19"
    assert failed.message == "Not equal: expected: 3 actual : 2 (the number of nodes)"
    assert not run.passed
    report = xml.parse(tmp_path / "junit.xml").getroot()
    assert (report.get("tests"), report.get("failures"), report.get("skipped")) == ("5", "1", "0")
    assert "play_test.go:19" in str(report.find("testcase/failure[@type='fail']").get("message"))  # type: ignore[union-attr]

    # What a TestMain of the suite prints is no test's name.
    assert suite(play).tests() == ("TestPasses", "TestFails", "TestSkips", "TestEnds")
    assert suite(play, PLAY="plain").run("TestFails")["TestFails"].message == "there are 2 nodes"
    only = suite(play, PLAY="plain").run("TestPasses", parallel=1)
    assert only.passed and [test.name for test in only.tests] == ["TestPasses", "TestPasses/inner"]


def test_what_ends_the_process_is_never_a_pass(play: Path) -> None:
    late = suite(play, timeout=1, PLAY="wait").run("TestEnds")
    assert (late["TestEnds"].outcome, late.passed) == ("timeout", False)
    silent = suite(play, PLAY="silent exit").run("TestEnds")
    assert silent["TestEnds"].outcome in ("panic", "exit")
    assert not silent.passed


def test_no_test_is_a_refusal(play: Path) -> None:
    with pytest.raises(NothingTested, match="No test's name matches 'TestOther'"):
        suite(play).run("TestOther")
    with pytest.raises(NothingTested, match="All tests were skipped"):
        suite(play, PLAY="skip").run("TestSkips")


def test_the_compiler_says_where(play: Path, tmp_path: Path) -> None:
    wrong = shutil.copytree(play, tmp_path / "wrong")
    (wrong / "play_test.go").write_text(PLAY.replace("assert.Equal(t, 3", "asert.Equal(t, 3"))
    with pytest.raises(SuiteNotCompiled) as caught:
        suite(wrong).run()
    assert "play_test.go:19:3: undefined: asert" in caught.value.why
    (wrong / "play_test.go").write_text(PLAY.replace('"time"\n', '"time"\n\t_ "github.com/nobody/has-this"\n'))
    with pytest.raises(SuiteNotCompiled, match=r"pinned\.go"):
        suite(wrong).run()


ENDINGS = [("require", "fail", 0), ("panic", "panic", 0), ("panic elsewhere", "panic", 1), ("os.Exit", "exit", 1)]


@pytest.mark.parametrize(("ending", "outcome", "left"), ENDINGS)
def test_each_ending_and_what_it_leaves(store: Path, ending: str, outcome: str, left: int) -> None:
    run = suite(store, ENDING=ending).run("TestEnding")
    assert run["TestEnding"].outcome == outcome, run["TestEnding"].output[-1500:]
    assert len(run.left.resources if run.left else ()) == left
    assert not run.passed
    assert buckets() == []


def test_a_state_that_lies_deep_leaves_room_for_the_sockets_of_providers(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in pinned().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / ("d" * 110) / "state"))
    run = suite(store).run("TestStore")
    assert run.passed, run["TestStore"].output[-1500:]
    with pytest.raises(TerratestError, match="ended before 'no such words'"):
        suite(store).events("TestStore").until("no such words")


def test_a_run_that_is_killed_is_swept_by_the_next(store: Path) -> None:
    killed = suite(store, ENDING="timeout").events("TestEnding")
    killed.until("Apply complete")
    killed.kill()
    assert len(buckets()) == 1

    run = suite(store).run("TestStore")
    assert run.passed
    assert [left.resources for left in run.swept] == [("platform_artifact_bucket.this",)]
    assert run.swept[0].destroyed
    assert buckets() == []


def test_a_living_run_is_left_alone_and_a_stopped_one_cleans_up(store: Path) -> None:
    running = suite(store, ENDING="timeout").events("TestEnding")
    running.until("Apply complete")
    assert suite(store).sweep() == ()
    assert len(buckets()) == 1
    running.cancel()
    with pytest.raises(SuiteStopped, match=r"platform_artifact_bucket\.this\. That is destroyed"):
        running.result()
    assert buckets() == []


def test_a_destroy_that_fails_once_is_tried_again(store: Path, tmp_path: Path) -> None:
    """What is left costs money, and a provider that a busy machine cannot start is seen now and then."""
    real, failed = tools.ensure("terraform").path, tmp_path / "failed"
    busy = tmp_path / "bin" / "terraform"
    busy.parent.mkdir()
    busy.write_text(f"""#!/bin/sh
case "$PWD $1" in */sweep" apply") test -e {failed} || {{ touch {failed}; echo no provider; exit 1; }} ;; esac
exec {real} "$@"
""")
    busy.chmod(0o755)
    run = suite(store, ENDING="panic elsewhere", PATH=f"{busy.parent}{os.pathsep}{os.environ['PATH']}").run(
        "TestEnding"
    )
    assert failed.exists() and run.left is not None
    assert (run.left.resources, run.left.destroyed) == (("platform_artifact_bucket.this",), True)
    assert buckets() == []


def test_a_suite_with_a_go_module_of_its_own_runs_as_it_is(tmp_path: Path) -> None:
    files = {
        "go.mod": "module example.test/repository\n\ngo 1.26\n",
        "names/names.go": 'package names\n\nconst Team = "vision"\n',
        "examples/basic/main.tf": "",
        "test/own_test.go": """package test

import (
	"os"
	"testing"

	"example.test/repository/names"
)

func TestOwn(t *testing.T) {
	if _, err := os.Stat("../examples/basic/main.tf"); err != nil || names.Team != "vision" {
		t.Fatal(err)
	}
}
""",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    tests = suite(tmp_path / "test")
    assert tests.root == tmp_path
    assert tests.run().passed
