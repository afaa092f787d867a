"""A measured pyramid for tests of its displays; nothing is run."""

from __future__ import annotations

from helpers.compliance.pyramid import Cell, Layer, PyramidReport
from helpers.compliance.pyramid.types import Outcome
from helpers.wrappers.hcl_mutants import HclMutant


def _never(_: object) -> str:
    raise AssertionError


def pyramid(text: str = "the output is gone") -> PyramidReport:
    """Return a report of three mutants and three layers: one killed twice, one once, one never."""
    layers = (
        Layer("lint", "lint", "code", False, _never),
        Layer("mocks", "tests with mocks", "plan", False, _never),
        Layer("cloud", "tests on a cloud", "objects", True, _never),
    )
    mutants = tuple(
        HclMutant(f"{name}:place", name, "main.tf", line, text, "") for line, name in enumerate(("a", "b", "c"), 3)
    )
    rows: dict[str, tuple[Outcome, ...]] = {
        "a:place": ("killed", "killed", "not-run"),
        "b:place": ("survived", "survived", "killed"),
        "c:place": ("survived", "unknown", "survived"),
    }
    cells = tuple(
        Cell(mutant, layer.id, outcome, text if outcome in ("killed", "unknown") else "", 0.5)
        for mutant, outcomes in rows.items()
        for layer, outcome in zip(layers, outcomes, strict=True)
    )
    return PyramidReport(layers, mutants, cells, {"lint": 0.02, "mocks": 0.5, "cloud": 3.25})
