"""A prediction: one question before the cell that answers it. The answer opens once the learner has said theirs."""

from __future__ import annotations

from typing import Any

from helpers import widgets
from helpers.course.quiz.questions import Answer
from helpers.course.quiz.quiz import Quiz


class Prediction(Quiz):
    """One prediction of a lecture, for one learner. What was said first is kept with the learner's notes, and stays.

    Args:
        name: ``unit1/01-monolith`` is section ``01-monolith`` of ``notebooks/unit1/predictions.yaml``.

    Raises:
        BadInput: there is no such prediction, or it is not well-formed.
    """

    FILE = "predictions.yaml"
    NOTES = "predictions"

    def said(self, given: object) -> Answer:
        """Say what you expect: the way without a mouse. Return whether it is so, and why.

        Raises:
            BadInput: it is not one of the options, or not a number.
        """
        return self.answer(1, given)

    def __repr__(self) -> str:
        return f"Prediction({self.name})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = widgets.PredictionPanel(self)._repr_mimebundle_(include, exclude)
        return bundle
