"""Runs layers on mutants and keeps what each said."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence

from helpers.compliance.pyramid.bench import Bench
from helpers.compliance.pyramid.layers import LAYERS
from helpers.compliance.pyramid.room import Room
from helpers.compliance.pyramid.types import Cell, Layer, Outcome, PyramidReport
from helpers.core.errors import CourseError
from helpers.wrappers.hcl_mutants import HclMutant


class BaselineFails(CourseError):
    """A layer does not accept the module without any fault: its kills would mean nothing."""

    code = "baseline-fails"


def measure(
    bench: Bench,
    mutants: Sequence[HclMutant],
    *,
    layers: Sequence[Layer] = LAYERS,
    dear_on_all: bool = False,
    dear_on: Mapping[str, Collection[str]] | None = None,
    on_cell: Callable[[Cell], None] | None = None,
) -> PyramidReport:
    """Run every layer on the module, then on each mutant.

    Args:
        bench: where they are planted.
        mutants: faults of the module in the bench.
        layers: from the bottom up.
        dear_on_all: run the layers that make real objects on every mutant. Otherwise they are run only on those that
            no cheaper layer has killed, and the rest of their cells say ``not-run``.
        dear_on: id of a layer that makes real objects -> ids of mutants that it is run on nevertheless: a sample.
        on_cell: called with each cell.

    Raises:
        BaselineFails: a layer does not accept the module without a fault, or cannot tell.
    """
    baseline: dict[str, float] = {}
    with bench.room() as room:
        for layer in layers:
            cell = _ask(layer, "", room)
            if cell.outcome != "survived":
                raise BaselineFails(
                    f"{layer.title} does not accept the module without a fault",
                    why=cell.reason,
                    next="Make it pass first: a layer that always fails kills every mutant.",
                )
            baseline[layer.id] = cell.seconds
    cells: list[Cell] = []
    for mutant in mutants:
        with bench.room(mutant) as room:
            killed = False
            for layer in layers:
                asked = dear_on_all or mutant.id in (dear_on or {}).get(layer.id, ())
                if layer.dear and killed and not asked:
                    cell = Cell(mutant.id, layer.id, "not-run", "a cheaper layer had killed it")
                else:
                    cell = _ask(layer, mutant.id, room)
                killed = killed or cell.outcome == "killed"
                cells.append(cell)
                if on_cell is not None:
                    on_cell(cell)
    return PyramidReport(tuple(layers), tuple(mutants), tuple(cells), baseline)


def _ask(layer: Layer, mutant: str, room: Room) -> Cell:
    started = time.monotonic()
    outcome: Outcome
    try:
        reason = layer.judge(room)
        outcome = "killed" if reason else "survived"
    except CourseError as error:
        # A tool that did not get to a verdict has not noticed the fault.
        reason, outcome = f"{error.what}: {error.why}".strip(": "), "unknown"
    return Cell(mutant, layer.id, outcome, reason, time.monotonic() - started)
