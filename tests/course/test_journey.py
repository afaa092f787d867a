"""How far one has come: counted from what was answered and what passed, in the course's order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.core.paths import ROOT
from helpers.course import journey, outline
from helpers.course.assessment import Exam
from helpers.course.labs import Lab
from helpers.course.quiz import Quiz

COURSE = Path(sys.executable).with_name("course")


@pytest.fixture(autouse=True)
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))


def course(*args: str) -> str:
    return subprocess.run([COURSE, *args], capture_output=True, text=True, env=dict(os.environ), check=True).stdout


def test_every_unit_and_lab_is_on_the_path_once() -> None:
    module = outline.load()
    assert sorted(module["path"]) == sorted([u["id"] for u in module["units"]] + [lab["id"] for lab in module["labs"]])


def test_a_new_learner_begins_with_the_first_lecture() -> None:
    found = journey.journey()
    assert found.next is not None
    assert found.next.notebook == "notebooks/unit1/01-architecture-patterns.ipynb"
    assert not any(part.done for part in found.parts)
    labs = [outline.lab(lab["id"]) for lab in outline.load()["labs"]]
    assert sum(part.points for part in found.parts) == sum(step.points for lab in labs for step in lab.steps)


def test_to_ask_how_far_one_has_come_writes_nothing(tmp_path: Path) -> None:
    assert journey.journey().next is not None
    assert list(tmp_path.iterdir()) == []


def test_what_was_done_is_counted_and_the_next_part_follows() -> None:
    first = journey.journey().parts[0]
    quiz = Quiz("unit1/01")
    for number, question in enumerate(quiz.questions, 1):
        quiz.answer(number, question.solution().choice)
    lab = Lab("lab1")
    step = lab.spec.steps[0]
    lab._journal.set("results", step.id, {"passed": True, "reason": ""})
    found = journey.journey()
    assert found.parts[0].done == first.of == found.parts[0].of
    assert found.next == found.parts[1]
    assert sum(part.earned for part in found.parts) == step.points
    assert sum(part.done for part in found.parts if part.stage == "Lab 1") == 1


def test_the_assessment_comes_last_and_counts_what_is_answered(tmp_path: Path) -> None:
    mine = [part for part in journey.journey().parts if part.stage == "Assessment"]
    assert [(part.done, part.of, part.points) for part in mine] == [(0, 30, 0), (0, 5, 0)]
    assert journey.journey().parts[-2:] == tuple(mine)
    exam = Exam()
    exam.answer({q.id: "A" if q.options else 1 for q in exam.questions[:3]})
    released = ROOT / "release/assessment/02-presentation.ipynb"
    own = tmp_path / "workspace/assessment/02-presentation.ipynb"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(released.read_text().replace("YOUR ANSWER HERE", "The vault's root key.", 1))
    mine = [part for part in journey.journey().parts if part.stage == "Assessment"]
    assert [(part.done, part.notebook) for part in mine] == [
        (3, "workspace/assessment/01-quiz.ipynb"),
        (1, "workspace/assessment/02-presentation.ipynb"),
    ]


def test_the_commands_say_the_same(tmp_path: Path) -> None:
    said = course("progress")
    assert "░░░░░░░░░░" in said and said.rstrip().splitlines()[-1] == course("next").strip()
    assert course("next").startswith("Next: Unit 1, ")
    data = json.loads(course("progress", "--json"))
    assert data["next"] == json.loads(course("next", "--json")) == data["parts"][0]
