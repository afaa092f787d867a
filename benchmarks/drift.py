"""What a drift job costs as the number of stacks grows: wall seconds, seconds a stack, and what a look is made of.

The stacks hold Terraform's own ``terraform_data``; no provider process and no API is in the figures.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers.course.scenarios import stack_scale

STACKS, PARALLEL = (10, 50), (1, 4)


def measure(stacks: Sequence[int] = STACKS, parallel: Sequence[int] = PARALLEL) -> dict[str, Any]:
    """Return the figures of each number of stacks, by how many are looked at at once."""
    rows = []
    with tempfile.TemporaryDirectory() as made:
        for count in stacks:
            fleet = stack_scale.fleet(Path(made) / "drift", count)
            for at_once in parallel:
                found = stack_scale.measured(replace(fleet, parallel=at_once))
                wrong = [one.stack.name for one in found.report.stacks if one.status != "in-sync"]
                rows.append({"stacks": count, "parallel": at_once, "seconds": found.seconds, "wrong": wrong})
    return {"runs": rows, "parts": dict(found.parts), "dominates": found.dominates}


def show(figures: dict[str, Any]) -> list[str]:
    """Return the figures as lines of text."""
    lines = [
        f"{run['stacks']} stacks, {run['parallel']} at once: {run['seconds']:.1f} s, "
        f"{run['seconds'] / run['stacks']:.2f} s a stack, {len(run['wrong'])} without the right answer"
        for run in figures["runs"]
    ]
    parts = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in figures["parts"].items())
    return [*lines, f"one look alone: {parts}; {figures['dominates']} take most of it"]
