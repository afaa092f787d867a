"""The benchmarks run and print what is read from them; how fast it was is not judged here."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks import imports, wrappers
from benchmarks._pairs import compare
from helpers._process import run


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


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["wrappers", "imports"]])
def test_a_wrong_name_lists_the_right_ones(arguments: list[str]) -> None:
    done = run([sys.executable, "-m", "benchmarks", *arguments])
    assert done.returncode == 2 and "imports" in done.stderr and "wrappers" in done.stderr


def test_json_is_one_document() -> None:
    code = "import sys; from benchmarks import imports; imports.RUNS = 1; sys.argv.append('--json'); imports.main()"
    assert json.loads(run([sys.executable, "-c", code]).stdout)["benchmark"] == "imports"
