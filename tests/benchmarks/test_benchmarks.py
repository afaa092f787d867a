"""The benchmarks run and print what is read from them; how fast it was is not judged here."""

from __future__ import annotations

import importlib
import json
import math
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import benchmarks.__main__ as entry
from benchmarks import _pairs, audit, checks, drift, gitops, imports, wrappers
from benchmarks._pairs import compare
from helpers.core.process import run
from tests.repeats import times


def test_wrappers_have_a_ratio_for_each_command() -> None:
    found = wrappers.measure(pairs=2)
    assert set(found["rows"]) == {"version", "validate", "plan"}
    assert all(row["ratio"] > 0 and row["bare_seconds"] > 0 for row in found["rows"].values())


def test_imports_name_what_is_heavy() -> None:
    found = imports.measure(runs=1)
    assert found["rows"]["helpers"]["seconds"] > 0
    assert all(row["heavy"] == [] for row in found["rows"].values())


def test_pairs_run_in_turn() -> None:
    order: list[str] = []
    found = compare(lambda: order.append("bare"), lambda: order.append("ours"), 4)
    assert order == ["bare", "ours", *["bare", "ours", "ours", "bare"] * 2] and found["pairs"] == 4


@pytest.mark.parametrize(
    ("ratio", "noise", "verdict", "pairs"),
    [
        (1.0, 0.01, "within", 20),
        (1.2, 0.01, "over", 20),
        # As large as what is asked about: more pairs, and no verdict where that does not help.
        (1.05, 0.5, "could not tell", 80),
    ],
)
def test_pairs_are_measured_until_it_is_sure(
    monkeypatch: pytest.MonkeyPatch, ratio: float, noise: float, verdict: str, pairs: int
) -> None:
    draw = random.Random(208)
    lasts = {"bare": 1.0, "ours": ratio}
    prepared: list[str] = []
    monkeypatch.setattr(_pairs, "seconds", lambda run: lasts[run()] * (1 + noise * draw.uniform(-1, 1)))

    def way(name: str) -> Callable[[], Callable[[], str]]:
        return lambda: prepared.append(name) or (lambda: name)  # type: ignore[func-returns-value]

    found = _pairs.settle(way("bare"), way("ours"), 1.05, least=20, most=80)
    assert (found["verdict"], found["pairs"]) == (verdict, pairs)
    assert prepared[:6] == ["bare", "ours", "bare", "ours", "ours", "bare"] and len(prepared) == 2 * pairs + 2
    # What both take besides makes the difference smaller.
    assert _pairs.settle(way("bare"), way("ours"), 1.05, least=20, most=20, extra=99.0)["verdict"] == "within"


def test_interval_of_a_median() -> None:
    assert _pairs.interval(range(1, 8)) == (-math.inf, math.inf)
    # From a table of the sign test: of 20 values the 4th and the 17th, with 0.997.
    assert _pairs.interval(range(1, 21)) == (4, 17)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["wrappers", "imports"],
        ["imports", "--jsn"],
        ["audit", "--plot="],
        ["audit", "--plot"],
        ["audit", "--plot=a", "--plot=b"],
    ],
)
def test_a_wrong_name_lists_the_right_ones(arguments: list[str]) -> None:
    done = run([sys.executable, "-m", "benchmarks", *arguments])
    assert done.returncode == 2 and ",".join(["all", *entry.names()]) in done.stderr


@pytest.mark.parametrize("name", entry.names())
def test_every_benchmark_goes_through_the_one_entry(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    assert not hasattr(module, "main") and callable(module.show)
    monkeypatch.setattr(module, "measure", lambda: {"benchmark": name})
    assert entry.main([name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"benchmark": name}


@pytest.mark.parametrize(
    ("figures", "status"),
    [
        ({"over_goal": [], "could_not_tell": ["step check"]}, 0),
        ({"over_goal": ["step check"]}, 1),
        ({"over_goal_first": [], "over_goal_again": ["interface"]}, 1),
    ],
)
def test_missed_goal_is_the_exit_status(
    figures: dict[str, list[str]], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.credentials.measure", lambda: figures)
    assert entry.main(["credentials", "--json"]) == status
    assert json.loads(capsys.readouterr().out) == figures, "the figures are printed all the same"


def test_all_is_one_document_or_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(entry, "names", lambda: ["imports"])
    figures = {"benchmark": "imports", "rows": {"helpers": {"seconds": 0.1, "max_seconds": 0.2, "heavy": ["boto3"]}}}
    monkeypatch.setattr(imports, "measure", lambda: figures)
    assert entry.main(["all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [figures]
    assert entry.main(["all"]) == 0
    assert "-- imports" in (text := capsys.readouterr().out) and "0.100 s" in text and "boto3" in text


def test_steps_over_the_goal_are_named() -> None:
    row = {"step": "build", "files_only": True, "passed": True, "first": 0.7, "again": 0.1}
    rows = [row, {**row, "step": "drift", "files_only": False, "again": 7.0}]
    found = checks.summary("lab1", rows, [])
    assert found["over_goal_first"] == ["build"] and found["over_goal_again"] == []
    assert "build" in next(checks.show(found))


def test_the_audit_trail_keeps_order_and_its_proofs_stay_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audit.measure(sizes=(20, 300), concurrent=24, writers=2)
    monkeypatch.setattr(audit, "measure", lambda: found)
    assert entry.main(["audit", f"--plot={tmp_path / 'plots'}"]) == 0 and "events" in capsys.readouterr().out
    many = found["concurrent"]
    assert many["events"] == 24 and many["all_acknowledged_in_order"] and many["proofs_hold"]
    assert found["valid"] == "valid"
    assert [row["events"] for row in found["sizes"]] == [20, 300]
    assert all(row["inclusion_hashes"] <= row["log2"] for row in found["sizes"])
    assert "20" in "\n".join(audit.show(found))
    assert "events in the log" in (tmp_path / "plots" / "audit.svg").read_text()


@pytest.mark.soak
def test_drift_looks_at_every_stack_and_says_what_takes_most_of_it() -> None:
    found = drift.measure(stacks=(3,), parallel=(2,))
    (run,) = found["runs"]
    assert (run["stacks"], run["parallel"], run["wrong"]) == (3, 2, []) and run["seconds"] > 0
    assert set(found["parts"]) == {"init", "plan -refresh-only", "plan -refresh=false"}
    assert found["dominates"] in ("init", "the two plans") and len(drift.show(found)) == 2


def test_gitops_starts_warm_and_grows_without_error() -> None:
    many = times(3, 100)
    found = gitops.measure(starts=1, repeats=1, counts=(1, many))
    assert 0 < found["warm_start_services_seconds"] < found["warm_start_seconds"]
    assert {"kube-apiserver", "application-controller"} <= set(found["resident_mib"])
    assert 0 < found["shared_once_mib"] <= found["total_mib"]
    assert [(row["applications"], row["api_requests"] > 0) for row in found["applications"]] == [
        (1, True),
        (many, True),
    ]
    assert "warm" in "\n".join(gitops.show(found))
