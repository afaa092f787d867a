"""The drawing of the rooms is the one that the code gives; what the pages for contributors name is there."""

from __future__ import annotations

import pytest

from helpers.core.paths import ROOT
from scripts import draw_architecture as drawn


def test_the_drawing_is_up_to_date() -> None:
    text = drawn.PAGE.read_text(encoding="utf-8")
    assert text == drawn.page(text, drawn.drawing()), f"docs/architecture.md is outdated. Next: {drawn.COMMAND}"


def test_every_room_is_drawn_on_its_floor() -> None:
    rooms = [room for floor in drawn.floors() for room in floor]
    there = {path.parent.name for path in (ROOT / "helpers").glob("*/__init__.py")}
    assert set(rooms) == there == drawn.HOLDS.keys()
    assert len(drawn.floors()) <= 8  # seven floors and a roof


@pytest.mark.parametrize(
    ("count", "word"), [(1, "few"), (9, "few"), (10, "10+"), (19, "10+"), (20, "20+"), (71, "50+"), (300, "200+")]
)
def test_counts_are_drawn_in_steps(count: int, word: str) -> None:
    assert drawn.about(count) == word


def test_only_arrows_that_no_longer_way_implies_are_drawn() -> None:
    levels = [("course",), ("widgets",), ("core",)]
    counts = {("course", "widgets"): 30, ("widgets", "core"): 2, ("course", "core"): 50}
    text = drawn.mermaid(levels, counts)
    assert "course -->|20+| widgets" in text
    assert "widgets -->|few| core" in text
    assert "course -->|50+| core" not in text
    assert "| `course` | 20+ | 50+ |" in drawn.table(levels, counts)


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(SystemExit, match="has lost the line"):
        drawn.page("# Architecture\n", "a drawing")
