"""The final quiz as a learner meets it: drawn for one learner, answered as often as wanted, silent about the keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers import Exam
from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.course import outline
from helpers.course.assessment.exam import answers_file, counted, drawn


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("MOD208_LEARNER", "ada")
    return tmp_path


def test_a_learner_gets_the_same_questions_each_time_and_another_one_others() -> None:
    assert drawn("ada") == drawn("ada") == Exam().questions
    size = outline.load()["assessment"]["quiz"]
    for learner in map(str, range(40)):
        questions = drawn(learner)
        for unit in outline.load()["units"]:
            mine = [question for question in questions if question.unit == unit["id"]]
            assert sum(bool(question.options) for question in mine) == size["choices"]
            assert len(mine) == size["choices"] + size["numbers"]
        assert len({question.id for question in questions}) == len(questions)
    prints = {tuple(question.fingerprint for question in drawn(str(n))) for n in range(60)}
    assert len(prints) == 60, "two learners of sixty have the same quiz"


def test_numbers_have_values_of_their_learner() -> None:
    found: dict[str, set[str]] = {}
    for learner in map(str, range(120)):
        for question in drawn(learner):
            if not question.options:
                found.setdefault(question.id, set()).add(question.text)
    assert len(found) == 20
    assert {name: len(texts) for name, texts in found.items() if len(texts) < 10} == {}


def test_answers_are_kept_and_the_last_one_counts() -> None:
    exam = Exam()
    choice = next(question for question in exam.questions if question.options)
    number = next(question for question in exam.questions if not question.options)
    exam.answer({choice.id: "a", number.id: " 12 "}).answer({choice.id: "B"})
    again = Exam()
    assert again.given == {choice.id: "B", number.id: "12"} and len(again.open) == 28
    assert f'"{choice.id}": "B",' in again.form() and "28 without an answer" in repr(again)
    assert Exam().answer({choice.id: ""}).given == {number.id: "12"}


@pytest.mark.parametrize("wrong", ["E", "", "AB", 1])
def test_what_is_no_answer_is_refused_and_nothing_is_kept(wrong: object) -> None:
    exam = Exam()
    choice = next(question for question in exam.questions if question.options)
    number = next(question for question in exam.questions if not question.options)
    if wrong:
        with pytest.raises(BadInput, match="not an option"):
            exam.answer({number.id: 3, choice.id: wrong})
    with pytest.raises(BadInput, match="is not a number"):
        exam.answer({choice.id: "A", number.id: "many"})
    with pytest.raises(BadInput, match="no question 'nobody-asked'") as refused:
        exam.answer({"nobody-asked": "A"})
    assert "'ada'" in refused.value.why and not exam.given and not answers_file().exists()


def test_answers_of_another_learner_or_to_another_text_do_not_count() -> None:
    exam = Exam()
    first = exam.questions[0]
    exam.answer({first.id: "1" if not first.options else "A"})
    notes = json.loads(answers_file().read_text())
    assert list(counted(notes, "ada", exam.questions)) == [first.id]
    assert counted(notes, "grace", drawn("grace")) == {}
    notes["answers"][first.id]["asked"] = "0" * 16
    assert counted(notes, "ada", exam.questions) == {}
    for nonsense in (
        None,
        [],
        {"learner": "ada"},
        {"learner": "ada", "answers": {first.id: ["A"]}},
        {"learner": ["ada"]},
    ):
        assert counted(nonsense, "ada", exam.questions) == {}
    answers_file().write_text("{")
    with pytest.raises(BadInput, match="does not hold answers"):
        Exam()


def test_what_is_shown_has_every_question_and_each_answer() -> None:
    exam = Exam()
    shown = exam._repr_html_()
    assert all(question.id in shown for question in exam.questions) and shown.count("No answer yet.") == 30
    assert "Unit" not in shown or "U1" in shown


def test_learners_have_no_key_and_nothing_that_computes_one() -> None:
    text = (IAC / "assessment" / "quiz.yaml").read_text()
    for word in ("answer:", "because:", "wrong:", "where:", "sealed:", "let:"):
        assert word not in text
