"""The whole cycle of Lab 1 with the real nbgrader, as an instructor and seven learners live it.

generate -> release -> fetch -> submit -> collect -> autograde -> feedback -> export. *good* has the solutions from the
instructor's notebooks, *empty* handed in what was released, *half* did the first notebook and edited a file in a
terminal, *broken* damaged one notebook and deleted the others, *liar* solved nothing and forges what would count.
*pulumi* did the first notebook in Pulumi, *careless* did too and lets a team order more GPUs than it may.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grading.places import BOXES
from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.checks.support.component import CHOICE, COMPONENT
from tests.course.checks import component_files, components
from tests.e2e.graded import faults, files_with_passwords
from tests.grading.test_cheats import LIES
from tests.klass import Klass, solve, step_points

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
ASSIGNMENT = "lab1-module"
SOURCE = ROOT / "source" / ASSIGNMENT
BOOKS = sorted(path.name for path in SOURCE.glob("*.ipynb"))
FIRST = BOOKS[0]
#: A file of the first step, and a text that makes a step fail.
EDITED = "modules/gpu-workspace/variables.tf"
#: Lies that only a real lab has room for: its check, its hidden test, its own grade and its solution.
OF_THE_LAB = (
    "from helpers.course import checks\nfrom helpers.course.checks import lab1_module\n"
    "lab1_module.interface = lab1_module.contract = lambda lab: 'fine'\n"
    "for name in [one for one in vars(checks) if callable(getattr(checks, one))]:\n"
    "    setattr(checks, name, lambda *a: None)",
    "type(lab).grade = type(lab).check = lambda self, step: print(step, 'passed')",
    "import sys, types\nhidden = types.ModuleType('grading.hidden')\n"
    "hidden.lab1_module = types.SimpleNamespace(interface=lambda lab: None, contract=lambda lab: None)\n"
    "sys.modules.update({'grading.hidden': hidden, 'grading.hidden.lab1_module': hidden.lab1_module})",
    "lab.solve('interface')",
)
#: A component that looks right: it counts nodes where the quota is of GPUs.
QUOTA = "gpus = self.gpu_nodes * (kind.gpus if kind else 1)", "gpus = self.gpu_nodes"


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Klass]:
    import shutil

    klass = Klass(tmp_path_factory.mktemp("cycle"))
    shutil.copytree(SOURCE, klass.root / "source" / ASSIGNMENT, ignore=shutil.ignore_patterns("work", ".state"))
    klass.publish(ASSIGNMENT)
    fetched = klass.fetch(ASSIGNMENT, "good")
    names = ("empty", "half", "broken", "liar", "pulumi", "careless")
    others = {name: klass.copy(fetched, name) for name in names}
    solve(fetched, SOURCE, *BOOKS)

    solve(others["half"], SOURCE, FIRST)
    by_hand = others["half"] / "work" / EDITED
    by_hand.parent.mkdir(parents=True)
    by_hand.write_text('# written in a terminal\nvariable "team" {\n}\n')

    (others["broken"] / FIRST).write_text('{"cells": [{"cell_type": "code", "sou')
    for name in BOOKS[1:]:
        (others["broken"] / name).unlink()

    lies(others["liar"] / FIRST)
    write_component(others["pulumi"] / FIRST)
    write_component(others["careless"] / FIRST, QUOTA)
    for student in ("good", *others):
        klass.submit(ASSIGNMENT, student)
    klass.nbgrader("collect", ASSIGNMENT)
    # Every notebook of the good submission; of the others two are enough, which keeps this test short.
    klass.nbgrader("autograde", ASSIGNMENT, "--student=good", timeout=1800)
    but_good = "--CourseDirectory.student_id_exclude=good"
    klass.nbgrader("autograde", ASSIGNMENT, but_good, f"--notebook={FIRST[:2]}*", timeout=2700)
    klass.nbgrader("generate_feedback", ASSIGNMENT)
    klass.nbgrader("release_feedback", ASSIGNMENT)
    yield klass


def lies(book: Path) -> None:
    type_in(book, *OF_THE_LAB, *LIES.values())


def type_in(book: Path, *texts: str) -> None:
    """Add cells before the first one that is graded."""
    nb = nbformat.read(book, 4)
    first = next(i for i, one in enumerate(nb.cells) if one.metadata.get("nbgrader", {}).get("grade"))
    nb.cells[first:first] = [nbformat.v4.new_code_cell(text) for text in texts]
    nbformat.write(nb, book)


def write_component(book: Path, change: tuple[str, str] = ("", "")) -> None:
    """Do the notebook in Pulumi, as docs/lab1-pulumi.md says: the choice, the component and its example, in cells."""
    files = {CHOICE: "module: pulumi\n", components.INIT: components.DATA_CLASS, **component_files.FILES}
    assert change[0] in files[components.INIT]
    files[components.INIT] = files[components.INIT].replace(*change)
    kept = (CHOICE, f"{COMPONENT}/acme_workspace", f"{COMPONENT}/examples")
    type_in(book, *(f"%%workfile lab1 {path}\n{text}" for path, text in files.items() if path.startswith(kept)))


@pytest.fixture(scope="module")
def grades(klass: Klass) -> dict[str, dict[str, Any]]:
    return klass.exported()


def rows(grades: dict[str, Any], student: str) -> list[dict[str, Any]]:
    return list(grades[student]["assignments"][ASSIGNMENT]["steps"])


def feedback(klass: Klass, student: str) -> str:
    pages = (klass.root / "feedback" / student / ASSIGNMENT).glob("*.html")
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def test_the_good_submission_gets_every_automatic_point(grades: dict[str, Any]) -> None:
    missed = [row for row in rows(grades, "good") if row["state"] not in ("passed", "review")]
    assert not missed, json.dumps(missed, indent=1)
    assert {row["notebook"] + ".ipynb" for row in rows(grades, "good")} == {
        b for b in BOOKS if step_points(ASSIGNMENT, b)
    }


@pytest.mark.parametrize("book", [pytest.param(name, id=f"source/{ASSIGNMENT}/{name}") for name in BOOKS])
def test_every_cell_of_the_instructors_notebook_runs(klass: Klass, book: str) -> None:
    found = faults(SOURCE / book, klass.autograded("good", ASSIGNMENT) / book)
    assert not found, "\n\n".join(found)


def test_no_password_is_in_what_the_lab_leaves(klass: Klass) -> None:
    state = klass.root / BOXES / "good" / ASSIGNMENT / "state"
    assert files_with_passwords(klass.autograded("good", ASSIGNMENT), state) == []


def test_points_per_step_are_those_of_the_course(grades: dict[str, Any]) -> None:
    found: dict[str, float] = {}
    for row in rows(grades, "good"):
        found[row["step"]] = found.get(row["step"], 0) + row["max_points"]
    assert found == {step: points for book in BOOKS for step, points in step_points(ASSIGNMENT, book).items()}
    assert sum(found.values()) == outline.lab("lab1").points


def test_what_a_person_judges_waits_for_a_person(grades: dict[str, Any]) -> None:
    reviews = {row["step"]: row["state"] for row in rows(grades, "good") if row["step"].startswith("review")}
    assert reviews
    assert set(reviews.values()) == {"review"}
    assert grades["good"]["competencies"][0]["waiting"] == len(reviews)


@pytest.mark.parametrize("student", ["empty", "liar"])
def test_who_solved_nothing_gets_nothing_and_a_reason_each(grades: dict[str, Any], student: str) -> None:
    mine = [row for row in rows(grades, student) if row["notebook"] + ".ipynb" == FIRST]
    assert mine
    for row in mine:
        assert row["points"] == 0, row
        assert "does not pass yet" in row["reason"], row


def test_a_component_in_pulumi_earns_what_the_module_would(grades: dict[str, Any]) -> None:
    verdicts = {row["step"]: row for row in rows(grades, "pulumi") if row["notebook"] + ".ipynb" == FIRST}
    assert {step: row["points"] for step, row in verdicts.items()} == step_points(ASSIGNMENT, FIRST), verdicts


def test_a_component_that_looks_right_earns_nothing_for_that_step(grades: dict[str, Any]) -> None:
    verdicts = {row["step"]: row for row in rows(grades, "careless") if row["notebook"] + ".ipynb" == FIRST}
    points = step_points(ASSIGNMENT, FIRST)
    assert {step: row["points"] for step, row in verdicts.items()} == {**points, "interface": 0}, verdicts
    assert verdicts["interface"]["reason"]


def test_each_lie_was_told(klass: Klass) -> None:
    """Otherwise the liar proves nothing: every cell ran, and the one that asks for the solution was refused."""
    nb = nbformat.read(klass.autograded("liar", ASSIGNMENT) / FIRST, 4)
    ran = {one.source: one.outputs for one in nb.cells if one.get("execution_count")}
    assert {*OF_THE_LAB, *LIES.values()} <= set(ran)
    assert [output.output_type for output in ran["lab.solve('interface')"]] == ["error"]


def test_a_file_edited_in_a_terminal_stays_the_learners(klass: Klass, grades: dict[str, Any]) -> None:
    kept = klass.autograded("half", ASSIGNMENT) / "work" / EDITED
    assert kept.read_text().startswith("# written in a terminal")
    verdicts = {row["step"]: row for row in rows(grades, "half")}
    assert verdicts["interface"]["points"] == 0, "the solution in the cell was graded, not the learner's file"
    assert verdicts["interface"]["reason"]


def test_the_broken_submission_is_graded_and_told(klass: Klass, grades: dict[str, Any]) -> None:
    mine = [row for row in rows(grades, "broken") if row["notebook"] + ".ipynb" == FIRST]
    assert mine
    assert all(row["points"] == 0 and row["reason"] for row in mine), mine
    assert "not a valid notebook" in feedback(klass, "broken")


@pytest.mark.parametrize("student", ["empty", "half"])
def test_feedback_holds_the_reasons(klass: Klass, grades: dict[str, Any], student: str) -> None:
    page = feedback(klass, student)
    failed = [row for row in rows(grades, student) if row["state"] == "failed" and row["notebook"] + ".ipynb" == FIRST]
    assert failed
    assert "does not pass yet" in page


def test_released_feedback_reaches_the_learner(klass: Klass) -> None:
    assert list((klass.room / "exchange" / "mod208" / "feedback").glob("*.html"))


def test_the_competency_comes_from_the_evidence(grades: dict[str, Any]) -> None:
    reached = {name: one["competencies"][0]["reached"] for name, one in grades.items()}
    assert {one["competencies"][0]["id"] for one in grades.values()} == {"iac-enterprise"}
    assert not any(reached[name] for name in grades if name != "good")
    good = grades["good"]["competencies"][0]
    assert good["reached"] == (good["points"] / good["max_points"] >= 0.8)


def test_csv_has_a_line_for_every_graded_cell(klass: Klass, grades: dict[str, Any]) -> None:
    klass.nbgrader("export", "--to", "grades.csv")
    lines = (klass.root / "grades.csv").read_text().splitlines()
    assert lines[0].startswith("student,assignment,notebook,step")
    assert sum(line.startswith("good,") for line in lines) == len(rows(grades, "good"))


def test_no_state_or_cache_was_copied_to_feedback(klass: Klass) -> None:
    for folder in ("submitted", "feedback"):
        found = [path for path in (klass.root / folder).rglob("*") if path.name in (".terraform", ".state")]
        assert not found


def test_no_process_is_left(klass: Klass) -> None:
    assert klass.left_over() == []
