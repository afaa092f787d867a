"""The one profile of the property tests, and the counts of ``make soak``."""

from __future__ import annotations

import ast
from pathlib import Path

import hypothesis
import pytest

from tests import repeats

TESTS = Path(__file__).parents[1]


def test_no_property_test_fails_for_being_slow() -> None:
    profile = hypothesis.settings()
    checks = hypothesis.HealthCheck
    assert profile.deadline is None
    assert {checks.too_slow, checks.data_too_large} <= set(profile.suppress_health_check)
    assert profile.print_blob


def test_ci_looks_at_the_same_examples_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("CI", "true")
        repeats.register_profile()
        assert hypothesis.settings().derandomize and hypothesis.settings().database is None
        monkeypatch.delenv("CI")
        repeats.register_profile()
        assert not hypothesis.settings().derandomize
    finally:
        monkeypatch.undo()
        repeats.register_profile()


def test_counts_grow_under_soak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "SOAK", False)
    assert repeats.times(4, 60) == 4 and repeats.examples(15).max_examples == 15
    monkeypatch.setattr(repeats, "SOAK", True)
    assert repeats.times(4, 60) == 60 and repeats.examples(15).max_examples == 15 * repeats.MORE_EXAMPLES


def own_settings(path: Path) -> list[str]:
    """Return the places of a test file that set a property test apart from the profile."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "hypothesis":
            found += [f"{path}:{node.lineno}" for name in node.names if name.name in ("settings", "HealthCheck")]
    return found


def test_no_test_has_settings_of_its_own() -> None:
    files = [path for path in TESTS.rglob("*.py") if path.name not in ("repeats.py", "test_repeats.py")]
    assert [place for path in files for place in own_settings(path)] == []
