"""Static displays of a module's scorecard, and of the question whether a version may be removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers.core.html.elements import Html, cut, definitions, details, dim, head, join, mark, page, tag
from helpers.core.html.style import STATES, Mark

if TYPE_CHECKING:
    from helpers.clients.registry.lifecycle import RemovalVerdict
    from helpers.compliance.scorecard.types import Row, Scorecard

#: The only words a row may say; any other is "could not tell".
STATUSES = ("passed", "failed", "unknown")


def status(row: Row) -> str:
    """Return a row's word; one that is not known is ``unknown``, never ``passed``."""
    return row.status if row.status in STATUSES else "unknown"


def scorecard_html(card: Scorecard) -> str:
    """Return a scorecard: a row opens by click, Enter or Space and shows its evidence; failed rows are open."""
    return page(scorecard_part(card, card.rows), label="Scorecard")


def scorecard_part(card: Scorecard, rows: Sequence[Row]) -> Html:
    """Return the same as a part of a display, with some of the rows."""
    counts = [mark(word, n) for word in STATUSES if (n := sum(status(row) == word for row in card.rows))]
    version = f"version {card.version}" if card.version else "not published"
    title = head(card.module, dim(version), *counts)
    if not rows:
        return join((title, tag("p", dim("No row of this kind." if card.rows else "Nothing was measured."))))
    return join((title, *(_row(row) for row in rows)))


def _row(row: Row) -> Html:
    word = status(row)
    line = join((mark(word), " ", tag("strong", row.title), " ", dim(cut(row.value))))
    facts = {"Evidence": cut(row.evidence, 2000), "To improve": cut(row.improve, 2000)}
    return details(line, definitions(facts), open=word == "failed")


def removal_html(verdict: RemovalVerdict) -> str:
    """Return whether a version may be removed on a day, and every reason."""
    word = verdict.verdict if verdict.verdict in ("allowed", "refused") else "unknown"
    state = {
        "allowed": Mark("✓", "may be removed", "good"),
        "refused": Mark("✗", "stays", "bad"),
        "unknown": Mark("?", "could not tell: it stays", STATES["unknown"].tone),
    }[word]
    reasons = tag("ul", *(tag("li", cut(reason)) for reason in verdict.reasons)) if verdict.reasons else ""
    broken = tag("p", dim(f"On this version: {', '.join(verdict.breaks)}")) if verdict.breaks else ""
    return page(head(f"Version {verdict.version}", dim(verdict.day), mark(state)), reasons, broken, label="Removal")
