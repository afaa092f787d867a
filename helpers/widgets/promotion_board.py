"""The promotion board, live: follows a board and promotes after a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.compliance.promotion import Board
from helpers.core.html.elements import Html, page, tag
from helpers.widgets.base import Question, button, controls, done_part, frame, working
from helpers.widgets.live import Live
from helpers.widgets.renderers.promotion_board import board_parts

if TYPE_CHECKING:
    from helpers.compliance.promotion import Step


class PromotionBoard(Live["Board"]):
    """Shows a board; promotes after a question.

    Args:
        source: a board, or a callable that gives it as it is now.
        promote: does one step (opens a pull request, merges one); what it returns is shown by its ``repr``.
        every: seconds between two questions to *source*.
        limit: seconds after which it stops watching.
        until: ends the watch as soon as it is true of the board.
    """

    def __init__(
        self,
        source: Board | Callable[[], Board],
        *,
        promote: Callable[[Step], Any] | None = None,
        every: float = 2.0,
        limit: float = 120.0,
        until: Callable[[Board], bool] | None = None,
    ) -> None:
        self._board: Board | None = None
        self._promote = promote
        self._offered: tuple[str, ...] = ()
        super().__init__(source, every=every, limit=limit, until=until)

    def __repr__(self) -> str:
        return f"PromotionBoard({self.value!r})"

    @property
    def value(self) -> Board:
        """The board as it is known now."""
        return self._board or Board(())

    def take(self, item: Any) -> None:
        """Take in a new board."""
        self._board = item

    def static(self) -> tuple[Html | str, ...]:
        """Return title and table."""
        return board_parts(self.value)

    def _build(self) -> Any:
        self._view, self._notice, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._buttons = controls()
        self._question = Question(self._note)
        row = controls(self._buttons, self.stop_button())
        return self.begin(frame(self._view, self._notice, row, self._note, self._question.box))

    def draw(self) -> None:
        """Bring board and buttons up to date."""
        board = self.value
        title, *rest = board_parts(board)
        watching = tag("div", title, role="status")
        for view, source in ((self._view, page(watching, *rest)), (self._notice, page(self.notice()))):
            if view.value != source:
                view.value = source
        ready = [s for name in board.applications for s in board.steps(name) if s.state == "ready"]
        labels = tuple(map(_label, ready))
        # Only when they change: a new button would take the focus away.
        if self._promote is not None and labels != self._offered:
            self._offered = labels
            self._buttons.children = [self._button(step) for step in ready]
            if self._question.about is not None and self._question.about not in labels:
                self._question.close()

    def _button(self, step: Step) -> Any:
        return button(f"{_label(step)}…", lambda _: self._ask(step), hint="Asks once more before anything is done")

    def _ask(self, step: Step) -> None:
        yes, label = f"Yes, promote to {step.target.environment}", _label(step)
        self._question.ask(f"{label}?", yes, lambda: self._do(step), about=label)

    def _do(self, step: Step) -> None:
        promote, label = self._promote, _label(step)
        if promote is None:
            return
        self._note.value = working(label)
        self._buttons.children = []

        def work() -> None:
            try:
                done = promote(step)
                if callable(self._source):
                    self._accept(self._source())
                self._note.value = done_part(label, done)
            finally:
                self._offered = ()
                self._redraw()

        self.background(work, lambda html: setattr(self._note, "value", html))


def _label(step: Step) -> str:
    what = step.source.version or step.source.digest[:19]
    way = f"from {step.source.environment} to {step.target.environment}"
    return f"Promote {step.application} {what} {way}"
