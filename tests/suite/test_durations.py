"""The run's own book-keeping: what is recorded, what runs first, and what the end of a run says."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import durations
from tests.durations import Costs, Durations, Scope

HERE = Path(__file__).parents[2]


def item(nodeid: str, *markers: str) -> Any:
    return SimpleNamespace(nodeid=nodeid, get_closest_marker=lambda name: name if name in markers else None)


def test_the_longest_scopes_come_first_and_a_scope_stays_together() -> None:
    known = {"tests/a.py": Scope(2, False), "tests/b.py": Scope(90, True), "tests/b.py::TestC": Scope(400, True)}
    names = ["tests/a.py::one", "tests/b.py::two[x]", "tests/b.py::TestC::three", "tests/a.py::four", "tests/new.py::n"]
    items = [item(name) for name in names]
    durations.longest_first(items, known)
    assert [one.nodeid for one in items] == [
        "tests/b.py::TestC::three",
        "tests/b.py::two[x]",
        "tests/new.py::n",
        "tests/a.py::one",
        "tests/a.py::four",
    ]


def test_what_waits_behind_the_longest_at_the_start_is_short() -> None:
    known = {f"tests/{n}.py": Scope(n, False) for n in range(1, 8)}
    items = [item(f"tests/{n}.py::{name}") for n in range(1, 8) for name in "ab"]
    durations.longest_first(items, known, workers=2)
    assert [one.nodeid.removeprefix("tests/") for one in items if one.nodeid.endswith("a")] == [
        f"{n}.py::a" for n in (7, 6, 2, 1, 5, 4, 3)
    ]
    few = [item(f"tests/{n}.py::t") for n in range(1, 5)]
    durations.longest_first(few, known, workers=2)
    assert [one.nodeid for one in few] == [f"tests/{n}.py::t" for n in (4, 3, 2, 1)]


@pytest.mark.parametrize("module", durations.APART)
def test_each_test_of_a_module_apart_is_a_piece_of_its_own(module: str) -> None:
    assert (HERE / module).is_file()
    first, second = f"{module}::test_x[one::two]", f"{module}::test_x[three]"
    assert durations.scope_of(first) == first
    durations.longest_first(items := [item(first), item(second)], {first: Scope(1, False), second: Scope(9, False)})
    assert [one.nodeid for one in items] == [second, first]


@pytest.mark.parametrize(
    ("nodeid", "markers", "expected"),
    [
        ("tests/quick.py::t", (), True),
        ("tests/new.py::t", (), True),
        ("tests/slow.py::t", (), False),
        ("tests/serves.py::t", (), False),
        ("tests/quick.py::t", ("browser",), False),
        ("tests/quick.py::t", ("e2e",), False),
    ],
)
def test_fast_is_what_is_short_and_starts_no_service(nodeid: str, markers: tuple[str, ...], expected: bool) -> None:
    known = {
        "tests/quick.py": Scope(1, False),
        "tests/slow.py": Scope(100, False),
        "tests/serves.py": Scope(1, True),
    }
    assert durations.is_fast(item(nodeid, *markers), known) is expected


def test_what_was_recorded_can_be_read_again(tmp_path: Path) -> None:
    scopes = {"tests/b.py": Scope(1.5, True), "tests/a.py": Scope(0.1, False)}
    durations.write(scopes, tmp_path / "build" / "durations.json")
    assert durations.read(tmp_path / "build" / "durations.json") == scopes
    assert list(json.loads((tmp_path / "build" / "durations.json").read_text())) == ["tests/a.py", "tests/b.py"]
    assert durations.read(tmp_path / "nothing.json") == {}


def test_most_of_the_committed_record_is_of_modules_that_are_there() -> None:
    # A module that was renamed only loses its place in the order until the next run is taken over.
    known = durations.read()
    there = [name for name in known if (HERE / durations.module_of(name)).is_file()]
    assert known and len(there) > 0.8 * len(known)


def test_taking_a_run_over_drops_what_is_gone(tmp_path: Path) -> None:
    here, gone = "tests/suite/test_durations.py", "tests/suite/test_gone.py"
    durations.write({here: Scope(9, True), gone: Scope(9, True)}, tmp_path / "recorded.json")
    durations.write({here: Scope(1, False)}, tmp_path / "made.json")
    durations.take_over(tmp_path / "made.json", tmp_path / "recorded.json")
    assert durations.read(tmp_path / "recorded.json") == {here: Scope(1, False)}


def report(nodeid: str, seconds: float, **properties: bool) -> Any:
    return SimpleNamespace(nodeid=nodeid, duration=seconds, user_properties=[list(p) for p in properties.items()])


def test_all_phases_count_and_a_started_service_is_kept() -> None:
    mine = Durations()
    for one in (report("tests/x/a.py::t[1]", 2.0), report("tests/x/a.py::t[1]", 3.0), report("tests/x/a.py::u", 1.0)):
        mine.pytest_runtest_logreport(one)
    served = report("tests/x/b.py::TestB::t", 1.0)
    served.user_properties = [[durations.PROCESSOR, 0.5], [durations.SERVICE, True]]
    mine.pytest_runtest_logreport(served)
    assert mine.scopes() == {"tests/x/a.py": Scope(6.0, False), "tests/x/b.py::TestB": Scope(1.0, True, 0.5)}


def test_a_started_service_is_told_once_with_the_phase_that_started_it() -> None:
    costs = Costs()
    spawn = costs.watch(lambda: 7)
    for wanted in ([], [(durations.SERVICE, True)], []):
        if wanted:
            assert spawn() == 7
        made = SimpleNamespace(user_properties=[])
        wrapper = costs.pytest_runtest_makereport()
        next(wrapper)
        with pytest.raises(StopIteration):
            wrapper.send(made)  # type: ignore[arg-type]
        (name, processor), *rest = made.user_properties
        assert name == durations.PROCESSOR and processor >= 0
        assert rest == wanted


def test_the_table_sums_up_folders_and_names_the_longest_modules() -> None:
    seconds = Counter({f"tests/x/test_{n:03}.py::t": n for n in range(1, 41)} | {"tests/y/z/test_y.py::t": 6000.0})
    lines = durations.table(seconds, Counter({"tests/y/z/test_y.py::t": 1500.0}))
    assert lines[1].split() == ["100.0", "25.0", "1", "tests/y"]
    assert lines[2].split() == ["13.7", "0.0", "40", "tests/x"]
    assert lines[3].split() == ["113.7", "25.0", "41", "all"]
    assert sum("tests/x/test_" in line for line in lines) == durations.SHOWN - 1
    assert "and 11 more" in lines[-1]


@pytest.mark.parametrize(
    ("kind", "minutes", "said"),
    [
        ("warm", 29.0, ["The warm run took 29 min"]),
        ("warm", 31.0, ["The warm run took 31 min", "OVER BUDGET by 1 min"]),
        ("cold", 59.0, ["The cold run took 59 min"]),
        ("cold", 75.0, ["The cold run took 75 min", "OVER BUDGET by 15 min"]),
        ("", 75.0, []),
    ],
)
def test_a_run_over_its_budget_says_so(
    kind: str, minutes: float, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOD208_TEST_RUN", kind)
    lines = durations.verdict(minutes)
    assert len(lines) == len(said)
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True))


def test_garbage_is_collected_again_after_the_tests_are() -> None:
    assert gc.isenabled() and gc.get_freeze_count() > 10_000


def test_pytests_own_summary_closes_a_run() -> None:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/suite/test_repeats.py"]
    done = subprocess.run(argv, cwd=HERE, capture_output=True, text=True, check=True)
    lines = done.stdout.strip().splitlines()
    assert "where the minutes went" in done.stdout
    assert " passed in " in lines[-1]
