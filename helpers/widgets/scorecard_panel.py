"""A module's scorecard as a panel: choose which rows to see, open one, measure again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.core.html.elements import mark, page, tag
from helpers.widgets.base import Interactive, button, choose, controls, frame, working
from helpers.widgets.renderers.scorecard import scorecard_html, scorecard_part, status

if TYPE_CHECKING:
    from helpers.compliance.scorecard.types import Scorecard


class ScorecardPanel(Interactive):
    """Shows a scorecard.

    Args:
        card: see `helpers.compliance.scorecard.measure`.
        measure: measures again, for a button.
    """

    def __init__(self, card: Scorecard, measure: Callable[[], Scorecard] | None = None) -> None:
        self.card, self._measure, self._shown = card, measure, "all"

    def __repr__(self) -> str:
        return f"ScorecardPanel({self.card.module}: {self.card.summary})"

    def html(self) -> str:
        """Return the static twin."""
        return scorecard_html(self.card)

    def _build(self) -> Any:
        self._body, self._note = ipywidgets.HTML(), ipywidgets.HTML()
        options = [("all rows", "all"), ("failed", "failed"), ("could not tell", "unknown"), ("passed", "passed")]
        chooser = choose("Show", options, self._choose)
        self._show()
        if self._measure is None:
            return frame(controls(chooser), self._body)
        self._again = button(
            "Measure again", lambda _: self._remeasure(), hint="Ask the tools about the module as it is now"
        )
        return frame(controls(chooser, self._again), self._note, self._body)

    def _choose(self, change: Any) -> None:
        self._shown = str(change["new"])
        self._show()

    def _show(self) -> None:
        rows = [row for row in self.card.rows if self._shown in ("all", status(row))]
        self._body.value = page(tag("div", scorecard_part(self.card, rows), role="status"))

    def _remeasure(self) -> None:
        measure = self._measure
        if measure is None:
            return

        def work() -> None:
            self._note.value = working("asking the tools")
            self.card = measure()
            self._note.value = ""
            self._show()

        self.background(work, self._failed, off=[self._again])

    def _failed(self, html: str) -> None:
        # The old card would look like that of the module as it is now.
        self._body.value = page(tag("p", mark("unknown", "the module could not be measured; there is no scorecard")))
        self._note.value = html
