"""The project graded by the real nbgrader: the model solution earns every automatic point, a line in the wrong place
costs its step.

generate -> release -> fetch -> submit -> collect -> autograde -> feedback -> export, with services that are empty at
first. *good* hands in the instructor's solution. *wide* does too, but lets an operator order what the API server admits
instead of what the brief allows: it looks right, is signed, keeps the published schema, and must not earn the step.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.core.paths import ROOT
from helpers.course import outline
from tests.e2e.graded import faults
from tests.klass import Klass, cell, solve, step_points

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
LAB = "project"
SPEC = outline.lab(LAB)
SOURCE = ROOT / "source" / SPEC.assignment
BOOKS = SPEC.notebooks
FIRST = BOOKS[0]
#: The step that *wide* gets wrong, the cell in which, and what it writes there.
STEP, CELL = "contract", "contract-make"
RIGHT, WRONG = '"maximum": brief.nodes}', '"maximum": 64}'


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory) -> Klass:
    klass = Klass(tmp_path_factory.mktemp(LAB))
    kept = shutil.ignore_patterns("work", ".state")
    shutil.copytree(SOURCE, klass.root / "source" / SPEC.assignment, ignore=kept)
    klass.publish(SPEC.assignment)
    good = klass.fetch(SPEC.assignment, "good")
    wide = klass.copy(good, "wide")
    solve(good, SOURCE, *BOOKS)
    solve(wide, SOURCE, FIRST)
    widen(wide / FIRST)
    for student in ("good", "wide"):
        klass.submit(SPEC.assignment, student)
    klass.nbgrader("collect", SPEC.assignment)
    klass.nbgrader("autograde", SPEC.assignment, "--student=good", timeout=2400)
    # One notebook of the other is enough, which keeps this test short.
    klass.nbgrader("autograde", SPEC.assignment, "--student=wide", f"--notebook={FIRST[:2]}*", timeout=900)
    klass.nbgrader("generate_feedback", SPEC.assignment)
    klass.nbgrader("release_feedback", SPEC.assignment)
    return klass


def widen(book: Path) -> None:
    nb = nbformat.read(book, 4)
    mine = cell(nb, CELL)
    assert RIGHT in mine.source
    mine.source = mine.source.replace(RIGHT, WRONG)
    nbformat.write(nb, book)


@pytest.fixture(scope="module")
def rows(klass: Klass) -> dict[str, list[dict[str, Any]]]:
    """What was exported of each student's project."""
    grades = klass.exported()
    return {student: grades[student]["assignments"][SPEC.assignment]["steps"] for student in ("good", "wide")}


@pytest.mark.parametrize("book", [pytest.param(name, id=f"source/{SPEC.assignment}/{name}") for name in BOOKS])
def test_every_cell_of_the_instructors_notebook_runs(klass: Klass, book: str) -> None:
    found = faults(SOURCE / book, klass.autograded("good", SPEC.assignment) / book)
    assert not found, "\n\n".join(found)


def test_the_good_submission_gets_every_automatic_point(rows: dict[str, list[dict[str, Any]]]) -> None:
    missed = [row for row in rows["good"] if row["state"] not in ("passed", "review")]
    assert not missed, json.dumps(missed, indent=1)
    found: dict[str, float] = {}
    for row in rows["good"]:
        found[row["step"]] = found.get(row["step"], 0) + row["max_points"]
    assert found == {step: points for book in BOOKS for step, points in step_points(SPEC.assignment, book).items()}
    assert sum(found.values()) == SPEC.points


def test_what_a_person_judges_waits_for_a_person(rows: dict[str, list[dict[str, Any]]]) -> None:
    waiting = [row["step"] for row in rows["good"] if row["state"] == "review"]
    assert waiting == ["review-runbook"]


def test_a_line_in_the_wrong_place_costs_its_step_and_no_other(rows: dict[str, list[dict[str, Any]]]) -> None:
    verdicts = {row["step"]: row for row in rows["wide"] if row["notebook"] + ".ipynb" == FIRST}
    earned = {step: row["points"] for step, row in verdicts.items()}
    assert earned == {**step_points(SPEC.assignment, FIRST), STEP: 0}, verdicts
    assert "is accepted; the brief does not" in verdicts[STEP]["reason"], verdicts[STEP]


def test_the_feedback_says_why_and_reaches_the_learner(klass: Klass) -> None:
    page = klass.root / "feedback" / "wide" / SPEC.assignment / Path(FIRST).with_suffix(".html").name
    assert "is accepted; the brief does not" in page.read_text(encoding="utf-8")
    assert list((klass.room / "exchange" / "mod208" / "feedback").glob("*.html"))


def test_no_process_is_left(klass: Klass) -> None:
    assert klass.left_over() == []
