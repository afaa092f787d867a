"""The assessment, graded by the real nbgrader in the sandboxes: points by unit, the verdict, no key in the feedback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grading.hidden import assessment as judge
from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.assessment.exam import drawn
from tests.klass import Klass, cell

pytestmark = pytest.mark.e2e
NAME, QUIZ, TALK, SITTING = "assessment", "01-quiz.ipynb", "02-presentation.ipynb", "03-committee.ipynb"


def typed(folder: Path, answers: dict[str, str]) -> None:
    """Fill in the cell of the answers, as a learner does."""
    nb = nbformat.read(folder / QUIZ, 4)
    cell(nb, "answers").source = f"exam.answer({json.dumps(answers)})"
    nbformat.write(nb, folder / QUIZ)


def perfect(folder: Path) -> None:
    typed(folder, {question.id: judge.solution(question) for question in drawn("perfect")})
    nb = nbformat.read(folder / TALK, 4)
    cell(nb, "present-evidence").source = "Production runs sha256:4b1f, by event 41 of the trail."
    nbformat.write(nb, folder / TALK)


def confused(folder: Path) -> None:
    """Right in unit 1, nothing in unit 2, and B or 5 to everything else."""
    answers = {q.id: judge.solution(q) if q.unit == "U1" else "B" if q.options else "5" for q in drawn("confused")}
    typed(folder, {q.id: answers[q.id] for q in drawn("confused") if q.unit != "U2"})


def copier(folder: Path) -> None:
    """Hands in the file of the perfect one, and tells the judge what to say."""
    answers = {q.id: {"given": judge.solution(q), "asked": q.fingerprint} for q in drawn("perfect")}
    (folder / "work").mkdir(exist_ok=True)
    (folder / "work" / "quiz.json").write_text(json.dumps({"learner": "perfect", "answers": answers}))
    nb = nbformat.read(folder / QUIZ, 4)
    cell(nb, "answers").source = "import os\nos.environ['MOD208_LEARNER'] = 'perfect'"
    cell(nb, "quiz-passed").source = "print('Passed: 30 of 30 right')"
    nbformat.write(nb, folder / QUIZ)


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Klass]:
    klass = Klass(tmp_path_factory.mktemp(NAME))
    shutil.copytree(ROOT / "source" / NAME, klass.root / "source" / NAME)
    klass.publish(NAME)
    fetched = klass.fetch(NAME, "origin")
    for learner in (perfect, confused, copier):
        learner(klass.copy(fetched, learner.__name__))
        klass.hand_in(NAME, learner.__name__)
    klass.nbgrader("autograde", NAME, "--student", "perfect")
    for learner in ("confused", "copier"):
        klass.nbgrader("autograde", NAME, "--notebook", QUIZ.removesuffix(".ipynb"), "--student", learner)
    klass.nbgrader("generate_feedback", NAME)
    yield klass
    assert klass.left_over() == []


@pytest.fixture(scope="module")
def steps(klass: Klass) -> dict[str, dict[str, Any]]:
    """Learner -> step of the quiz -> what the export says of it."""
    return {
        name: {step["step"]: step for step in one["assignments"][NAME]["steps"] if step["step"].startswith("quiz-")}
        for name, one in klass.exported().items()
    }


def said(klass: Klass, learner: str, name: str) -> str:
    """What the learner sees below a graded cell."""
    nb = nbformat.read(klass.autograded(learner, NAME) / QUIZ, 4)
    outputs = cell(nb, name).outputs
    return "\n".join(str(output.get("text", "")) + str(output.get("evalue", "")) for output in outputs)


@pytest.mark.parametrize("book", [pytest.param(name, id=f"source/{NAME}/{name}") for name in (QUIZ, TALK, SITTING)])
def test_every_cell_of_it_runs(klass: Klass, book: str) -> None:
    ran = nbformat.read(klass.autograded("perfect", NAME) / book, 4)
    written = [one for one in ran.cells if one.cell_type == "code" and one.source.strip()]
    assert written and [one.source for one in written if one.execution_count is None] == []
    assert [o.evalue for one in written for o in one.outputs if o.output_type == "error"] == []


def test_who_answers_all_right_has_all_points_and_is_told_so(klass: Klass, steps: dict[str, dict[str, Any]]) -> None:
    declared = outline.load()["assessment"]["notebooks"][0]["graded"]
    assert {name: step["points"] for name, step in steps["perfect"].items()} == {x["id"]: x["points"] for x in declared}
    assert "U3: 6 of 6 right." in said(klass, "perfect", "quiz-U3")
    assert "Passed: 30 of 30 right, 24 are needed." in said(klass, "perfect", "quiz-passed")


def test_the_presentation_waits_for_a_person_and_the_committee_sits_in_the_sandbox(klass: Klass) -> None:
    steps = {one["step"]: one for one in klass.exported()["perfect"]["assignments"][NAME]["steps"]}
    assert steps["present-evidence"]["state"] == "review" and steps["present-evidence"]["max_points"] == 12
    assert steps["present-risk"]["points"] == 0, "what was left empty has no points"
    for name in (TALK, SITTING):
        ran = nbformat.read(klass.autograded("perfect", NAME) / name, 4)
        assert [o.evalue for one in ran.cells for o in one.get("outputs", []) if o.output_type == "error"] == []
    shown = next(one for one in ran.cells if one.id == "verify").outputs
    assert "valid: accepted" in str(shown)
    talk = nbformat.read(klass.autograded("perfect", NAME) / TALK, 4)
    levels = next(one for one in talk.cells if one.id == "levels-risk").outputs
    assert "a person who accepts it" in str(levels), "who grades sees the levels above the answer"


def test_points_are_by_unit_and_under_the_mark_it_is_not_passed(klass: Klass, steps: dict[str, dict[str, Any]]) -> None:
    mine = steps["confused"]
    assert (mine["quiz-U1"]["points"], mine["quiz-U2"]["points"], mine["quiz-passed"]["points"]) == (6, 0, 0)
    for question_unit in ("U3", "U4", "U5"):
        asked = [q for q in drawn("confused") if q.unit == question_unit]
        points = sum(judge.right(q, "B" if q.options else "5") for q in asked)
        assert mine[f"quiz-{question_unit}"]["points"] == points
    verdict = said(klass, "confused", "quiz-passed")
    assert "Not passed" in verdict and "24 are needed" in verdict and "U1 6 of 6, U2 0 of 6" in verdict
    assert "6 questions have no answer" in verdict


def test_answers_of_somebody_else_give_nothing_and_the_reason_names_whose_they_are(
    klass: Klass, steps: dict[str, dict[str, Any]]
) -> None:
    assert sum(step["points"] for step in steps["copier"].values()) == 0
    assert "those of the learner 'perfect'; this hand-in is of 'copier'" in steps["copier"]["quiz-passed"]["reason"]
    assert "the locked cell quiz-passed was changed" in steps["copier"]["quiz-passed"]["remarks"]


def test_what_goes_back_has_no_key(klass: Klass) -> None:
    reasons = [
        str(r)
        for items in judge.pool().values()
        for item in items
        if item.get("options")
        for r in item["because"].values()
    ]
    for path in (klass.root / "feedback").rglob("*.html"):
        text = path.read_text()
        assert not [reason for reason in reasons if reason in text] and "grading/hidden/assessment.yaml" not in text
    mine = (klass.root / "feedback" / "confused" / NAME / "01-quiz.html").read_text()
    assert "U1: 6 of 6 right." in mine and "Not passed" in mine


def test_grading_anew_gives_the_same(klass: Klass, steps: dict[str, dict[str, Any]]) -> None:
    klass.nbgrader("autograde", NAME, "--notebook", "01-quiz", "--student", "confused", "--force")
    again = {s["step"]: s["points"] for s in klass.exported()["confused"]["assignments"][NAME]["steps"]}
    assert all(again[name] == step["points"] for name, step in steps["confused"].items())
