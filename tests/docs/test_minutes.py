"""The minutes that lectures state are those an expert needs by the count, and they add up to the unit's hours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.core import yaml_reader
from helpers.core.paths import ROOT
from helpers.course import outline
from scripts import lecture_minutes
from scripts.lecture_minutes import Counted

UNITS = {Path(unit["folder"]).name: unit["hours"] for unit in outline.load()["units"]}
LECTURES = [lecture for unit in UNITS for lecture in lecture_minutes.lectures(unit)]
#: Minutes are stated in steps of five, so they are off by as much at the most.
STEP = 5


@pytest.mark.parametrize("unit", UNITS)
def test_the_minutes_of_a_unit_add_up_to_its_hours(unit: str) -> None:
    found = lecture_minutes.lectures(unit)
    assert sum(one.stated for one in found) == 60 * UNITS[unit]
    computed = sum(one.core.minutes for one in found)
    assert computed == pytest.approx(60 * UNITS[unit], rel=0.1), f"{computed:.0f} minutes by the count"


@pytest.mark.parametrize("lecture", LECTURES, ids=lambda one: f"{one.path.parent.name}-{one.path.stem}")
def test_a_lecture_states_what_is_counted(lecture: lecture_minutes.Lecture) -> None:
    for stated, counted in ((lecture.stated, lecture.core), (lecture.stated_optional, lecture.optional)):
        assert stated % STEP == 0
        assert abs(stated - counted.minutes) <= STEP, f"{stated} are stated, {counted.minutes:.0f} are counted"
        assert bool(stated) == (counted.minutes > 0)


@pytest.mark.parametrize("lecture", LECTURES, ids=lambda one: f"{one.path.parent.name}-{one.path.stem}")
def test_optional_sections_can_be_left_out(lecture: lecture_minutes.Lecture) -> None:
    assert lecture_minutes.leaning(lecture.path) == []


def test_the_final_quiz_asks_about_nothing_optional() -> None:
    asked = yaml_reader.load((ROOT / "grading" / "hidden" / "assessment.yaml").read_text(encoding="utf-8"))
    places = {str(item["of"]) for unit in asked.values() for item in unit}
    assert len(places) >= 20
    assert sorted(places & _optional_cells()) == []


def _optional_cells() -> set[str]:
    found = set()
    for one in LECTURES:
        apart = one.stated == 0
        for cell in json.loads(one.path.read_text(encoding="utf-8"))["cells"]:
            lines = "".join(cell["source"]).splitlines() if cell["cell_type"] == "markdown" and one.stated else []
            headings = [line.endswith(lecture_minutes.OPTIONAL) for line in lines if line.startswith(("# ", "## "))]
            begins = headings[0] if headings and lines[0].startswith("#") else apart
            if begins:
                found.add(f"{one.path.relative_to(ROOT).as_posix()}#{cell['id']}")
            apart = headings[-1] if headings else apart
    return found


def _cell(kind: str, source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": kind, "source": [source], "metadata": {}, **more}


CELLS = [
    _cell("markdown", "# A lecture\n\nThree words here. **Predict**: what?\n\n## Deeper (optional)\n\nTwo words."),
    _cell("code", "deeper = 1\n\ndeeper", outputs=[{"data": {"text/plain": ["1 line of text"]}}]),
    _cell("markdown", "And ![a picture of it](attachment:a.svg).\n\n## Back\n\n**Exercise.** Count <b>it</b>."),
    _cell("code", "print(deeper)", outputs=[]),
]


def test_what_is_counted() -> None:
    found = list(lecture_minutes.parts(CELLS))
    core = sum((part for part, apart in found if not apart), Counted())
    optional = sum((part for part, apart in found if apart), Counted())
    assert (core.words, core.predictions, core.exercises, core.cells, core.lines) == (11, 1, 1, 1, 1)
    assert (optional.words, optional.cells, optional.lines, optional.shown) == (7, 1, 2, 4)
    assert Counted(words=210, questions=2, waiting=60).minutes == pytest.approx(4)


def test_a_lecture_that_leans_on_an_optional_section_is_found(tmp_path: Path) -> None:
    path = tmp_path / "01-leans.ipynb"
    path.write_text(json.dumps({"cells": CELLS}), encoding="utf-8")
    assert lecture_minutes.leaning(path) == ["deeper"]
    with pytest.raises(ValueError, match="states no minutes"):
        lecture_minutes.read(path)
