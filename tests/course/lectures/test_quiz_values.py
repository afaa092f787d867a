"""Numbers as people type them, expressions of keys, values drawn for a learner."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core import identity
from helpers.core.errors import BadInput
from helpers.course.quiz import numbers
from helpers.course.quiz.draws import domain, draw, every
from helpers.course.quiz.expressions import evaluate, fill, show


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("3", 3),
        ("3.0", 3),
        (" 3 ", 3),
        ("+3", 3),
        ("-3", -3),
        ("\u22123", -3),
        ("1,000", 1000),
        ("1 000", 1000),
        ("1_000", 1000),
        ("1\u202f000", 1000),
        ("12,345,678", 12345678),
        ("1,000.5", "1000.5"),
        ("1e3", 1000),
        (".5", "0.5"),
        ("0.30", "0.3"),
        (3, 3),
        (0.1, "0.1"),
        ("7 buckets", 7),
        ("7 Bucket", 7),
        ("1,000 buckets", 1000),
        ("7.", 7),
    ],
)
def test_spellings_of_a_number(typed: object, number: object) -> None:
    assert numbers.read(typed, "buckets") == Fraction(str(number))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "no number yet"),
        ("three", "not a number"),
        ("0,5", "two ways"),
        ("1,00", "two ways"),
        ("1,0000", "two ways"),
        ("1.000.000", "two ways"),
        ("7 pools", "'pools' behind the number"),
        ("3/4", "behind the number"),
        ("3-4", "behind the number"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("9" * 50, "too long"),
        ("1e999999", "behind the number"),
        ("<b>4</b>", "not a number"),
    ],
)
def test_what_is_no_number_is_said(typed: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        numbers.read(typed, "buckets")
    assert said in str(caught.value.diagnostics()) and caught.value.next


@given(st.text(max_size=50))
def test_any_text_is_a_number_or_a_reason(typed: str) -> None:
    try:
        assert isinstance(numbers.read(typed), Fraction)
    except BadInput as error:
        assert error.next


@given(st.integers(-(10**9), 10**9))
def test_a_number_that_is_shown_can_be_typed(number: int) -> None:
    assert numbers.read(show(number)) == number


def test_expressions_are_exact_and_only_arithmetic() -> None:
    values = {"n": 7, "k": 2, "price": 0.1, "team": "vision"}
    for text, result in {
        "2 * (n - k) + 1": 11,
        "price + 0.2": Fraction(3, 10),
        "n / k": Fraction(7, 2),
        "n // k + n % k": 4,
        "ceil(n / k)": 4,
        "levels(1000000)": 20,
        "levels(1024)": 10,
        "2 ** n": 128,
        "n if team == 'vision' and n > k else 0": 7,
        "1 < k < n": True,
        "-min(n, k)": -2,
    }.items():
        assert evaluate(text, values) == result, text
    for text in (
        "n.__class__",
        "__import__('os')",
        "n[0]",
        "(lambda: 1)()",
        "9 ** 999",
        "n / 0",
        "m",
        "n +",
        "[n]",
        "f'{n}'",
    ):
        with pytest.raises(BadInput):
            evaluate(text, values)


def test_texts_are_filled_and_other_braces_stay() -> None:
    text = "{n} of {=n * 1000} in object({ nodes = optional(number, 1) }) and {other}"
    assert fill(text, {"n": 4}) == "4 of 4,000 in object({ nodes = optional(number, 1) }) and {other}"


def test_what_can_be_drawn() -> None:
    assert domain("2..4") == [2, 3, 4] and domain("10..30 step 10") == [10, 20, 30] and domain(["a"]) == ["a"]
    wrong: object
    for wrong in ("4..2", "two", [], 7, None):
        with pytest.raises(BadInput):
            domain(wrong)
    with pytest.raises(BadInput, match="No draw fulfils"):
        draw({"n": "1..3"}, ("ada",), lambda drawn: drawn["n"] > 3)


@given(who=st.text(), question=st.text())
def test_a_draw_is_one_of_those_allowed(who: str, question: str) -> None:
    spec: dict[str, object] = {"n": "2..9", "k": "1..8", "team": ["vision", "speech"]}

    def holds(drawn: dict[str, int]) -> bool:
        return drawn["k"] < drawn["n"]

    drawn = draw(spec, (who, question), holds)
    assert drawn == draw(spec, (who, question), holds) and drawn in list(every(spec, holds))


def test_draws_are_the_same_on_every_machine_and_differ_between_learners() -> None:
    spec = {"n": "1..1000"}
    # Written down from a first run: another number here means that every learner's questions change.
    assert [draw(spec, (who, "unit1/01", "pools"))["n"] for who in ("ada", "grace", "reader")] == [718, 297, 174]
    drawn = [draw({"n": "1..10"}, (f"learner{n}", "unit1/01", "pools"))["n"] for n in range(500)]
    assert all(30 <= drawn.count(n) <= 75 for n in range(1, 11)), "the draws are lopsided"


def test_the_learner_is_who_the_course_says_then_the_hub_then_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_LEARNER", "ada")
    monkeypatch.setenv("JUPYTERHUB_USER", "grace")
    assert identity.learner() == "ada"
    monkeypatch.delenv("MOD208_LEARNER")
    assert identity.learner() == "grace"
    monkeypatch.delenv("JUPYTERHUB_USER")
    monkeypatch.setenv("LOGNAME", "mary")
    assert identity.learner() == "mary"
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert identity.learner() == (Path.home().owner() if Path.home().exists() else identity.NOBODY)
