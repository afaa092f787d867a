"""Every question file keeps to the rules, shows no key, and asks each learner something that has one answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core import yaml_reader
from helpers.core.paths import ROOT
from helpers.course import quiz
from helpers.course.quiz import rules
from helpers.course.quiz.questions import Choice, Number, Question, Several, build
from helpers.course.quiz.sealing import SECRET, secret_of
from tests.repeats import examples

NOTEBOOKS = ROOT / "notebooks"
FILES = sorted(NOTEBOOKS.glob("unit*/questions.yaml"))
SECTIONS = [(path, section) for path in FILES for section in quiz.load(path)]
#: Units whose every lecture asks for a number and gives something to read.
COMPLETE = ("unit1", "unit2", "unit3", "unit4", "unit5")
#: Units about Terraform: their learners read plans. The others give manifests, logs and checkpoints to read.
PLANNED = ("unit1", "unit2", "unit5")
DRAWN = [
    (f"{path.parent.name}/{section}", item)
    for path, section in SECTIONS
    for item in quiz.load(path)[section]
    if item.get("draw") or item.get("plan")
]


def test_there_are_questions_of_each_kind() -> None:
    assert len(FILES) >= 3 and len(DRAWN) >= 12
    assert {"number"} < {item["kind"] for _, item in DRAWN}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_keeps_to_the_rules(path: Path) -> None:
    assert rules.problems(path) == []


@pytest.mark.parametrize(
    ("path", "section"),
    [found for found in SECTIONS if found[0].parent.name in COMPLETE],
    ids=lambda value: getattr(value, "parent", Path(str(value))).name,
)
def test_each_lecture_asks_for_numbers_and_for_reading(path: Path, section: str) -> None:
    items = quiz.load(path)[section]
    assert [
        item for item in items if item.get("kind") == "number" and not item.get("material") and not item.get("plan")
    ]
    assert [item for item in items if item.get("material") or item.get("plan")]


@pytest.mark.parametrize("unit", PLANNED)
def test_a_unit_about_terraform_has_plans_to_read(unit: str) -> None:
    sections = quiz.load(NOTEBOOKS / unit / "questions.yaml")
    asked = {section: [item for item in items if item.get("plan")] for section, items in sections.items()}
    assert sum(bool(items) for items in asked.values()) >= 2
    assert {item["kind"] for items in asked.values() for item in items} >= {"number"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_answers_cannot_be_read(path: Path) -> None:
    shown = path.read_text(encoding="utf-8") + "".join(p.read_text("utf-8") for p in path.parent.glob("*.ipynb"))
    for item in (item for items in quiz.load(path).values() for item in items):
        assert "sealed" in item and not set(item) & set(SECRET)
        secret = secret_of(item)
        reasons = secret["because"].values() if isinstance(secret["because"], dict) else [secret["because"]]
        wrong = [one["because"] for one in secret.get("wrong", ())]
        assert not [reason for reason in [*reasons, *wrong] if reason in shown]


@given(who=st.text(min_size=1, max_size=20))
@examples(40)
def test_any_learner_gets_questions_with_one_answer_and_the_same_ones_again(who: str) -> None:
    for name, item in DRAWN:
        question = build(item, name, who)
        again = build(item, name, who)
        assert (question.fingerprint, question.text, question.values) == (again.fingerprint, again.text, again.values)
        right = question.solution()
        assert right.right and right.because and "{" not in question.text
        others = list(_wrong_answers(question))
        assert others and not [one for one in others if question.answer(one).right]
        assert all(question.answer(one).because != right.because for one in others)


def _wrong_answers(question: Question) -> list[Any]:
    if isinstance(question, Number):
        assert question.key not in question.wrong
        return [str(float(value)) for value in question.wrong]
    if isinstance(question, Several):
        return [letter for letter in question.options if {letter} != question.key]
    assert isinstance(question, Choice)
    return [letter for letter in question.options if letter != question.key]


BASE: dict[str, Any] = {
    "id": "one",
    "text": "Which?",
    "options": {"A": "one", "B": "two", "C": "six"},
    "answer": "A",
    "because": {"A": "a", "B": "b", "C": "c"},
}
SUM: dict[str, Any] = {
    "id": "sum",
    "kind": "number",
    "text": "{n} and {m}?",
    "draw": {"n": "2..9", "m": "10..19"},
    "answer": "n + m",
    "because": "Added.",
    "wrong": [{"value": "n * m", "because": "multiplied"}],
}


def _with(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**base, **changes}.items() if value is not None}


#: Six questions whose right option is always the longest.
LONG = [
    _with(BASE, id=f"long-{n}", answer=key, options={"A": "one", "B": "two", "C": "six"} | {key: "rather long"})
    for n, key in enumerate("ABCABC")
]


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([BASE, BASE], "one is the id of several"),
        ([_with(BASE, because={"A": "a", "B": "b"})], "not every option has its reason"),
        ([_with(BASE, answer="D")], "is not some of the options"),
        ([_with(BASE, options={"A": "one", "B": "one", "C": "six"})], "two options are the same"),
        ([_with(BASE, id=str(n)) for n in range(4)], "A is right 4 times in 4"),
        (LONG, "the longest 6 times in 6"),
        ([_with(BASE, kind="riddle")], "no kind 'riddle'"),
        ([_with(BASE, colour="red")], "nobody reads colour"),
        ([_with(SUM, wrong=None)], "no wrong computation"),
        ([_with(SUM, wrong=[{"value": "m + n", "because": "same"}])], "a wrong computation gives the right number"),
        ([_with(SUM, wrong=[{"value": "n", "because": "x"}, {"value": "n * 1", "because": "y"}])], "the same number"),
        ([_with(SUM, tolerance=5)], "the tolerance 5 is too large"),
        ([_with(SUM, draw={"n": "2..3", "m": "1..2"})], "only 4 different questions"),
        ([_with(SUM, where="n > m")], "only 0 different questions"),
        ([_with(SUM, answer="n + k")], "it cannot be asked"),
        ([_with(SUM, answer="7")], "fewer than 4 different keys"),
    ],
)
def test_a_fault_is_found(items: list[dict[str, Any]], said: str, question_file: Callable[..., Path]) -> None:
    found = rules.problems(question_file(items))
    assert [text for text in found if said in text], found


def test_good_questions_pass(question_file: Callable[..., Path]) -> None:
    assert rules.problems(question_file([BASE, SUM])) == []


@pytest.fixture
def question_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes one section of questions."""

    def write(items: list[dict[str, Any]]) -> Path:
        path = tmp_path / "questions.yaml"
        path.write_text(yaml_reader.dump({"01": items}))
        return path

    return write
