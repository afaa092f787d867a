"""Drift over many stacks, shown: every answer in words, owners and ages, and a question before anything is done."""

from __future__ import annotations

import pytest

from helpers import widgets
from helpers.compliance.drift import DriftReport
from helpers.core.errors import CourseError
from helpers.widgets import StackDriftBoard
from tests.widgets.stack_drifts import NOW, Stacks, stack_report
from tests.widgets.test_interactive import settle
from tests.widgets.test_static import Outline


def words(source: str) -> str:
    return Outline(source).text


def pick(board: StackDriftBoard, name: str) -> None:
    board._list.value = name


@pytest.fixture
def opened() -> tuple[StackDriftBoard, Stacks]:
    stacks = Stacks()
    board = StackDriftBoard(stacks, heal=stacks.heal, adopt=stacks.heal)
    assert board.widget
    return board, stacks


def test_the_static_form_says_who_since_when_and_what_to_do() -> None:
    text = words(widgets.stack_drift_html(stack_report()))
    for said in ("could not tell", "code not applied", "drifted, code not applied", "in sync"):
        assert said in text
    assert "speech #speech" in text and "12 days" in text
    assert "the rule of security ended on 2026-06-01" in text
    assert "by security until 2026-06-30: the scanner" in text
    assert "missing" in text and "The state is locked." in text


def test_the_worst_comes_first_and_nothing_looked_at_is_not_in_sync() -> None:
    assert [one.status for one in stack_report().stacks] == ["both", "drifted", "unknown", "unapplied", "in-sync"]
    assert "nothing was looked at" in words(widgets.stack_drift_html(DriftReport(NOW, ())))


def test_heal_asks_first_and_looks_anew(opened: tuple[StackDriftBoard, Stacks]) -> None:
    board, stacks = opened
    pick(board, "speech-serving")
    board._heal.click()
    assert "Change the real objects of speech-serving back" in board._note.value
    board._question.no.click()
    assert stacks.done == []
    board._heal.click()
    board._question.yes.click()
    settle(board)
    assert stacks.done == ["speech-serving"] and "healed speech-serving" in board._note.value
    assert "2 in sync" in repr(board)


def test_nobody_decides_on_what_is_not_known(opened: tuple[StackDriftBoard, Stacks]) -> None:
    board, stacks = opened
    for name, off in (("platform-edge", True), ("vision-eval", True), ("vision-training", False)):
        pick(board, name)
        assert board._heal.disabled == off and board._adopt.disabled == off
    board._heal.click()
    pick(board, "platform-edge")
    assert board._question.box.layout.display == "none", "the question was about another stack"
    board._question.yes.click()
    assert stacks.done == []


def test_filters_by_owner_and_answer(opened: tuple[StackDriftBoard, Stacks]) -> None:
    board, _ = opened
    board._owner.value = "vision"
    assert [name for _, name in board._list.options] == ["vision-training", "vision-eval"]
    board._answer.value = "unapplied"
    assert [name for _, name in board._list.options] == ["vision-eval"]
    board._owner.value = "speech"
    assert board._list.options == () and "Nothing to show" in board._detail.value


def test_a_look_that_fails_leaves_no_old_answer(opened: tuple[StackDriftBoard, Stacks]) -> None:
    board, _ = opened

    def broken() -> DriftReport:
        raise CourseError("The history of drift cannot be read", next="Restore it.")

    board._source = broken
    board._again.click()
    settle(board)
    assert repr(board) == "StackDriftBoard(could not tell)" and board._heal.disabled
    assert "could not tell" in board.html() and "in sync" not in words(board.html())
