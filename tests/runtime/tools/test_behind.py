"""Tools that are built while the learner reads: their order, what is told, and that they end with JupyterLab."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from helpers.core.paths import cache_dir
from helpers.runtime import tools
from helpers.runtime.tools import BuildFailed, NoNetwork, ToolChanged, behind, build
from helpers.runtime.tools.build import WAITING
from helpers.runtime.tools.progress import Published
from tests.waits import until


def test_the_first_lectures_tools_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find", lambda name: None)
    names = [spec.name for spec in behind.missing()]
    first = [
        name for name in names if name in ("terraform", "provider-platform", "cosign", "conftest", "argocd", "syft")
    ]
    assert first == ["terraform", "provider-platform", "cosign", "conftest", "argocd", "syft"]
    assert names == [name for name, spec in tools.specs().items() if spec.source != "system"]


def test_the_core_tools_stand_before_those_of_later_units() -> None:
    names = list(tools.specs())
    last = max(names.index(name) for name, spec in tools.specs().items() if spec.core)
    assert last < names.index("redis-server")


def test_a_tool_that_has_changed_is_left_to_the_cell_that_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> str:
        if name == "conftest":
            raise ToolChanged("it has changed")
        return name

    monkeypatch.setattr(tools, "find", find)
    assert behind.missing() == []


def test_what_is_here_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find", lambda name: None if name in ("argocd", "conftest") else name)
    assert [spec.name for spec in behind.missing()] == ["conftest", "argocd"]


class Builds:
    """Stands in for the builds of three tools; one of them may fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails: dict[str, Exception]) -> None:
        self.asked: list[str] = []
        self.lines: list[str] = []
        self.wanted = [tools.spec(name) for name in ("conftest", "opa", "cosign")]

        def ensure(name: str, *, progress: Any) -> None:
            self.asked.append(name)
            progress("github.com/one/package", 0.1)
            if name in fails:
                raise fails[name]

        monkeypatch.setattr(tools, "ensure", ensure)
        monkeypatch.setattr(behind, "clean", lambda: 0)

    def install(self) -> bool:
        return behind.install(self.wanted, self.lines.append)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOD208_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_each_tool_is_told_with_the_time_that_all_of_them_take(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds = Builds(monkeypatch, {})
    assert builds.install()
    assert builds.asked == ["conftest", "opa", "cosign"]
    assert [line.split(";")[0] for line in builds.lines[:3]] == [
        "0 of 3 ready, building conftest",
        "1 of 3 ready, building opa",
        "2 of 3 ready, building cosign",
    ]
    assert all(" min" in line or " s." in line for line in builds.lines[:3])
    assert builds.lines[3:] == ["all of them are ready."]
    assert not list((cache / "progress").glob("*"))


def test_a_tool_that_cannot_be_built_does_not_hold_up_the_others(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds = Builds(monkeypatch, {"opa": BuildFailed("opa 1.0.0 could not be built", why="x", next="y")})
    assert not builds.install()
    assert builds.asked == ["conftest", "opa", "cosign"]
    assert builds.lines[-1] == "without opa; everything else is ready."


def test_without_a_network_the_rest_is_not_tried(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds = Builds(monkeypatch, {"opa": NoNetwork("No network.", why="x", next="y")})
    assert not builds.install()
    assert builds.asked == ["conftest", "opa"]
    assert "course tools install" in builds.lines[-1]


def test_who_waits_for_a_tool_sees_what_its_builder_is_at(cache: Path) -> None:
    spec, shown = tools.spec("cosign"), []
    builder = Published(spec, lambda line, share: None)
    builder("github.com/sigstore/cosign", 0.25)
    waiter = Published(spec, lambda line, share: shown.append((line, share)))
    waiter(WAITING, 0.0)
    until(lambda: len(shown) > 1)
    waiter.close()
    line, share = shown[1]
    assert shown[0] == (WAITING, 0.0)
    assert (line, share) == (f"about {spec.build_seconds} s left; github.com/sigstore/cosign", 0.25)
    builder.close()
    assert not builder.file.exists()


def test_a_published_progress_that_cannot_be_read_is_passed_over(cache: Path) -> None:
    spec, shown = tools.spec("cosign"), []
    waiter = Published(spec, lambda line, share: shown.append(line))
    waiter.file.parent.mkdir(parents=True)
    waiter.file.write_text("{torn")
    waiter(WAITING, 0.0)
    waiter.file.with_suffix(".new").write_text(json.dumps({"line": "on", "share": 0.5}))
    waiter.file.with_suffix(".new").replace(waiter.file)
    until(lambda: "on" in shown)
    waiter.close()


PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(__import__("os").getpid())], start_new_session=True)
print(child.pid, flush=True)
sys.stdin.read()
"""
CHILD = """
import sys, time
from helpers.runtime.tools.behind import end_with
end_with(int(sys.argv[1]))
time.sleep(600)
"""


def test_it_ends_with_the_process_that_started_it() -> None:
    argv = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "it outlived its parent")


def test_a_real_build_in_the_background_is_there_for_the_next(toolchain: Path) -> None:
    lines: list[str] = []
    assert behind.install([tools.spec("hello")], lines.append)
    assert lines[-1] == "all of them are ready."
    assert tools.find("hello") is not None
    assert build.binary(tools.spec("hello")).is_relative_to(cache_dir())
