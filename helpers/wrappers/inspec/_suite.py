"""The tests that pytest-testinfra executes; `_plugin` gives each its case."""

from __future__ import annotations

from typing import Any

from helpers.wrappers.inspec._judge import judge

_seen: dict[str, Any] = {}


def test_expectation(host: Any, case: dict[str, Any]) -> None:
    """Judge one expectation on this machine."""
    judge(host, case, _seen)
