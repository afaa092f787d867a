"""Questionnaires: judged at once, remembered, judged the same once more, and without the answers in what is shown."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.course import quiz
from helpers.course.quiz import __main__ as author
from helpers.course.quiz import plans
from helpers.course.quiz import quiz as module
from helpers.course.quiz.sealing import rewritten
from helpers.widgets.quiz import QuizPanel
from helpers.widgets.renderers.quiz import plan_excerpt
from tests.quizzes import ACTION, ADDRESS, CHOICES, LOG, NUMBER, PLAN, SEVERAL


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    directory = tmp_path / "notebooks" / "unit9"
    directory.mkdir(parents=True)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("MOD208_LEARNER", "ada")

    def written(*items: dict[str, Any]) -> Path:
        file = directory / "questions.yaml"
        file.write_text(yaml_reader.dump({"01": list(items)}))
        file.write_text(rewritten(file, open_it=False))
        return file

    return written


@pytest.fixture
def made(write: Callable[..., Path]) -> quiz.Quiz:
    write(*CHOICES)
    return quiz.Quiz("unit9/01")


def test_the_first_answer_counts(made: quiz.Quiz) -> None:
    wrong = made.answer(1, "a")
    assert (wrong.right, wrong.because) == (False, "because a")
    assert made.answer(1, "B").right
    assert made.answer(2, "D").right
    assert made.right == 1
    again = quiz.Quiz("unit9/01")
    assert (again.right, len(again.answers)) == (1, 2)
    again.forget()
    assert not quiz.Quiz("unit9/01").answers


def test_bad_input(made: quiz.Quiz) -> None:
    for number, letter in ((0, "A"), (3, "A"), (1, "E"), (1, ""), (1, 7)):
        with pytest.raises(BadInput):
            made.answer(number, letter)
    with pytest.raises(BadInput, match="no questionnaire"):
        quiz.Quiz("unit9/77")
    with pytest.raises(BadInput, match="not answered yet"):
        made.solution(1)


def test_several_options_are_right_together_only(write: Callable[..., Path]) -> None:
    write(SEVERAL)
    made = quiz.Quiz("unit9/01")
    assert all(made.answer(1, given).right for given in ("AC", "ca", "A, C", "C A"))
    missed = made.answer(1, "A, D")
    assert not missed.right and missed.because == "C: because c D: because d"
    for nothing in ("", "AE", "A, E"):
        with pytest.raises(BadInput):
            made.answer(1, nothing)


def test_a_number_has_values_of_its_learner_and_names_the_slip(write: Callable[..., Path]) -> None:
    write(NUMBER)
    question = quiz.Quiz("unit9/01").questions[0]
    n, k = question.values["n"], question.values["k"]
    assert f"{n} buckets" in question.text and f"place {k}" in question.text
    right = question.answer(f"{n - k + 1}.0 buckets")
    assert right.right and right.because == f"{n - k} are replaced and the last goes."
    assert question.answer(n - k).because == "The last position goes, too."
    assert "usual slips" in question.answer(99).because
    with pytest.raises(BadInput):
        question.answer("many")
    others = {quiz.Quiz("unit9/01", learner=f"learner{n}").questions[0].text for n in range(60)}
    assert len(others) >= 20


def test_what_is_shown_gives_the_key(write: Callable[..., Path]) -> None:
    write(LOG)
    question = quiz.Quiz("unit9/01").questions[0]
    assert question.answer(question.material.count("failed")).right


def test_a_plan_gives_the_key(write: Callable[..., Path]) -> None:
    write(PLAN, ACTION, ADDRESS)
    for who in ("ada", "grace", "mary"):
        count, action, address = quiz.Quiz("unit9/01", learner=who).questions
        assert count.plan and action.plan and address.plan
        # By Terraform's own words in the JSON, not by the reader that made the key.
        raw = [set(item["change"]["actions"]) for item in count.plan.raw["resource_changes"]]
        assert count.answer(sum("delete" in actions for actions in raw)).right
        assert not count.answer(sum(actions == {"delete"} for actions in raw)).right
        asked = next(i for i in action.plan.raw["resource_changes"] if i["address"] == action.values["address"])
        words = {"create": "A", "update": "B", "create delete": "C", "delete create": "C", "delete": "D"}
        assert action.answer(words[" ".join(asked["change"]["actions"])]).right and asked["address"] in action.text
        (replaced,) = (i["address"] for i in address.plan.raw["resource_changes"] if len(i["change"]["actions"]) == 2)
        right = next(letter for letter, text in address.options.items() if text == replaced)
        wrong = next(letter for letter in address.options if letter != right)
        assert address.answer(right).right and address.options[wrong] in address.answer(wrong).because


def test_notes_are_judged_the_same_later_and_elsewhere(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(*CHOICES, NUMBER, PLAN)
    made = quiz.Quiz("unit9/01")
    n, k = (made.questions[2].values[name] for name in "nk")
    for number, given in enumerate(("B", "A", n - k, made.questions[3].solution().choice), 1):
        made.answer(number, given)
    (notes,) = (tmp_path / "workspace" / "lectures" / "answers").iterdir()
    monkeypatch.setenv("MOD208_LEARNER", "grader")
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "elsewhere"))
    # The file's order and its other questions decide nothing.
    write(PLAN, {**NUMBER, "text": "Better said: {n}, {k}"}, *reversed(CHOICES))
    judged = quiz.regrade(notes)
    assert judged.learner == "ada" and judged.changed == ()
    verdicts = {answer.question: answer.right for answer in judged.answers.values()}
    assert verdicts == {"q1": True, "q2": False, "shift": False, "plan": True}
    assert author.main(["--regrade", str(notes)]) == 0
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    "change",
    [{"answer": "n - k"}, {"draw": {"n": "20..30", "k": "2..9"}}, {"unit": "pools", "where": "k + 1 < n - 20"}],
)
def test_a_changed_question_says_so(write: Callable[..., Path], change: dict[str, Any]) -> None:
    if "unit" in change:
        change = {"draw": {"n": "30..40", "k": "2..9"}, **change}
    write(*CHOICES, NUMBER)
    made = quiz.Quiz("unit9/01")
    made.answer(1, "B")
    made.answer(3, 4)
    write(*CHOICES, {**NUMBER, **change})
    again = quiz.Quiz("unit9/01")
    assert again.changed == (3,) and list(again.answers) == [1]
    assert "please answer once more" in QuizPanel(again).html()
    again.answer(3, 5)
    assert not again.changed and not quiz.Quiz("unit9/01").changed


def test_another_name_has_other_values_and_keeps_what_has_none(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(*CHOICES, NUMBER)
    made = quiz.Quiz("unit9/01")
    made.answer(1, "B")
    made.answer(3, 4)
    other = next(f"learner{n}" for n in range(99) if _text(f"learner{n}") != made.questions[2].text)
    monkeypatch.setenv("MOD208_LEARNER", other)
    again = quiz.Quiz("unit9/01")
    assert list(again.answers) == [1] and again.changed == (3,)


def _text(who: str) -> str:
    return quiz.Quiz("unit9/01", learner=who).questions[2].text


def test_two_tabs_keep_what_was_said_first(made: quiz.Quiz) -> None:
    other = quiz.Quiz("unit9/01")
    made.answer(1, "A")
    other.answer(1, "B")
    assert {n: a.choice for n, a in other.answers.items()} == {1: "A"}
    other.answer(2, "B")
    made.answer(2, "A")
    assert {n: a.choice for n, a in quiz.Quiz("unit9/01").answers.items()} == {1: "A", 2: "B"}


@pytest.mark.parametrize("text", ["{", "[]", "", '{"answers": []}', '{"answers": {"one": {}}}'])
def test_damaged_notes_are_put_aside(made: quiz.Quiz, tmp_path: Path, text: str) -> None:
    notes = tmp_path / "workspace/lectures/answers/unit9-01.json"
    notes.parent.mkdir(parents=True)
    notes.write_text(text.replace("one", made.questions[0].id))
    again = quiz.Quiz("unit9/01")
    assert not again.answers and not notes.exists() and notes.with_suffix(".damaged").exists()
    again.answer(1, "A")
    assert list(quiz.Quiz("unit9/01").answers) == [1]


def test_notes_of_earlier_releases_are_read(made: quiz.Quiz, tmp_path: Path) -> None:
    file = tmp_path / "workspace" / "lectures" / "answers" / "unit9-01.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"q1": "B", "q2": "Z"}))
    again = quiz.Quiz("unit9/01")
    assert again.right == 1 and again.changed == (2,)
    with pytest.raises(BadInput, match="names no learner"):
        quiz.regrade(file)


def test_the_json_of_a_plan_has_the_null_that_its_reasons_speak_of() -> None:
    plan = next(iter(plans.plans("unit5/guide").values()))
    for change in (one for one in plan.resource_changes if one.action in ("create", "delete")):
        shown = html.unescape(str(plan_excerpt(plan, "json", {"address": change.address})))
        gone = {"create": "before", "delete": "after"}[str(change.action)]
        assert f'"{gone}": null' in shown, shown


def test_the_static_twin_shows_no_answer(write: Callable[..., Path]) -> None:
    write(*CHOICES, SEVERAL, NUMBER, LOG, PLAN, ACTION, ADDRESS)
    html = QuizPanel(quiz.Quiz("unit9/01")).html()
    assert "Question 1?" in html and "because" not in html and "replaced and the last" not in html
    assert "<b>two</b>" not in html and "&lt;b&gt;two" in html
    assert "three failed" in html and "-/+ terraform_data.pool" in html and "to destroy" not in html


def test_sealing_and_opening_give_the_same(write: Callable[..., Path]) -> None:
    file = write(*CHOICES, SEVERAL, NUMBER, LOG, PLAN, ACTION, ADDRESS)
    before = file.read_text()
    assert "because" not in before and "n - k" not in before and "material: |" in before
    file.write_text(rewritten(file, open_it=True))
    assert "because a" in file.read_text() and quiz.Quiz("unit9/01").questions[0].answer("B").right
    file.write_text(rewritten(file, open_it=False))
    assert file.read_text() == before


def test_what_authors_type(write: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    file = write(CHOICES[0], NUMBER)
    assert author.main(["--check", str(file)]) == 0
    assert author.main(["--open", str(file)]) == 0
    assert author.main(["--show", "unit9/01", "ada"]) == 0
    said = capsys.readouterr().out
    assert "answer: n - k + 1" in said and "B: right. because b" in said
    write({**CHOICES[0], "answer": "X"})
    assert author.main([str(file)]) == 1
    assert author.main(["--show", "unit9/02"]) == 2
