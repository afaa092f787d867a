"""How long a step's check takes: the first time for given files, and again when nothing has changed.

Each lab is solved once in a workspace of its own; times in seconds, medians over runs taken in turn.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers.core.errors import CourseError
from helpers.course import checks, outline
from helpers.course.labs import Lab
from helpers.course.labs.proof import isolated_services

#: Seconds a check without an apply may take when nothing has changed.
GOAL = 0.5


def measure(lab_id: str = "lab1", repeats: int = 3) -> dict[str, Any]:
    """Return for every step the seconds of a first and of a repeated check; steps that cannot be solved are named."""
    spec = outline.lab(lab_id)
    rows, unsolved = [], []
    with isolated_services() as home:
        lab = Lab(lab_id, work=home / spec.assignment / "work")
        for step in spec.steps:
            try:
                lab.solve(step.id)
                rows.append(_step(lab, step.id, home, repeats))
            except CourseError as error:
                unsolved.append({"step": step.id, "why": error.what})
    return summary(lab_id, rows, unsolved)


def summary(lab_id: str, rows: list[dict[str, Any]], unsolved: list[dict[str, str]]) -> dict[str, Any]:
    """Return the figures of all steps, and which of those that read files only are over the goal."""
    local = [row for row in rows if row["files_only"]]
    return {
        "benchmark": "checks",
        "lab": lab_id,
        "goal_seconds": GOAL,
        "steps": rows,
        "unsolved": unsolved,
        "over_goal_first": [row["step"] for row in local if row["first"] > GOAL],
        "over_goal_again": [row["step"] for row in local if row["again"] > GOAL],
        "median_first": statistics.median(row["first"] for row in rows) if rows else None,
        "median_again": statistics.median(row["again"] for row in local) if local else None,
    }


def _step(lab: Lab, name: str, home: Path, repeats: int) -> dict[str, Any]:
    check = checks.find(lab.id, name)
    assert check is not None
    first, again = [], []
    for _ in range(repeats):
        for file in (home / "state" / "checks").glob("*.json"):
            file.unlink()
        first.append(_seconds(lab, name))
        again.append(_seconds(lab, name))
    passed = lab.result(name).passed
    return {
        "step": name,
        "files_only": bool(check.reads),
        "passed": passed,
        "first": round(statistics.median(first), 3),
        "again": round(statistics.median(again), 3),
    }


def _seconds(lab: Lab, name: str) -> float:
    begun = time.perf_counter()
    lab.result(name)
    return time.perf_counter() - begun


def show(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines for a person, one a step."""
    for row in found["steps"]:
        kind = "files" if row["files_only"] else "cloud"
        yield f"{row['step']:16}{kind:8}first {row['first']:7.3f} s   again {row['again']:7.3f} s"
    for row in found["unsolved"]:
        yield f"{row['step']:16}not solved: {row['why']}"
