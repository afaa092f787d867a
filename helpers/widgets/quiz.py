"""A questionnaire to click through; each answer is judged at once and says why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from helpers.widgets._base import Interactive, button, controls, frame
from helpers.widgets._html import dim, head, mark, page, tag
from helpers.widgets._style import STATES, Mark

if TYPE_CHECKING:
    from helpers.quiz import Answer, Quiz


class QuizPanel(Interactive):
    """Shows a `Quiz`, one question below the other; the first answer to each counts."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz = quiz

    def __repr__(self) -> str:
        return repr(self.quiz)

    def html(self) -> str:
        """Return the static twin: the questions, and how to answer without a widget."""
        parts = [
            tag("li", tag("p", q.text), tag("ol", *(tag("li", text) for text in q.options.values()), type="A"))
            for q in self.quiz.questions
        ]
        how = 'Run the cell to answer by mouse or keyboard, or type quiz.answer(1, "A").'
        return page(head("Questionnaire", f"{len(parts)} questions"), tag("p", dim(how)), tag("ol", *parts))

    def _build(self) -> Any:
        import ipywidgets

        self._score = ipywidgets.HTML()
        cards = [self._card(number) for number in range(1, len(self.quiz.questions) + 1)]
        self._count()
        return frame(*cards, self._score)

    def _card(self, number: int) -> Any:
        """Return one question: text, options, button, verdict."""
        import ipywidgets

        question = self.quiz.questions[number - 1]
        text = ipywidgets.HTML(page(tag("p", tag("strong", f"{number}. "), question.text)))
        # Radio buttons of one line each cut long options; a list of labelled buttons wraps.
        verdict = ipywidgets.HTML()
        buttons = []
        for letter in question.options:
            pressed = button(letter, partial(self._pressed, number, letter, verdict))
            pressed.tooltip = f"Question {number}, {letter}: {question.options[letter]}"
            label = ipywidgets.HTML(page(tag("span", question.options[letter])), layout={"flex": "1 1 auto"})
            buttons.append(controls(pressed, label))
            buttons[-1].layout.flex_flow = "row nowrap"
        return ipywidgets.VBox([text, *buttons, verdict], layout={"margin": "0 0 14px 0"})

    def _pressed(self, number: int, letter: str, verdict: Any, _: Any) -> None:
        given = self.quiz.answer(number, letter)
        verdict.value = page(tag("p", *_said(given), role="status"))
        self._count()

    def _count(self) -> None:
        quiz = self.quiz
        answered, total = len(quiz.answers), len(quiz.questions)
        state = mark("pass", "all answered") if answered == total else ""
        said = f"{quiz.right} of {total} right at the first answer" if answered else f"{total} questions, none answered"
        self._score.value = page(tag("p", tag("strong", said), " ", state, role="status"))


def _said(answer: Answer) -> tuple[object, ...]:
    passed, failed = STATES["pass"], STATES["fail"]
    verdict = mark(
        Mark(passed.symbol, "right", passed.tone) if answer.right else Mark(failed.symbol, "not this one", failed.tone)
    )
    return verdict, " ", f"{answer.choice}: {answer.because}"
