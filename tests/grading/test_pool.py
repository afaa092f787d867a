"""The pool of the final quiz: complete, balanced on every paper, and not given away by what learners get of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grading.hidden import assessment as judge
from grading.hidden import pool
from helpers.core import yaml_reader
from helpers.course.assessment.exam import POOL, drawn
from helpers.course.quiz import load


def test_nothing_is_wrong_with_the_pool() -> None:
    assert pool.problems() == []
    assert sum(map(len, judge.pool().values())) >= pool.LEAST


def test_every_paper_has_balanced_keys_and_the_papers_use_the_whole_pool() -> None:
    data = yaml_reader.load(POOL.read_text())
    size = {"choices": 4, "numbers": 2}
    used: Counter[str] = Counter()
    for paper in data["papers"]:
        assert not pool.unbalanced(paper, judge.pool())
        for items in data["units"].values():
            used.update(item["id"] for item in pool.drawing.asked(paper, items, **size))
    assert len(used) == 60 and max(used.values()) < len(data["papers"])


@pytest.mark.parametrize("learner", [f"learner{n}" for n in range(25)])
def test_what_a_learner_has_to_type_is_balanced_and_the_judge_takes_it(learner: str) -> None:
    questions = drawn(learner)
    keys = {question.id: judge.solution(question) for question in questions}
    letters = Counter(keys[question.id] for question in questions if question.options)
    assert max(letters.values()) <= 0.3 * letters.total() and letters.total() == 20
    for question in questions:
        assert judge.right(question, keys[question.id])
        others = set(question.options) - {keys[question.id]} or {"-7", "1e9"}
        assert not any(judge.right(question, other) for other in others)


def test_one_letter_throughout_does_not_pass() -> None:
    for learner in map(str, range(40)):
        questions = [question for question in drawn(learner) if question.options]
        for letter in "ABCD":
            assert sum(judge.right(question, letter) for question in questions) <= 6 < judge.needed(30) == 24


def _edit(change: Callable[[dict[str, list[dict[str, Any]]]], None], room: Path) -> list[str]:
    units = load(judge.KEYS)
    change(units)
    file = room / "keys.yaml"
    file.write_text(yaml_reader.dump(units))
    return pool.problems(file)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda units: units["U1"][0]["because"].pop("B"), "not every option has its reason"),
        (lambda units: units["U1"][0].update(answer="E"), "is not some of the options"),
        (lambda units: units["U1"][0].update(of="notebooks/unit1/01-architecture-patterns.ipynb#gone"), "has no cell"),
        (lambda units: units["U1"][0].update(of="notebooks/unit2/04-controls.ipynb#controls-26"), "does not name"),
        (lambda units: units["U1"].pop(0), "59 questions; 60 are wanted"),
        (lambda units: units["U3"][-1].pop("wrong"), "no wrong computation is named"),
        (lambda units: units["U2"][0].update(text="Which?"), "not made of these questions"),
        (lambda units: units["U1"][0].update(load(pool.ROOT / "notebooks/unit1/questions.yaml")["01"][0]), "practice"),
    ],
    ids=["reason", "key", "cell", "unit", "number", "slip", "stale", "practice"],
)
def test_a_fault_in_the_pool_is_named(change: Callable[[Any], None], said: str, tmp_path: Path) -> None:
    assert any(said in one for one in _edit(change, tmp_path)), _edit(change, tmp_path)


def test_letters_that_are_right_too_often_are_named(tmp_path: Path) -> None:
    def always_a(units: dict[str, list[dict[str, Any]]]) -> None:
        for item in (item for items in units.values() for item in items if item.get("options")):
            key = item["answer"]
            for part in ("options", "because"):
                item[part]["A"], item[part][key] = item[part][key], item[part]["A"]
            item["answer"] = "A"

    assert any("A is right" in one for one in _edit(always_a, tmp_path))
