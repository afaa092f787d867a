"""A prediction: asked before the cell that answers it, kept as it was said first, and opened only then."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from helpers.core.errors import BadInput
from helpers.core.paths import ROOT, workspace_dir
from helpers.course import quiz
from helpers.course.quiz import Prediction, rules
from helpers.course.quiz.sealing import secret_of
from helpers.widgets import PredictionPanel

FILES = sorted((ROOT / "notebooks").glob("unit*/predictions.yaml"))
ASKED = [f"{path.parent.name}/{section}" for path in FILES for section in quiz.load(path)]
NAME = "unit1/01-monolith"


@pytest.fixture(autouse=True)
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))


def test_every_unit_asks_for_one() -> None:
    assert {path.parent.name for path in FILES} == {path.name for path in (ROOT / "notebooks").glob("unit*")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_keeps_to_the_rules_and_shows_no_answer(path: Path) -> None:
    assert rules.problems(path) == []
    shown = path.read_text("utf-8") + "".join(p.read_text("utf-8") for p in path.parent.glob("*.ipynb"))
    for item in (item for items in quiz.load(path).values() for item in items):
        assert "sealed" in item
        assert not [text for text in secret_of(item)["because"].values() if text in shown]


@pytest.mark.parametrize("name", ASKED)
def test_it_stands_below_the_words_that_ask_and_above_the_cell_that_answers(name: str) -> None:
    unit, _, section = name.partition("/")
    (book,) = (ROOT / "notebooks" / unit).glob(f"{section[:2]}-*.ipynb")
    cells = nbformat.read(book, 4).cells
    (at,) = [i for i, cell in enumerate(cells) if f'Prediction("{name}")' in cell.source]
    assert re.search(r"\*\*Predict\*\*", cells[at - 1].source)
    assert cells[at + 1].cell_type == "code" and "Prediction(" not in cells[at + 1].source


def test_what_is_said_first_is_kept_and_stays() -> None:
    prediction = Prediction(NAME)
    assert not prediction.said("A").right
    assert prediction.said("C").right
    assert {n: a.choice for n, a in Prediction(NAME).answers.items()} == {1: "A"}
    kept = json.loads((workspace_dir() / "lectures/predictions/unit1-01-monolith.json").read_text())
    assert [one["given"] for one in kept["answers"].values()] == ["A"]
    with pytest.raises(BadInput, match="There is no prediction"):
        Prediction("unit1/01-nosuch")


def test_the_answer_opens_afterwards_and_not_before() -> None:
    prediction = Prediction(NAME)
    panel = PredictionPanel(prediction)
    why = prediction.questions[0].solution().because
    assert panel.widget and panel._verdict.value == "" and why not in panel.html()
    buttons = [part for part in panel._parts if hasattr(part, "description")]
    buttons[0].click()
    assert "You said A" in panel._verdict.value and "<details>" in panel._verdict.value
    assert "not as you said" in panel._verdict.value and why in panel._verdict.value
    assert all(made.disabled for made in buttons) and buttons[0].description.startswith("● A")
    buttons[2].click()
    assert prediction.answers[1].choice == "A"
    again = PredictionPanel(Prediction(NAME))
    assert again.widget and "You said A" in again._verdict.value
    assert all(part.disabled for part in again._parts)
