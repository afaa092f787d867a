"""Lab 2 graded by the real nbgrader: the solutions earn every automatic point, what was released earns none.

Grading has fresh services: a Git server without history, a cluster without objects. The submission's own cells bring
them up again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from helpers._paths import ROOT
from helpers.labs import course
from tests.klass import Klass, solve, step_points

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]
ASSIGNMENT = "lab2-gitops"
SOURCE = ROOT / "source" / ASSIGNMENT
BOOKS = course.lab("lab2").notebooks
FIRST = BOOKS[0]


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Klass]:
    klass = Klass(tmp_path_factory.mktemp("gitops"))
    shutil.copytree(SOURCE, klass.root / "source" / ASSIGNMENT, ignore=shutil.ignore_patterns("work", ".state"))
    klass.publish(ASSIGNMENT)
    fetched = klass.fetch(ASSIGNMENT, "good")
    klass.copy(fetched, "empty")
    solve(fetched, SOURCE, *BOOKS)
    for student in ("good", "empty"):
        klass.submit(ASSIGNMENT, student)
    klass.nbgrader("collect", ASSIGNMENT)
    klass.nbgrader("autograde", ASSIGNMENT, "--student=good", timeout=1800)
    klass.nbgrader("autograde", ASSIGNMENT, "--student=empty", f"--notebook={FIRST[:2]}*", timeout=900)
    yield klass


@pytest.fixture(scope="module")
def grades(klass: Klass) -> dict[str, dict[str, Any]]:
    return klass.exported()


def rows(grades: dict[str, Any], student: str) -> list[dict[str, Any]]:
    return list(grades[student]["assignments"][ASSIGNMENT]["steps"])


def test_the_good_submission_gets_every_automatic_point(grades: dict[str, Any]) -> None:
    missed = [row for row in rows(grades, "good") if row["state"] not in ("passed", "review")]
    assert not missed, json.dumps(missed, indent=1)
    found: dict[str, float] = {}
    for row in rows(grades, "good"):
        found[row["step"]] = found.get(row["step"], 0) + row["max_points"]
    assert found == {step: points for book in BOOKS for step, points in step_points(ASSIGNMENT, book).items()}


def test_the_empty_submission_gets_nothing_and_a_reason_each(grades: dict[str, Any]) -> None:
    mine = [row for row in rows(grades, "empty") if row["notebook"] + ".ipynb" == FIRST]
    assert mine
    for row in mine:
        assert row["points"] == 0, row
        assert "does not pass yet" in row["reason"], row


def test_no_process_is_left(klass: Klass) -> None:
    assert klass.left_over() == []
