"""Who shares an environment, in which order, and when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from helpers.runtime import services
from tests import durations, worlds
from tests.durations import Scope

HERE = Path(__file__).parents[2]
FIRST, SECOND = worlds.UNITS["cluster"][:2]


class Item:
    """What the order of tests asks of an item."""

    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


def item(nodeid: str) -> Any:
    return Item(nodeid)


@pytest.mark.parametrize("scope", [scope for scopes in worlds.UNITS.values() for scope in scopes])
def test_what_a_unit_names_is_there(scope: str) -> None:
    module, _, name = scope.partition("::")
    assert (f"class {name}(" if name else "def test_") in (HERE / module).read_text().replace(
        f"class {name}:", f"class {name}("
    )


def test_a_scope_is_in_one_unit_only() -> None:
    scopes = [scope for scopes in worlds.UNITS.values() for scope in scopes]
    assert len(scopes) == len(set(scopes))


def test_a_unit_runs_in_its_order_and_others_stay_where_they_are() -> None:
    names = ["tests/a.py::one", f"{SECOND}::x", "tests/b.py::two", f"{FIRST}::y[1]", f"{FIRST}::z", "tests/c.py::three"]
    items = [item(name) for name in names]
    worlds.together(items)
    assert [one.nodeid for one in items] == [
        "tests/a.py::one",
        f"{FIRST}::y[1]",
        f"{FIRST}::z",
        f"{SECOND}::x",
        "tests/b.py::two",
        "tests/c.py::three",
    ]
    known = {FIRST: Scope(30, True), SECOND: Scope(30, True), "tests/b.py": Scope(50, False)}
    durations.longest_first(items, known, worlds.unit_of)
    assert [one.nodeid for one in items[:4]] == [f"{FIRST}::y[1]", f"{FIRST}::z", f"{SECOND}::x", "tests/b.py::two"]


def test_a_world_ends_with_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "_open", {})
    world = worlds.of_module(durations.module_of(FIRST))
    assert worlds.of_module(durations.module_of(SECOND)) is world
    with world.entered():
        (world.home / "state").mkdir()
    worlds.leave(item(f"{FIRST}::y"), item(f"{SECOND}::x"))
    assert world.home.is_dir()
    worlds.leave(item(f"{SECOND}::x"), item("tests/a.py::one"))
    assert not world.home.exists()


def test_the_next_start_ends_what_a_killed_run_has_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = tmp_path / f"mod208-world-{gone.pid}-x"
    running = tmp_path / f"mod208-world-{os.getppid()}-x"
    others = tmp_path / "mod208-world-of-somebody"
    for home in (left, running, others):
        (home / "state").mkdir(parents=True)
    with worlds.World(left).entered():
        service = services.start("audit")
    pid = service.pid
    assert pid is not None and psutil.pid_exists(pid)
    worlds.end_abandoned()
    assert not left.exists() and running.is_dir() and others.is_dir()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_module_that_shares_nothing_is_told_so() -> None:
    with pytest.raises(AssertionError, match="list it in"):
        worlds.of_module("tests/suite/test_worlds.py")
