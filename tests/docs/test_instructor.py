"""The instructor's guide: its calendar has the module's hours, and what it says of steps is what their checks say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.course import outline
from scripts import common_mistakes

TEXT = common_mistakes.PAGE.read_text(encoding="utf-8")
STEPS = [(lab["id"], step) for lab in outline.load()["labs"] for step in outline.lab(lab["id"]).steps]
ROW = re.compile(r"^\| \d \| [\d, ]+ \| (\d+) \| ([^|]+) \|", re.MULTILINE)
PART = re.compile(r"(?:the )?(\w+(?: \d)?) \((\d+)\)")


def test_what_is_made_is_up_to_date() -> None:
    assert common_mistakes.main(["--check"]) == 0, f"Next: {common_mistakes.COMMAND}"


def test_a_changed_reason_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(TEXT.replace("“", "“not ", 1))
    assert common_mistakes.main(["--check"], page) == 1
    assert common_mistakes.main([], page) == 0
    assert page.read_text() == TEXT


@pytest.mark.parametrize(("lab", "step"), STEPS)
def test_each_step_has_a_reason_that_its_check_gives(lab: str, step: outline.StepSpec) -> None:
    found = common_mistakes.reasons(lab, step.id)
    assert found and f"- **{step.title}** ({step.points:g} points): “" in TEXT
    assert all(re.search(r"[a-z]{3}", one) for one in found)


def test_the_calendar_has_the_hours_of_the_module() -> None:
    data = outline.load()
    days = [(int(hours), [(name, int(part)) for name, part in PART.findall(what)]) for hours, what in ROW.findall(TEXT)]
    assert len(days) == 5
    assert all(hours == sum(part for _, part in parts) for hours, parts in days)
    spent: dict[str, int] = {}
    for _, parts in days:
        for name, part in parts:
            spent[name.casefold()] = spent.get(name.casefold(), 0) + part
    wanted = {f"unit {unit['id'][1:]}": unit["hours"] for unit in data["units"]}
    wanted |= {lab["id"].replace("lab", "lab "): lab["hours"] for lab in data["labs"]}
    assert spent == {**wanted, "assessment": data["assessment"]["hours"]}
    assert sum(spent.values()) == data["module"]["hours"]["total"]
    # In the order in which the course is done.
    order = [one.casefold().replace("u", "unit ").replace("lab", "lab ") for one in data["path"]]
    assert [name for name in spent if name != "assessment"] == order
