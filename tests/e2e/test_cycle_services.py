"""Labs 2 and 3 graded by the real nbgrader: the solutions earn every automatic point, what was released earns none.

Grading has fresh services: a Git server without history, a cluster without objects, an empty audit trail. The
submission's own cells bring them up again.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from helpers._paths import ROOT
from helpers.labs import course
from tests.klass import Klass, solve, step_points

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]


@dataclass(frozen=True)
class Graded:
    """An assignment, and the class that handed it in."""

    assignment: str
    books: tuple[str, ...]
    klass: Klass


@pytest.fixture(scope="module", params=["lab2", "lab3"])
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    spec = course.lab(request.param)
    source, books = ROOT / "source" / spec.assignment, spec.notebooks
    klass = Klass(tmp_path_factory.mktemp(spec.id))
    shutil.copytree(source, klass.root / "source" / spec.assignment, ignore=shutil.ignore_patterns("work", ".state"))
    klass.publish(spec.assignment)
    fetched = klass.fetch(spec.assignment, "good")
    klass.copy(fetched, "empty")
    solve(fetched, source, *books)
    for student in ("good", "empty"):
        klass.submit(spec.assignment, student)
    klass.nbgrader("collect", spec.assignment)
    klass.nbgrader("autograde", spec.assignment, "--student=good", timeout=1800)
    klass.nbgrader("autograde", spec.assignment, "--student=empty", f"--notebook={books[0][:2]}*", timeout=900)
    return Graded(spec.assignment, books, klass)


@pytest.fixture(scope="module")
def rows(graded: Graded) -> dict[str, list[dict[str, Any]]]:
    """What was exported of each student's assignment."""
    grades = graded.klass.exported()
    return {student: grades[student]["assignments"][graded.assignment]["steps"] for student in ("good", "empty")}


def test_the_good_submission_gets_every_automatic_point(graded: Graded, rows: dict[str, list[dict[str, Any]]]) -> None:
    missed = [row for row in rows["good"] if row["state"] not in ("passed", "review")]
    assert not missed, json.dumps(missed, indent=1)
    found: dict[str, float] = {}
    for row in rows["good"]:
        found[row["step"]] = found.get(row["step"], 0) + row["max_points"]
    worth = (step_points(graded.assignment, book) for book in graded.books)
    assert found == {step: points for of_book in worth for step, points in of_book.items()}


def test_the_empty_submission_gets_nothing_and_a_reason_each(
    graded: Graded, rows: dict[str, list[dict[str, Any]]]
) -> None:
    mine = [row for row in rows["empty"] if row["notebook"] + ".ipynb" == graded.books[0]]
    assert mine
    for row in mine:
        assert row["points"] == 0, row
        assert "does not pass yet" in row["reason"], row


def test_no_process_is_left(graded: Graded) -> None:
    assert graded.klass.left_over() == []
