"""Questionnaires: judged at once, remembered, and without the answers in what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helpers import quiz
from helpers.errors import BadInput
from helpers.widgets.quiz import QuizPanel


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> quiz.Quiz:
    folder = tmp_path / "notebooks" / "unit9"
    folder.mkdir(parents=True)
    options = {"A": "one", "B": "<b>two</b>", "C": "three", "D": "four"}
    because = {"A": "because a", "B": "because b", "C": "because c", "D": "because d"}
    items = [{"id": f"q{n}", "text": f"Question {n}?", "options": options, "answer": key, "because": because}
             for n, key in enumerate("BD", 1)]  # fmt: skip
    file = folder / "questions.yaml"
    file.write_text(yaml.safe_dump({"01": items}))
    file.write_text(quiz._rewrite(file, open_it=False))
    monkeypatch.setattr(quiz, "ROOT", tmp_path)
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))
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
    for number, letter in ((0, "A"), (3, "A"), (1, "E"), (1, "")):
        with pytest.raises(BadInput):
            made.answer(number, letter)
    with pytest.raises(BadInput, match="no questionnaire"):
        quiz.Quiz("unit9/77")


def test_the_static_twin_shows_no_answer(made: quiz.Quiz) -> None:
    html = QuizPanel(made).html()
    assert "Question 1?" in html and "because" not in html
    assert "<b>two</b>" not in html and "&lt;b&gt;two" in html


def test_the_widget_judges_a_click(made: quiz.Quiz) -> None:
    panel = QuizPanel(made)
    card = panel.widget.children[1]
    wrong, right = card.children[1].children[0], card.children[2].children[0]
    wrong.click()
    assert "not this one" in card.children[-1].value and "because a" in card.children[-1].value
    right.click()
    assert "because b" in card.children[-1].value
    assert "0 of 2 right" in panel._score.value


def test_sealing_and_opening_give_the_same(made: quiz.Quiz, tmp_path: Path) -> None:
    file = tmp_path / "notebooks/unit9/questions.yaml"
    before = file.read_text()
    file.write_text(quiz._rewrite(file, open_it=True))
    assert "because a" in file.read_text()
    file.write_text(quiz._rewrite(file, open_it=False))
    assert file.read_text() == before
