"""The rubric: its levels, the samples, how a reviewer's marks are compared, and the notebook that is graded by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers import Rubric
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.assessment.rubric import FILE

SOURCE = ROOT / "source" / "assessment"


def agreed(rubric: Rubric) -> dict[str, int]:
    return {sample.id: sample.points for sample in rubric.samples}


def test_each_criterion_has_samples_of_two_levels() -> None:
    rubric = Rubric()
    for criterion in rubric.criteria:
        points = [sample.points for sample in rubric.samples if sample.criterion == criterion.id]
        assert len(set(points)) >= 2, criterion.id
        assert all(len(level.text.split()) >= 5 or level.points == 0 for level in criterion.levels)
    used = {sample.points for sample in rubric.samples}
    assert used == {0, 4, 8, 12} and all(sample.because.strip() for sample in rubric.samples)


def test_the_notebook_has_one_part_for_each_criterion_with_its_points() -> None:
    rubric = Rubric()
    cells = json.loads((SOURCE / "02-presentation.ipynb").read_text())["cells"]
    graded = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell["metadata"]["nbgrader"]["points"]
        for cell in cells
        if cell["metadata"].get("nbgrader", {}).get("grade")
    }
    assert graded == {f"present-{criterion.id}": criterion.points for criterion in rubric.criteria}
    shown = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(f'rubric["{criterion.id}"]' in shown for criterion in rubric.criteria)


def test_the_assessment_is_what_course_yaml_says() -> None:
    declared = outline.load()["assessment"]
    points: dict[str, float] = {}
    for book in declared["notebooks"]:
        for cell in json.loads((SOURCE / book["file"]).read_text())["cells"]:
            meta = cell["metadata"].get("nbgrader", {})
            points |= {meta["grade_id"]: meta["points"]} if meta.get("grade") else {}
    assert points == {one["id"]: one["points"] for book in declared["notebooks"] for one in book["graded"]}
    assert sum(points.values()) == declared["points"] == outline.assessment().points
    assert sum(book["minutes"] for book in declared["notebooks"]) == 60 * declared["hours"]
    assert declared["hours"] == outline.load()["module"]["hours"]["assessment"]
    assert {book["file"] for book in declared["notebooks"]} == {path.name for path in SOURCE.glob("*.ipynb")}


def test_a_reviewer_who_marks_as_agreed_is_calibrated() -> None:
    rubric = Rubric()
    found = rubric.calibrate(agreed(rubric))
    assert found.calibrated and found.exact == len(rubric.samples) and found.lean == 0
    assert "calibrated: 11 of 11" in repr(found) and "as agreed" in found._repr_html_()


def test_a_generous_reviewer_is_not_and_is_told_by_how_much() -> None:
    rubric = Rubric()
    found = rubric.calibrate(dict.fromkeys(agreed(rubric), 12))
    assert not found.calibrated and found.lean > 4 and "not calibrated" in repr(found)
    one_off = {name: max(points - 4, 0) for name, points in agreed(rubric).items()}
    few = rubric.calibrate(one_off)
    assert max(mark.levels for mark in few.marks) == 1 and not few.calibrated, "too few are exact"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda marks: marks.pop("risk-key"), "no points yet"),
        (lambda marks: marks.update(unheard=4), "no sample 'unheard'"),
        (lambda marks: marks.update({"risk-key": 7}), "7 points cannot be given to risk-key"),
        (lambda marks: marks.update({"evidence-dashboard": False}), "False points cannot be given"),
    ],
)
def test_marks_that_are_not_complete_or_no_level_are_refused(change: object, said: str) -> None:
    rubric = Rubric()
    marks = agreed(rubric)
    change(marks)  # type: ignore[operator]
    with pytest.raises(BadInput, match=said):
        rubric.calibrate(marks)


def test_levels_out_of_order_and_points_that_no_level_has_are_refused(tmp_path: Path) -> None:
    for at, points, said in ((1, 14, "not in order"), (3, 2, "not in order")):
        data = yaml_reader.load(FILE.read_text())
        data["criteria"][0]["levels"][at]["points"] = points
        (tmp_path / "rubric.yaml").write_text(yaml_reader.dump(data))
        with pytest.raises(BadInput, match=said):
            Rubric(tmp_path / "rubric.yaml")
    data = yaml_reader.load(FILE.read_text())
    data["samples"][0]["points"] = 5
    (tmp_path / "rubric.yaml").write_text(yaml_reader.dump(data))
    with pytest.raises(BadInput, match="5 points"):
        Rubric(tmp_path / "rubric.yaml")


def test_what_is_shown_has_each_level_and_sample_but_not_the_agreed_points() -> None:
    rubric = Rubric()
    shown = rubric._repr_html_()
    assert all(sample.id in shown and sample.because not in shown for sample in rubric.samples)
    assert "Evidence behind each claim" in rubric["evidence"]._repr_html_()
    with pytest.raises(BadInput, match="no criterion 'style'"):
        rubric["style"]
    assert rubric.form().count("...") == len(rubric.samples)
