"""The promotion board, static and live: what version is where, what would move next, what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from helpers.widgets._base import button, controls, frame
from helpers.widgets._gitops import short
from helpers.widgets._html import Html, code, cut, dim, head, mark, page, tag
from helpers.widgets._live import Live
from helpers.widgets._moments import utc
from helpers.widgets._style import STATES, Mark

if TYPE_CHECKING:
    from helpers.promotion import Board, Stage, Step

_STEPS = {
    "ready": Mark("✓", "can be promoted", "good"),
    "blocked": STATES["blocked"],
    "current": Mark("=", "the same on both sides", "plain"),
    "empty": Mark("○", "nothing to promote", "plain"),
}
_NOT_PINNED = Mark("!", "not pinned", "change")


def promotion_board_html(board: Board) -> str:
    """Return the board: a row for each application, a column for each environment, and between two what would move."""
    return page(*board_parts(board), label="Promotion board")


def board_parts(board: Board) -> tuple[Html, ...]:
    """Return title and table."""
    steps = [step for name in board.applications for step in board.steps(name)]
    counts = [mark(_STEPS[s], n) for s in ("ready", "blocked") if (n := sum(step.state == s for step in steps))]
    title = head("Promotion", *counts)
    if not board.stages:
        return title, tag("p", dim("No environment is known."))
    named = board.environments
    heads = [tag("th", "Application", scope="col")]
    for i, environment in enumerate(named):
        if i:
            said = tag("span", f"from {named[i - 1]} to {environment}", class_="m-sr")
            heads.append(tag("th", tag("span", "→", aria_hidden="true"), said, scope="col", class_="m-step"))
        heads.append(tag("th", environment, scope="col"))
    rows = [_row(board, name) for name in board.applications]
    # Three environments fit beside JupyterLab's file browser on a laptop.
    least = 76 + 140 * len(named) + 112 * (len(named) - 1)
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="m-board",
                style=f"min-width:{least}px")  # fmt: skip
    return title, tag("div", table, style="overflow-x:auto")


def _row(board: Board, application: str) -> Html:
    cells = [tag("th", code(cut(application, 60)), scope="row")]
    steps = board.steps(application)
    for i, environment in enumerate(board.environments):
        if i:
            cells.append(_step(steps[i - 1]))
        cells.append(_stage(board.stage(environment, application)))
    return tag("tr", *cells)


def _stage(stage: Stage) -> Html:
    if not stage.deployed:
        return tag("td", tag("div", dim("nothing deployed"), class_="m-card m-card-empty"))
    pinned = tag("div", code(f"{stage.digest[:15]}…")) if stage.digest else tag("div", mark(_NOT_PINNED))
    lines = [
        tag("div", tag("strong", cut(stage.version or "no version", 40), class_="m-version")),
        pinned,
        tag("div", dim("commit "), code(short(stage.revision))) if stage.revision else "",
        tag("div", mark(stage.health), " ", mark(stage.sync)),
        tag("div", *_approval(stage)),
        tag("div", tag("span", utc(stage.at), class_="m-dim m-line")) if stage.at else "",
    ]
    return tag("td", tag("div", *lines, class_="m-card"))


def _approval(stage: Stage) -> tuple[object, ...]:
    if not stage.approved_by:
        return (dim("no approval recorded"),)
    return mark("approved"), dim(" by "), ", ".join(cut(person, 60) for person in stage.approved_by)


def _step(step: Step) -> Html:
    arrow = {"ready": "━━▶", "blocked": "━╳━", "current": "═══", "empty": "┄┄┄"}[step.state]
    tone = _STEPS[step.state].tone
    what = ""
    if step.state in ("ready", "blocked"):
        moves = f"{step.target.version or 'nothing'} → {step.source.version or step.source.digest[:15]}"
        what = tag("div", code(cut(moves, 60)))
    reasons = [tag("li", cut(reason, 400)) for reason in step.reasons]
    drawn = tag("div", arrow, class_=f"m-arrow m-{tone}", aria_hidden="true")
    why = tag("ul", *reasons) if reasons else ""
    return tag("td", drawn, tag("div", mark(_STEPS[step.state])), what, why, class_="m-step")


class PromotionBoard(Live["Board"]):
    """Shows a board; promotes after a question.

    Args:
        source: a board, or a callable that gives it as it is now.
        promote: does one step (opens a pull request, merges one); what it returns is shown by its ``repr``.
        every: seconds between two questions to *source*.
        limit: seconds after which it stops watching.
        until: ends the watch as soon as it says yes to the board.
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
        self._asked: Step | None = None
        self._offered: tuple[str, ...] = ()
        super().__init__(source, every=every, limit=limit, until=until)

    def __repr__(self) -> str:
        return f"PromotionBoard({self.value!r})"

    @property
    def value(self) -> Board:
        """The board as it is known now."""
        from helpers.promotion import Board

        return self._board or Board(())

    def take(self, item: Any) -> None:
        """Take in a new board."""
        self._board = item

    def static(self) -> tuple[Html | str, ...]:
        """Return title and table."""
        return board_parts(self.value)

    def _build(self) -> Any:
        import ipywidgets

        self._view, self._said, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._buttons = controls()
        self._yes = button("Yes, promote", lambda _: self._confirmed(), danger=True)
        self._no = button("No", lambda _: self._close_question())
        self._question = controls(self._yes, self._no)
        self._question.layout.display = "none"
        row = controls(self._buttons, self.stop_button())
        return self.begin(frame(self._view, self._said, row, self._note, self._question))

    def draw(self) -> None:
        """Bring board and buttons up to date."""
        board = self.value
        title, *rest = board_parts(board)
        watching = tag("div", title, role="status")
        for view, source in ((self._view, page(watching, *rest)), (self._said, page(self.said()))):
            if view.value != source:
                view.value = source
        ready = [s for name in board.applications for s in board.steps(name) if s.state == "ready"]
        labels = tuple(map(_label, ready))
        # Only when they change: a new button would take the focus away.
        if self._promote is not None and labels != self._offered:
            self._offered = labels
            self._buttons.children = [self._button(step) for step in ready]
            if self._asked is not None and _label(self._asked) not in labels:
                self._close_question()

    def _button(self, step: Step) -> Any:
        return button(f"{_label(step)}…", lambda _: self._ask(step), hint="Asks once more before anything is done")

    def _ask(self, step: Step) -> None:
        self._asked = step
        self._yes.description = self._yes.tooltip = f"Yes, promote to {step.target.environment}"
        self._note.value = page(tag("p", f"{_label(step)}?", role="alert"))
        self._question.layout.display = ""

    def _close_question(self) -> None:
        self._asked, self._note.value = None, ""
        self._question.layout.display = "none"

    def _confirmed(self) -> None:
        step, promote = self._asked, self._promote
        self._close_question()
        if step is None or promote is None:
            return
        self._note.value = page(tag("p", mark("working", f"{_label(step)}"), role="status"))
        self._buttons.children = []

        def work() -> None:
            try:
                done = promote(step)
                if callable(self._source):
                    self._accept(self._source())
                said = cut(repr(done), 600) if done is not None else ""
                self._note.value = page(head(_label(step), mark("done")), tag("p", said) if said else "")
            finally:
                self._offered = ()
                self._redraw()

        self.background(work, lambda said: setattr(self._note, "value", said))


def _label(step: Step) -> str:
    what = step.source.version or step.source.digest[:19]
    way = f"from {step.source.environment} to {step.target.environment}"
    return f"Promote {step.application} {what} {way}"
