"""Item statistics: what answers of a class say about each question, and that a wrong key would be noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grading.hidden import assessment as judge
from grading.hidden import items
from helpers.course.assessment.exam import Asked, drawn

#: Twenty learners; the first ten know everything, the others nothing, unless a test says otherwise.
CLASS = [f"learner{n}" for n in range(20)]


def wrong(question: Asked) -> str:
    key = judge.solution(question)
    return next(letter for letter in question.options if letter != key) if question.options else "-7"


def notes(learner: str, answer: Callable[[Asked], str]) -> dict[str, Any]:
    given = {q.id: {"given": answer(q), "asked": q.fingerprint} for q in drawn(learner)}
    return {"learner": learner, "answers": given}


def klass(weak: Callable[[Asked], str] = wrong, good: Callable[[Asked], str] = judge.solution) -> dict[str, Any]:
    return {learner: notes(learner, good if at < 10 else weak) for at, learner in enumerate(CLASS)}


def by_id(answers: dict[str, Any]) -> dict[str, items.Item]:
    return {item.id: item for item in items.statistics(answers)}


def test_each_question_is_counted_for_those_who_were_asked_it() -> None:
    found = by_id(klass())
    assert sum(item.asked for item in found.values()) == 30 * len(CLASS)
    assert sum(item.right for item in found.values()) == 30 * 10
    often = [item for item in found.values() if item.asked >= items.FEWEST]
    assert len(often) > 20 and all(item.apart == 1 for item in often if item.apart is not None)


def test_what_everybody_or_nobody_knows_is_named() -> None:
    often = lambda found: [item for item in found.values() if item.asked >= items.FEWEST]  # noqa: E731
    assert {item.remark for item in often(by_id(klass(weak=judge.solution)))} == {"too easy to tell anybody apart"}
    hard = by_id(klass(good=wrong))
    assert all(item.remark for item in often(hard)) and all(item.share == 0 for item in hard.values())


def test_a_wrong_key_is_noticed() -> None:
    """Those who know the rest answer one question otherwise than the key says."""
    often = [item for item in items.statistics(klass()) if item.asked >= items.FEWEST]
    name = next(item.id for item in often if item.unit == "U1" and item.wrong)
    found = by_id(klass(good=lambda q: wrong(q) if q.id == name else judge.solution(q)))[name]
    assert "is the key right?" in found.remark


def test_what_the_weaker_half_knows_better_is_named() -> None:
    often = [
        item for item in items.statistics(klass()) if item.asked >= 2 * items.FEWEST - 6 and item.apart is not None
    ]
    name = often[0].id

    def good(question: Asked) -> str:
        return "" if question.id == name else judge.solution(question)

    def weak(question: Asked) -> str:
        return judge.solution(question) if question.id == name else wrong(question)

    assert "the weaker half does better" in by_id(klass(weak, good))[name].remark


def test_few_learners_tell_nothing() -> None:
    few = {learner: notes(learner, wrong) for learner in CLASS[:3]}
    assert {(item.remark, item.apart) for item in items.statistics(few)} == {("", None)}


def test_the_command_reads_what_grading_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert items.main([str(tmp_path)]) == 1 and "no graded submission" in capsys.readouterr().err
    for learner, said in {**klass(), "absent": None}.items():
        work = tmp_path / learner / "assessment" / "work"
        work.mkdir(parents=True)
        if said:
            (work / "quiz.json").write_text(json.dumps(said))
    broken = tmp_path / "learner0" / "assessment" / "work" / "quiz.json"
    broken.write_text("{")
    assert items.main([str(tmp_path)]) == 0
    assert "questions were asked of 21 learners" in capsys.readouterr().out
    assert items.main([str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert sum(one["right"] for one in said) == 30 * 9 and set(said[0]) >= {"id", "share", "apart", "remark"}
