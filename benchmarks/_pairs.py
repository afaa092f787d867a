"""Compares two ways to do the same: run in turn, so that what else the machine does hits both alike."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

#: How sure a verdict is: the median of the ratios lies in the interval with at least this probability.
SURE = 0.99
#: Does what is not measured and returns what is.
Way = Callable[[], Callable[[], object]]


def compare(bare: Callable[[], object], ours: Callable[[], object], pairs: int) -> dict[str, Any]:
    """Return medians in seconds, and the median of the pairs' ratios ours / bare.

    The first run of each is not counted, and every second pair runs in the other order.
    """
    bare(), ours()
    return _row([_pair(number, lambda: bare, lambda: ours) for number in range(pairs)])


def settle(bare: Way, ours: Way, goal: float, *, least: int, most: int, extra: float = 0.0) -> dict[str, Any]:
    """Measure pairs until it is sure whether ours / bare is within *goal*; return what `compare` does, and a verdict.

    After *least* pairs, and each time they have doubled, the interval is looked at that holds the median of the ratios
    with the probability `SURE` (by the order of the ratios, so whatever their distribution is: the sign test). It is
    looked at rarely, as each look may be wrong.

    Args:
        bare, ours: prepare a run and return it. goal: the largest ratio that is good.
        least, most: pairs. extra: seconds that both ways take besides, which are measured elsewhere.
    """
    bare()(), ours()()
    times: list[tuple[float, float]] = []
    wanted = least
    while True:
        while len(times) < wanted:
            times.append(_pair(len(times), bare, ours))
        low, high = interval([(extra + b) / (extra + a) for a, b in times])
        verdict = "within" if high <= goal else "over" if low > goal else "could not tell"
        if verdict != "could not tell" or wanted >= most:
            return {**_row(times, extra), "interval": [round(low, 3), round(high, 3)], "verdict": verdict}
        wanted = min(2 * wanted, most)


def interval(values: Sequence[float], sure: float = SURE) -> tuple[float, float]:
    """Return between which of the values the median of their distribution lies, with the probability *sure*.

    Fewer than 8 values say nothing at 0.99: the interval is without ends then.
    """
    ordered, size, below, rank = sorted(values), len(values), 0.0, 0
    # How probable is it that no more than `rank` of them are below the median? Each is with probability one half.
    while rank < size and below + (chance := math.comb(size, rank) / 2**size) <= (1 - sure) / 2:
        below, rank = below + chance, rank + 1
    return (ordered[rank - 1], ordered[size - rank]) if rank else (-math.inf, math.inf)


def _pair(number: int, bare: Way, ours: Way) -> tuple[float, float]:
    """Return the seconds of one run of each; what prepares them is not in it."""
    if number % 2:
        second, first = seconds(ours()), seconds(bare())
    else:
        first, second = seconds(bare()), seconds(ours())
    return first, second


def _row(times: Sequence[tuple[float, float]], extra: float = 0.0) -> dict[str, Any]:
    ratios = sorted((extra + ours) / (extra + bare) for bare, ours in times)
    medians = [statistics.median(one) for one in zip(*times, strict=True)]
    return {
        "pairs": len(times),
        "bare_seconds": round(medians[0], 4),
        "ours_seconds": round(medians[1], 4),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_quartiles": [round(q, 3) for q in statistics.quantiles(ratios, n=4)[::2]],
        "ratio_of_medians": round((extra + medians[1]) / (extra + medians[0]), 3),
    }


def seconds(run: Callable[[], object]) -> float:
    """Return the wall time of one run."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun
