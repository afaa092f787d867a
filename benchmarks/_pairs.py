"""Compares two ways to do the same: run in turn, so that what else the machine does hits both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def compare(bare: Callable[[], object], ours: Callable[[], object], pairs: int) -> dict[str, Any]:
    """Return medians in seconds, and the median of the pairs' ratios ours / bare.

    The first run of each is not counted, and every second pair runs in the other order.
    """
    bare(), ours()
    times: list[tuple[float, float]] = []
    for number in range(pairs):
        if number % 2:
            second, first = seconds(ours), seconds(bare)
        else:
            first, second = seconds(bare), seconds(ours)
        times.append((first, second))
    ratios = sorted(ours / bare for bare, ours in times)
    return {
        "pairs": pairs,
        "bare_seconds": round(statistics.median(t[0] for t in times), 4),
        "ours_seconds": round(statistics.median(t[1] for t in times), 4),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_quartiles": [round(q, 3) for q in statistics.quantiles(ratios, n=4)[::2]],
        "ratio_of_medians": round(statistics.median(t[1] for t in times) / statistics.median(t[0] for t in times), 3),
    }


def seconds(run: Callable[[], object]) -> float:
    """Return the wall time of one run."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun
