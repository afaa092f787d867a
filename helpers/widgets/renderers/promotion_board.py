"""The promotion board: what version is where, what would move next, what stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.compliance.promotion import Board
from helpers.core.html.elements import Html, code, cut, dim, head, mark, page, tag
from helpers.core.html.style import STATES, Mark
from helpers.widgets.renderers.gitops import short
from helpers.widgets.renderers.timeline_event import utc

if TYPE_CHECKING:
    from helpers.compliance.promotion import Stage, Step

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
            description = tag("span", f"from {named[i - 1]} to {environment}", class_="m-sr")
            heads.append(tag("th", tag("span", "→", aria_hidden="true"), description, scope="col", class_="m-step"))
        heads.append(tag("th", environment, scope="col"))
    rows = [_row(board, name) for name in board.applications]
    # Three environments fit beside JupyterLab's file browser on a laptop.
    least = 76 + 140 * len(named) + 112 * (len(named) - 1)
    table = tag(
        "table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="m-board", style=f"min-width:{least}px"
    )
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
