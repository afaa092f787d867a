"""What the points of a class say about each step: how hard it was, and whether it tells strong learners from weak."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from helpers.course.competencies import SETTLED, Graded

#: Fewer learners than this tell nothing about a step.
FEWEST = 8
#: Mean share of the points outside of which a step is hard, or tells nobody apart.
EASY, HARD = 0.95, 0.25
#: Least correlation with the rest of the points.
LEAST = 0.1


@dataclass(frozen=True)
class Item:
    """One step, over the learners whose points for it are settled.

    Attributes:
        learners: how many. difficulty: mean share of its points (1: everybody has all).
        full, none: learners with all of its points, and with none.
        discrimination: correlation of its share with that of all other steps of the assignment, -1 to 1; ``None`` with
            too few learners, or when all have the same.
        remark: what its author should look at; empty when there is nothing, or nothing can be told.
    """

    assignment: str
    step: str
    learners: int
    difficulty: float
    full: int
    none: int
    discrimination: float | None
    remark: str


def items(rows: Sequence[Graded]) -> list[Item]:
    """Return the statistics of every step that has points, in the order of the rows."""
    shares: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    points: dict[tuple[str, str], dict[str, tuple[float, float]]] = defaultdict(dict)
    for row in rows:
        if row.max_points > 0 and row.state in SETTLED:
            shares[row.assignment, row.step][row.student] = row.points / row.max_points
            points[row.assignment, row.student][row.step] = (row.points, row.max_points)
    return [_item(assignment, step, mine, points) for (assignment, step), mine in shares.items()]


def _item(
    assignment: str,
    step: str,
    mine: Mapping[str, float],
    points: Mapping[tuple[str, str], Mapping[str, tuple[float, float]]],
) -> Item:
    pairs = []
    for student, share in mine.items():
        others = [value for name, value in points[assignment, student].items() if name != step]
        if most := sum(top for _, top in others):
            pairs.append((share, sum(reached for reached, _ in others) / most))
    difficulty, apart = statistics.fmean(mine.values()), _correlation(pairs)
    full, none = sum(share >= 1 for share in mine.values()), sum(share <= 0 for share in mine.values())
    remark = _remark(len(mine), difficulty, apart)
    return Item(assignment, step, len(mine), difficulty, full, none, apart, remark)


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    if len(pairs) < FEWEST:
        return None
    one, other = zip(*pairs, strict=True)
    if len(set(one)) == 1 or len(set(other)) == 1:
        return None
    return statistics.correlation(one, other)


def _remark(learners: int, difficulty: float, apart: float | None) -> str:
    if learners < FEWEST:
        return ""
    if apart is not None and apart < 0:
        return "strong learners have fewer points here than weak ones: is the check wrong?"
    if difficulty < HARD:
        return "few have its points: is the text clear, and was it taught?"
    if difficulty > EASY:
        return "nearly all have its points"
    return "it tells strong learners from weak ones hardly" if apart is not None and apart < LEAST else ""


__all__ = ["Item", "items"]
