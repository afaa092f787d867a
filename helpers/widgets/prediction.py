"""A prediction to make by mouse or keyboard; then the answer can be opened, and not before."""

from __future__ import annotations

from typing import Any

import ipywidgets

from helpers.core.html.elements import details, dim, head, mark, page, tag
from helpers.widgets.base import frame
from helpers.widgets.quiz import RIGHT, WRONG, Answer, QuizPanel, listed_options

#: How the answer says that it was expected, or was not.
AS_SAID = {True: RIGHT._replace(word="as you said"), False: WRONG._replace(word="not as you said")}


class PredictionPanel(QuizPanel):
    """Shows the one question of a `Quiz`. What is said first counts; after it nothing can be changed."""

    def __repr__(self) -> str:
        return repr(self.quiz)

    def html(self) -> str:
        """Return the static twin: what is asked, and how to answer without a widget."""
        question = self.quiz.questions[0]
        given = '"A"' if question.options else "12"
        how = f"Run the cell to answer by mouse or keyboard, or add .said({given}) to it. The answer opens afterwards."
        parts = [self._question(1), listed_options(question), tag("p", dim(how))]
        return page(head("Your prediction"), *parts, label="Prediction")

    def _build(self) -> Any:
        question = self.quiz.questions[0]
        title = ipywidgets.HTML(page(head("Your prediction"), self._question(1)))
        self._verdict = ipywidgets.HTML()
        parts = {"number": self._number}.get(question.kind, self._choice)(1, self._verdict)
        self._parts = parts
        if self.quiz.answers:
            self._close(parts)
        return frame(title, *parts, self._verdict)

    def _choice(self, number: int, verdict: Any) -> list[Any]:
        made = super()._choice(number, verdict)
        if number in self.quiz.answers:
            self._pick(made, self.quiz.answers[number].choice)
        return made

    def _chosen(self, number: int, letter: str, buttons: Any, verdict: Any, _: Any) -> None:
        if number in self.quiz.answers:
            return
        self._tell(number, self.quiz.answer(number, letter), verdict)
        self._pick(list(buttons.values()), self.quiz.answers[number].choice)
        self._close(self._parts)

    def _judge(self, number: int, given: str, verdict: Any) -> Answer | None:
        answer = super()._judge(number, given, verdict)
        if answer is not None:
            self._close(self._parts)
        return answer

    @staticmethod
    def _mark(option: Any, right: bool) -> None:
        """Leave the options as they are: what is right is told where the answer opens."""

    @staticmethod
    def _pick(buttons: list[Any], letter: str) -> None:
        for made in buttons:
            if made.description.startswith(f"{letter} "):
                made.add_class("m208w-said")
                made.description = f"● {made.description}"

    def _close(self, parts: list[Any]) -> None:
        for part in (inner for made in parts for inner in (made, *getattr(made, "children", ()))):
            if hasattr(part, "disabled"):
                part.disabled = True

    def _tell(self, number: int, given: Answer, verdict: Any) -> None:
        first = self.quiz.answers.get(number, given)
        told = tag("p", f"You said {first.choice}; it is kept with your notes. Run the next cell, then compare.")
        parts = [tag("p", mark(AS_SAID[first.right]), " ", first.because)]
        if not first.right:
            right = self.quiz.solution(number)
            parts.append(tag("p", tag("strong", f"{right.choice}: "), right.because))
        verdict.value = page(tag("div", told, details("Open the answer", *parts), role="status"))

    def _count(self) -> None:
        """Count nothing: a prediction has no score."""
