"""Static display of known vulnerabilities: what is open comes first, an answer stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.core.html.elements import Html, code, cut, definitions, dim, head, join, mark, page, rows_html, tag
from helpers.core.html.style import Mark

if TYPE_CHECKING:
    from helpers.compliance.advisories.report import AdvisoryReport, Match

_STATES = {
    "affected": Mark("✗", "affected", "bad"),
    "unknown": Mark("?", "could not tell", "change"),
    "under_investigation": Mark("…", "under investigation", "change"),
    "not_affected": Mark("✓", "not affected", "good"),
    "fixed": Mark("✓", "fixed here", "good"),
}


def advisories_html(report: AdvisoryReport) -> str:
    """Return a table: a row an advisory about a component, open ones first."""
    facts = {
        "Subject": code(cut(report.subject, 300)),
        "Digest": code(cut(report.digest, 120)) if report.digest else dim("no digest: no answer can be about it"),
        "Components": f"{report.components:,} looked up",
    }
    rows = [_row(one) for one in sorted(report.matches, key=lambda one: (not one.open, one))]
    table = rows_html(
        ["Status", "Advisory", "Component", "Fixed in", "Answer"],
        rows,
        empty="No advisory is about these components." if report.components else "The list is empty: nothing was told.",
    )
    ignored = [tag("li", cut(reason, 300)) for reason in report.ignored]
    more = [tag("p", "Answers that do not count:"), tag("ul", *ignored)] if ignored else []
    title = head("Known vulnerabilities", mark(Mark("✗", "open", "bad"), len(report.open)))
    return page(title, definitions(facts), table, *more, label="Known vulnerabilities")


def _row(one: Match) -> list[object]:
    about = join((code(cut(one.advisory, 120)), tag("span", cut(one.summary, 300), class_="m-line m-dim")))
    part = join((code(cut(one.component, 300)), " ", cut(one.version, 120) or dim("no version")))
    said: Html | str = join((cut(one.why, 300), *([" ", dim(one.answered_by)] if one.answered_by else [])))
    return [mark(_STATES[one.status]), about, part, cut(", ".join(one.fixed), 120) or dim("no version"), said]
