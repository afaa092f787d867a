"""A questionnaire to work through by mouse or keyboard; each answer is judged at once and says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import ipywidgets

from helpers.core.errors import BadInput
from helpers.core.html.elements import Html, code, dim, head, join, mark, page, tag
from helpers.core.html.style import STATES, Mark
from helpers.widgets.base import Interactive, button, controls, fault, frame
from helpers.widgets.entry import on_enter
from helpers.widgets.renderers.quiz import material_html, plan_excerpt
from helpers.wrappers.terraform.types import Plan

RIGHT = Mark(STATES["pass"].symbol, "right", STATES["pass"].tone)
WRONG = Mark(STATES["fail"].symbol, "not this one", STATES["fail"].tone)
#: Wrong numbers after which the right one may be looked at.
PATIENCE = 2


class Question(Protocol):
    """A question with its options."""

    @property
    def kind(self) -> str:
        """``number``, ``several``, or anything else for one of the options."""

    @property
    def text(self) -> str:
        """The question, one paragraph."""

    @property
    def options(self) -> Mapping[str, str]:
        """Letter -> option; none for a number."""

    @property
    def unit(self) -> str:
        """What the number counts."""

    @property
    def material(self) -> str:
        """Text to read, or none."""

    @property
    def plan(self) -> Plan | None:
        """A plan to read, or none."""

    @property
    def shows(self) -> str:
        """How the plan is shown."""

    @property
    def values(self) -> Mapping[str, Any]:
        """What was drawn for the learner."""


class Answer(Protocol):
    """The verdict on an answer."""

    @property
    def choice(self) -> str:
        """What was answered."""

    @property
    def right(self) -> bool:
        """Whether it is right."""

    @property
    def because(self) -> str:
        """Why."""


class Quiz(Protocol):
    """Questions, and who judges the answers."""

    @property
    def questions(self) -> Sequence[Question]:
        """The questions, in their order."""

    @property
    def answers(self) -> Mapping[int, Answer]:
        """The first answer to each question that has one, by its number."""

    @property
    def changed(self) -> Sequence[int]:
        """Numbers of questions whose answer fits no more."""

    @property
    def right(self) -> int:
        """How many were right at the first answer."""

    def answer(self, number: int, given: object, /) -> Answer:
        """Judge an answer to question *number*, counted from 1."""

    def solution(self, number: int, /) -> Answer:
        """Return the right answer of a question that was answered."""


class QuizPanel(Interactive):
    """Shows a `Quiz`, one question below the other; the first answer to each counts."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz = quiz

    def __repr__(self) -> str:
        return repr(self.quiz)

    def html(self) -> str:
        """Return the static twin: the questions, and how to answer without a widget."""
        parts = [
            tag("li", self._question(number), listed_options(q)) for number, q in enumerate(self.quiz.questions, 1)
        ]
        kinds = {question.kind for question in self.quiz.questions}
        more = ', quiz.answer(1, "A, C") for several options' if "several" in kinds else ""
        more += ", quiz.answer(1, 12) for a number" if "number" in kinds else ""
        how = f'Run the cell to answer by mouse or keyboard, or type quiz.answer(1, "A"){more}.'
        return page(head("Questionnaire", f"{len(parts)} questions"), tag("p", dim(how)), tag("ol", *parts))

    def _question(self, number: int, before: Html | str = "") -> Html:
        question = self.quiz.questions[number - 1]
        excerpt = plan_excerpt(question.plan, question.shows, question.values) if question.plan else ""
        changed = tag("p", dim("Answered before, with other values or another key: please answer once more."))
        parts = [tag("p", before, question.text), material_html(question.material), excerpt]
        return join([*parts, changed if number in self.quiz.changed else ""])

    def _build(self) -> Any:
        self._score = ipywidgets.HTML()
        cards = [self._card(number) for number in range(1, len(self.quiz.questions) + 1)]
        self._count()
        return frame(*cards, self._score)

    def _card(self, number: int) -> Any:
        """Return one question: what it asks, its options or its field, the verdict."""
        kinds = {"number": self._number, "several": self._several}
        text = ipywidgets.HTML(page(self._question(number, tag("strong", f"{number}. "))))
        verdict = ipywidgets.HTML()
        parts = kinds.get(self.quiz.questions[number - 1].kind, self._choice)(number, verdict)
        return ipywidgets.VBox([text, *parts, verdict], layout={"margin": "0 0 14px 0"})

    def _choice(self, number: int, verdict: Any) -> list[Any]:
        """Return one button a line: the whole option can be clicked, and is read as one."""
        buttons: dict[str, Any] = {}
        for letter, text in self.quiz.questions[number - 1].options.items():
            buttons[letter] = button(f"{letter}  {text}", partial(self._chosen, number, letter, buttons, verdict))
            _as_option(buttons[letter], f"Question {number}, {letter}")
        if number in self.quiz.answers:
            self._tell(number, self.quiz.answers[number], verdict)
            self._mark(buttons[self.quiz.answers[number].choice], self.quiz.answers[number].right)
        return list(buttons.values())

    def _chosen(self, number: int, letter: str, buttons: Mapping[str, Any], verdict: Any, _: Any) -> None:
        given = self.quiz.answer(number, letter)
        self._mark(buttons[letter], given.right)
        self._tell(number, given, verdict)

    def _several(self, number: int, verdict: Any) -> list[Any]:
        """Return one button a line that stays pressed, and a button that hands all of them in."""
        chosen: dict[str, Any] = {}
        for letter, text in self.quiz.questions[number - 1].options.items():
            chosen[letter] = ipywidgets.ToggleButton(description=f"{letter}  {text}")
            _as_option(chosen[letter], f"Question {number}, {letter}; choose all that are right")

        def check(_: Any) -> None:
            self._judge(number, ", ".join(k for k, made in chosen.items() if made.value), verdict)

        if number in self.quiz.answers:
            self._tell(number, self.quiz.answers[number], verdict)
        return [*chosen.values(), button("Check", check, hint=f"Check question {number}")]

    def _number(self, number: int, verdict: Any) -> list[Any]:
        """Return a field for a number with its unit; Enter and the button do the same."""
        unit, wrong = self.quiz.questions[number - 1].unit, []
        box = ipywidgets.Text(placeholder="a number", layout={"width": "140px"})
        box.tooltip = f"Question {number}: your number{f', in {unit}' if unit else ''}"
        look = button("Show the answer", lambda _: self._look(number, verdict), hint=f"The answer to question {number}")
        look.layout.display = "none"

        def check(_: Any = None) -> None:
            given = self._judge(number, box.value, verdict)
            wrong.extend([given] if given and not given.right else [])
            look.layout.display = None if len(wrong) >= PATIENCE else "none"

        on_enter(box, check)
        if number in self.quiz.answers:
            box.value = self.quiz.answers[number].choice
            self._tell(number, self.quiz.answers[number], verdict)
        label = ipywidgets.HTML(page(tag("span", unit)))
        return [controls(box, label, button("Check", check, hint=f"Check question {number}"), look)]

    def _judge(self, number: int, given: str, verdict: Any) -> Answer | None:
        try:
            answer = self.quiz.answer(number, given)
        except BadInput as error:
            # Nothing is kept of nonsense.
            verdict.value = fault(error, "not-yet")
            return None
        self._tell(number, answer, verdict)
        return answer

    def _look(self, number: int, verdict: Any) -> None:
        right = self.quiz.solution(number)
        unit = self.quiz.questions[number - 1].unit
        text = tag("p", "The answer: ", code(right.choice), f" {unit}. " if unit else ". ", right.because)
        verdict.value = page(tag("div", text, role="status"))

    @staticmethod
    def _mark(option: Any, right: bool) -> None:
        shown = RIGHT if right else WRONG
        if not option.description.startswith((RIGHT.symbol, WRONG.symbol)):
            option.description = f"{shown.symbol} {option.description}"
        option.add_class("m208w-right" if right else "m208w-wrong")
        option.tooltip = f"{option.tooltip}: {shown.word}"

    def _tell(self, number: int, given: Answer, verdict: Any) -> None:
        option = self.quiz.questions[number - 1].options
        shown = RIGHT if given.right else WRONG if option else WRONG._replace(word="not right")
        verdict.value = page(tag("p", mark(shown), " ", f"{given.choice}: {given.because}", role="status"))
        self._count()

    def _count(self) -> None:
        quiz = self.quiz
        answered, total = len(quiz.answers), len(quiz.questions)
        open_ones = f"{total - answered} not answered" if answered < total else "all answered"
        score = f"{quiz.right} of {total} right at the first answer" if answered else f"{total} questions"
        self._score.value = page(tag("p", tag("strong", score), " ", dim(open_ones), role="status"))


def listed_options(question: Question) -> Html:
    """Return the options as the static twin lists them."""
    if question.kind == "number":
        unit = f", in {question.unit}" if question.unit else ""
        return tag("p", dim(f"A number{unit}."))
    several = tag("p", dim("Choose all that are right.")) if question.kind == "several" else ""
    return join([several, tag("ol", *(tag("li", text) for text in question.options.values()), type="A")])


def _as_option(made: Any, hint: str) -> None:
    made.add_class("m208w-option")
    made.layout.width = "100%"
    made.tooltip = hint
