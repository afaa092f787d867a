"""Labs 2 and 3 graded by the real nbgrader: the solutions earn every automatic point, what was released earns none.

The learner's sandbox has fresh services: a Git server without history, a cluster without objects, an empty audit
trail. The submission's own cells bring them up again; the judge's services go on from the data that these leave.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import Any

import pytest

from grading.places import BOXES
from helpers.core.paths import ROOT
from helpers.course import outline
from tests.e2e.graded import faults, files_with_passwords
from tests.klass import Klass, solve, step_points

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Graded:
    """An assignment, and the class that handed it in."""

    assignment: str
    books: tuple[str, ...]
    klass: Klass


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "book" in metafunc.fixturenames:
        spec = outline.lab(metafunc.cls.lab)
        metafunc.parametrize("book", [pytest.param(n, id=f"source/{spec.assignment}/{n}") for n in spec.notebooks])


class Cycle:
    """One lab, handed in and graded once; a class for each lab, so that labs go to different workers."""

    lab: str

    @pytest.fixture(scope="class")
    @classmethod
    def graded(cls, tmp_path_factory: pytest.TempPathFactory) -> Graded:
        spec = outline.lab(cls.lab)
        source, books = ROOT / "source" / spec.assignment, spec.notebooks
        klass = Klass(tmp_path_factory.mktemp(spec.id))
        kept = shutil.ignore_patterns("work", ".state")
        shutil.copytree(source, klass.root / "source" / spec.assignment, ignore=kept)
        klass.publish(spec.assignment)
        fetched = klass.fetch(spec.assignment, "good")
        klass.copy(fetched, "empty")
        solve(fetched, source, *books)
        for student in ("good", "empty"):
            klass.submit(spec.assignment, student)
        klass.nbgrader("collect", spec.assignment)
        klass.nbgrader("autograde", spec.assignment, "--student=good", timeout=3000)
        klass.nbgrader("autograde", spec.assignment, "--student=empty", f"--notebook={books[0][:2]}*", timeout=900)
        return Graded(spec.assignment, books, klass)

    @pytest.fixture(scope="class")
    @classmethod
    def rows(cls, graded: Graded) -> dict[str, list[dict[str, Any]]]:
        """What was exported of each student's assignment."""
        grades = graded.klass.exported()
        return {student: grades[student]["assignments"][graded.assignment]["steps"] for student in ("good", "empty")}

    def test_every_cell_of_the_instructors_notebook_runs(self, graded: Graded, book: str) -> None:
        source = ROOT / "source" / graded.assignment / book
        found = faults(source, graded.klass.autograded("good", graded.assignment) / book)
        assert not found, "\n\n".join(found)

    def test_the_good_submission_gets_every_automatic_point(
        self, graded: Graded, rows: dict[str, list[dict[str, Any]]]
    ) -> None:
        missed = [row for row in rows["good"] if row["state"] not in ("passed", "review")]
        assert not missed, json.dumps(missed, indent=1)
        found: dict[str, float] = {}
        for row in rows["good"]:
            found[row["step"]] = found.get(row["step"], 0) + row["max_points"]
        worth = (step_points(graded.assignment, book) for book in graded.books)
        assert found == {step: points for of_book in worth for step, points in of_book.items()}

    def test_the_empty_submission_gets_nothing_and_a_reason_each(
        self, graded: Graded, rows: dict[str, list[dict[str, Any]]]
    ) -> None:
        mine = [row for row in rows["empty"] if row["notebook"] + ".ipynb" == graded.books[0]]
        assert mine
        for row in mine:
            assert row["points"] == 0, row
            assert "does not pass yet" in row["reason"], row

    def test_no_process_is_left(self, graded: Graded) -> None:
        assert graded.klass.left_over() == []


class TestLab2(Cycle):
    lab = "lab2"


class TestLab3(Cycle):
    lab = "lab3"

    def test_no_password_is_in_what_the_lab_leaves(self, graded: Graded) -> None:
        state = graded.klass.root / BOXES / "good" / graded.assignment / "state"
        assert files_with_passwords(graded.klass.autograded("good", graded.assignment), state) == []
