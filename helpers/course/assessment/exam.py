"""The final quiz for one learner: questions to read, answers to hand in. Nothing here knows what is right."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.files import write_atomic
from helpers.core.html.elements import Html, code, dim, join, page, tag
from helpers.core.identity import learner as who
from helpers.core.paths import IAC
from helpers.course import outline
from helpers.course.assessment import drawing
from helpers.course.quiz import numbers
from helpers.course.quiz.expressions import fill
from helpers.course.workspace import locate

#: What learners get of the questions.
POOL = IAC / "assessment" / "quiz.yaml"
#: Below the workspace's ``work/``.
FILE = "quiz.json"


@dataclass(frozen=True)
class Asked:
    """One question as a learner reads it.

    Attributes:
        options: letter -> text, in the order of this learner; none for a number.
        letters: letter -> its letter in the pool.
        unit: the unit of the course. counts: what a number counts.
        fingerprint: of all that the learner reads; an answer to another text is not counted.
    """

    id: str
    unit: str
    text: str
    options: Mapping[str, str]
    letters: Mapping[str, str]
    counts: str
    values: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """See the class."""
        read = [self.id, self.unit, self.text, dict(self.options), self.counts]
        return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()[:16]

    def read(self, given: object) -> str:
        """Return an answer as it is kept.

        Raises:
            BadInput: it is not one of the options, or not a number.
        """
        if not self.options:
            numbers.read(given, self.counts)
            return str(given).strip()
        letter = str(given).strip().upper()
        if letter not in self.options:
            why = f"The options of {self.id} are {', '.join(self.options)}."
            raise BadInput(f"{given!r} is not an option", why=why, next="Type one letter.")
        return letter


class Exam:
    """The final quiz. It says nothing of what is right: that is told with the points, after grading.

    Args:
        learner: for whom it is drawn; by default the learner at this machine (`helpers.core.identity`).

    Attributes:
        questions: those of this learner, unit by unit.
        given: id -> answer; the last one counts.
    """

    def __init__(self, *, learner: str = "") -> None:
        self.learner = learner or who()
        self.questions = drawn(self.learner)
        self.given: dict[str, str] = {}
        if answers_file().is_file():
            self.given = counted(_read(answers_file()), self.learner, self.questions)

    def answer(self, answers: Mapping[str, object]) -> Exam:
        """Keep answers by the questions' ids; an empty one takes an answer back.

        Raises:
            BadInput: a question is not among this learner's, or an answer is not one. Then nothing is kept.
        """
        known = {question.id: question for question in self.questions}
        kept = dict(self.given)
        for name, given in answers.items():
            if name not in known:
                why = f"The quiz was drawn for the learner {self.learner!r}."
                raise BadInput(f"You have no question {name!r}", why=why, next="print(exam.form())   # lists yours")
            kept.pop(name, None)
            if str(given).strip():
                kept[name] = known[name].read(given)
        self.given = kept
        self._keep()
        return self

    def _keep(self) -> None:
        asked = {question.id: question.fingerprint for question in self.questions}
        answers = {name: {"given": given, "asked": asked[name]} for name, given in self.given.items()}
        answers_file().parent.mkdir(parents=True, exist_ok=True)
        notes = {"learner": self.learner, "answers": answers}
        write_atomic(answers_file(), json.dumps(notes, indent=1, sort_keys=True) + "\n")

    def form(self) -> str:
        """Return the cell to fill in, with what was answered so far."""
        lines = [f'    "{question.id}": "{self.given.get(question.id, "")}",' for question in self.questions]
        return "\n".join(["exam.answer({", *lines, "})"])

    @property
    def open(self) -> tuple[str, ...]:
        """Ids of the questions that have no answer yet."""
        return tuple(question.id for question in self.questions if question.id not in self.given)

    def __repr__(self) -> str:
        return f"Exam({len(self.questions)} questions for {self.learner}, {len(self.open)} without an answer)"

    def _repr_html_(self) -> str:
        titles = {unit["id"]: unit["title"] for unit in outline.load()["units"]}
        parts: list[Html] = []
        for number, question in enumerate(self.questions, 1):
            if number == 1 or question.unit != self.questions[number - 2].unit:
                parts.append(tag("h4", f"{question.unit} · {titles[question.unit]}"))
            parts.append(_question_html(number, question, self.given.get(question.id, "")))
        return page(tag("p", repr(self)), *parts, label="The final quiz")


def _question_html(number: int, question: Asked, given: str) -> Html:
    options = [tag("div", tag("b", letter), " ", text) for letter, text in question.options.items()]
    asks = [] if options else [tag("div", dim(f"A number{f' ({question.counts})' if question.counts else ''}."))]
    state = tag("div", dim(f"Your answer: {given}" if given else "No answer yet."))
    return tag("div", tag("p", f"{number}. ", code(question.id), " ", question.text), join([*options, *asks]), state)


def answers_file() -> Path:
    """Return where the answers are kept: they are handed in with ``work/``."""
    return locate(outline.assessment()) / FILE


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise BadInput(
            f"{FILE} does not hold answers", why="It is not JSON.", next=f"rm {path}   # then run the answers again"
        ) from None


def drawn(learner: str, pool: Path = POOL) -> tuple[Asked, ...]:
    """Return the questions of a learner; the same on every machine, and when the work is graded once more."""
    data = _pool(pool)
    size = outline.load()["assessment"]["quiz"]
    paper = drawing.paper_of(learner, data["papers"])
    return tuple(
        _asked(unit, item, paper, learner)
        for unit, items in data["units"].items()
        for item in drawing.asked(paper, items, size["choices"], size["numbers"])
    )


@functools.cache
def _pool(path: Path) -> Mapping[str, Any]:
    data: Mapping[str, Any] = yaml_reader.load(path.read_text(encoding="utf-8"))
    return data


def _asked(unit: str, item: Mapping[str, Any], paper: str, learner: str) -> Asked:
    values, letters = drawing.values(learner, item), drawing.order(paper, item)
    options = {shown: fill(str(item["options"][letter]), values) for shown, letter in letters.items()}
    text = fill(str(item["text"]).strip(), values)
    return Asked(str(item["id"]), unit, text, options, letters, str(item.get("unit", "")), values)


def counted(notes: Any, learner: str, questions: tuple[Asked, ...]) -> dict[str, str]:
    """Return id -> answer of what a file of answers says, as far as it was asked of this learner in these words.

    The file is a learner's: whatever is not as `Exam` writes it counts as no answer.
    """
    if not isinstance(notes, dict) or notes.get("learner") != learner or not isinstance(notes.get("answers"), dict):
        return {}
    found = {}
    for question in questions:
        kept = notes["answers"].get(question.id)
        if not isinstance(kept, dict) or kept.get("asked") != question.fingerprint:
            continue
        try:
            found[question.id] = question.read(kept.get("given"))
        except BadInput:
            continue
    return found
