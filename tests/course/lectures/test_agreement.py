"""Prose and outputs of a lecture agree: a number or a state that nothing has shown is found."""

from __future__ import annotations

import pytest

from helpers.core.paths import ROOT
from scripts import agreement, claims
from scripts.claims import Cell

LECTURES = [
    path.relative_to(ROOT).as_posix()
    for directory in claims.REGISTERED
    for path in sorted((ROOT / directory).glob("*.ipynb"))
]


@pytest.mark.parametrize("notebook", LECTURES)
def test_what_a_lecture_says_is_what_it_shows(notebook: str) -> None:
    wrong = agreement.disagreements(claims.cells(notebook))
    assert not wrong, "correct the text, or mark what the word speaks of (scripts/agreement.py):\n" + "\n".join(wrong)


def lecture(prose: str, output: str = "7 to add, 0 to change\n('Succeeded', 3)", **speaks: dict[str, str]) -> list[str]:
    cells = [Cell("code", "code", output), Cell("text", "markdown", prose, {"speaks": speaks} if speaks else {})]
    return agreement.disagreements(cells)


@pytest.mark.parametrize(
    "prose",
    [
        "Seven, and all of them new.",
        "*Succeeded*: it took three.",
        "All of it (Terraform 1.11) is new.",
        "It is over. Nine people say so.",
        "**Predict**: eight or nine?",
        "## Twelve of them",
    ],
)
def test_what_agrees(prose: str) -> None:
    assert lecture(prose) == []


@pytest.mark.parametrize(
    ("prose", "word"),
    [("Eight, and all of them new.", "eight"), ("*Failed*: it took three.", "Failed"), ("It adds 17 objects.", "17")],
)
def test_what_does_not(prose: str, word: str) -> None:
    assert lecture(prose) == [f"text: {word}"]


def test_a_mark_says_where_else_it_is_shown_and_is_held_to_it() -> None:
    assert lecture("All four are new.", four={"cell": "code", "shows": "7 to add"}) == []
    assert "does not show '8 to add'" in lecture("All four are new.", four={"cell": "code", "shows": "8 to add"})[0]
    assert "does not say so any more" in lecture("All are new.", four={"of": "the story"})[0]
    assert lecture("All four are new.", four={"of": "the story"}) == []
