"""The judge of the final quiz: it has the keys, and tells points by unit, never what is right."""

from __future__ import annotations

import functools
import hashlib
import json
import math
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput
from helpers.core.identity import learner as who
from helpers.course import outline
from helpers.course.assessment.exam import Asked, Exam, answers_file, counted, drawn
from helpers.course.quiz import load
from helpers.course.quiz.questions import with_values

#: The questions with their keys.
KEYS = Path(__file__).with_name("assessment.yaml")
#: A larger file is not one that `Exam` wrote.
MAX_FILE = 200_000
#: Chosen so that no letter is right too often in learners' files; `grading.hidden.pool` checks it.
SALT = "21"


def unit(name: str) -> float:
    """Print how many answers of a unit are right; return that many points.

    Raises:
        AssertionError: none is; the message says why, for nbgrader gives a cell without a number all its points.
    """
    right, of, why = _result()
    got, most = right[name], of[name]
    assert got, f"{name}: 0 of {most} right. {why}".strip()
    print(f"{name}: {got} of {most} right.")
    return float(got)


def passed() -> None:
    """Print the verdict on the whole quiz.

    Raises:
        AssertionError: fewer answers are right than the pass mark asks for.
    """
    right, of, why = _result()
    got, most = sum(right.values()), sum(of.values())
    need = needed(most)
    units = ", ".join(f"{name} {right[name]} of {of[name]}" for name in of)
    assert got >= need, f"Not passed: {got} of {most} right, {need} are needed. {units}. {why}".strip()
    print(f"Passed: {got} of {most} right, {need} are needed. {units}.")


def needed(questions: int) -> int:
    """Return how many right answers pass."""
    mark = float(outline.load()["assessment"]["quiz"]["mark"])
    # A share such as 0.8 is not exact in binary.
    return math.ceil(questions * mark - 1e-9)


def right(asked: Asked, given: str) -> bool:
    """Return whether an answer to one learner's question is right."""
    item = _keys()[asked.id]
    question = with_values(item, dict(asked.values), ())
    try:
        return question.answer(asked.letters.get(given, given)).right
    except BadInput:
        return False


def solution(asked: Asked) -> str:
    """Return the right answer to one learner's question, as that learner types it."""
    key = with_values(_keys()[asked.id], dict(asked.values), ()).solution().choice
    back = {letter: shown for shown, letter in asked.letters.items()}
    return back.get(key, key)


def answer_all(exam: Exam) -> None:
    """Answer every question right: the instructor's own run of the notebook."""
    exam.answer({question.id: solution(question) for question in exam.questions})


@functools.cache
def pool(keys: Path = KEYS) -> dict[str, list[dict[str, Any]]]:
    """Return unit -> its questions with their keys, the options lettered as learners' files have them."""
    return {unit: [_mixed(item) for item in items] for unit, items in load(keys).items()}


def _mixed(item: dict[str, Any]) -> dict[str, Any]:
    """Return a question with other letters: by the reasons, which learners do not have.

    The author's order would tell keys, as authors deal them out evenly.
    """
    if not item.get("options"):
        return item
    reasons = item["because"]
    mixed = sorted(reasons, key=lambda letter: hashlib.sha256(f"{SALT} {reasons[letter]}".encode()).digest())
    names = dict(zip(mixed, sorted(reasons), strict=True))
    lettered = {part: {names[letter]: item[part][letter] for letter in mixed} for part in ("options", "because")}
    return {**item, **lettered, "answer": names[item["answer"]]}


@functools.cache
def _keys() -> dict[str, dict[str, Any]]:
    return {str(item["id"]): item for items in pool().values() for item in items}


def _result() -> tuple[dict[str, int], dict[str, int], str]:
    """Return unit -> right answers, unit -> questions, and what else the learner has to know."""
    name = who()
    questions = drawn(name)
    notes, why = _notes()
    given = counted(notes, name, questions)
    recorded = notes.get("learner") if isinstance(notes, dict) else None
    if not why and recorded != name:
        why = f"The answers are those of the learner {str(recorded)[:60]!r}; this hand-in is of {name!r}."
    elif not why and len(given) < len(questions):
        why = f"{len(questions) - len(given)} questions have no answer that could be counted."
    found = dict.fromkeys((question.unit for question in questions), 0)
    of = dict(found)
    for question in questions:
        of[question.unit] += 1
        found[question.unit] += question.id in given and right(question, given[question.id])
    return found, of, why


def _notes() -> tuple[Any, str]:
    file = answers_file()
    try:
        if file.stat().st_size > MAX_FILE:
            return None, "The file of answers is too large to be one."
        return json.loads(file.read_text(encoding="utf-8")), ""
    except OSError:
        return None, "No answers were handed in."
    except (ValueError, RecursionError):
        return None, "The file of answers cannot be read."
