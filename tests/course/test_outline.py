"""course.yaml, the notebooks and the checks agree."""

from __future__ import annotations

import json
import re

import pytest

from helpers.core.paths import ROOT
from helpers.course import checks, outline

LABS = list(outline.labs().values())
STEPS = [(lab, step) for lab in LABS for step in lab.steps]


def notebook(lab: outline.LabSpec, name: str) -> list[dict[str, object]]:
    cells: list[dict[str, object]] = json.loads((ROOT / "source" / lab.assignment / name).read_text())["cells"]
    return cells


@pytest.mark.parametrize(("lab", "step"), STEPS, ids=lambda x: x.id)
def test_each_step_has_a_check_an_intended_message_and_points(lab: outline.LabSpec, step: outline.StepSpec) -> None:
    check = checks.find(lab.id, step.id)
    assert check is not None
    assert all(check.hints)
    assert re.compile(step.starter).pattern
    assert step.points > 0


@pytest.mark.parametrize(("lab", "step"), STEPS, ids=lambda x: x.id)
def test_each_step_is_graded_by_one_cell_of_its_points(lab: outline.LabSpec, step: outline.StepSpec) -> None:
    graded = [
        cell["metadata"]["nbgrader"]["points"]  # type: ignore[index]
        for cell in notebook(lab, step.notebook)
        if f'lab.grade("{step.id}")' in "".join(cell["source"])  # type: ignore[arg-type]
    ]
    assert graded == [step.points]


@pytest.mark.parametrize("lab", LABS, ids=lambda x: x.id)
def test_every_check_belongs_to_a_step(lab: outline.LabSpec) -> None:
    assert set(checks.names(lab.id)) == {step.id for step in lab.steps}


@pytest.mark.parametrize("lab", LABS, ids=lambda x: x.id)
def test_the_graded_cells_add_up_to_the_points_of_the_lab(lab: outline.LabSpec) -> None:
    cells = [cell for name in lab.notebooks for cell in notebook(lab, name)]
    points = [cell["metadata"].get("nbgrader", {}).get("points", 0) for cell in cells]  # type: ignore[attr-defined]
    assert sum(points) == lab.points


def test_hours_are_those_of_the_module() -> None:
    data = outline.load()
    hours = data["module"]["hours"]
    assert sum(unit["hours"] for unit in data["units"]) == hours["lecture"]
    assert hours["total"] == sum(value for name, value in hours.items() if name != "total")


def test_the_order_of_the_course_is_made_in_one_place() -> None:
    stages = outline.stages()
    assert [stage.id for stage in stages] == outline.load()["path"]
    assert all((ROOT / ("release" if stage.lab else "notebooks") / stage.directory).is_dir() for stage in stages)
    others = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "helpers").rglob("*.py")
        if re.search(r'\["path"\]', path.read_text(encoding="utf-8")) and "outline.load()" in path.read_text("utf-8")
    ]
    assert others == []
