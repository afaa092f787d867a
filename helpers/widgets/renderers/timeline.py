"""A timeline of events: lanes of sync, health, drift, heal and approvals, drawn and as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helpers.core.html.elements import Html, code, cut, details, dim, head, mark, page, rows_html, tag
from helpers.widgets.renderers.gitops import count
from helpers.widgets.renderers.timeline_draw import lanes_svg
from helpers.widgets.renderers.timeline_event import TimelineEvent, when
from helpers.widgets.renderers.timeline_events import timeline_events


def timeline_html(items: Any, *, clock: bool = False) -> str:
    """Return a timeline; times are seconds from the first event, so that the same run looks the same.

    Args:
        items: see `timeline_events`.
        clock: say also at which time of day it began.
    """
    return page(*timeline_parts(timeline_events(items), clock=clock), label="Timeline")


def timeline_parts(found: Sequence[TimelineEvent], *, clock: bool = False) -> tuple[Html, ...]:
    """Return title, drawing and list."""
    title = head("Timeline", count(len(found), "event"), *_title(found, clock))
    if not found:
        return title, tag("p", dim("No events yet."))
    drawing = tag("div", lanes_svg(found), style="overflow-x:auto")
    return title, drawing, details("The timeline as a list", _as_list(found))


def _title(found: Sequence[TimelineEvent], clock: bool) -> list[Html]:
    facts = [
        mark(state, n) for state in ("drifted", "healed", "break-glass") if (n := sum(m.state == state for m in found))
    ]
    if clock and found and (first := when(found[0].at)):
        facts.append(dim(f"from {first:%Y-%m-%d %H:%M:%S} {first.tzname()}"))
    return facts


def _as_list(found: Sequence[TimelineEvent]) -> Html:
    first = when(found[0].at)
    rows = []
    for m in found:
        at = when(m.at)
        passed = (at - first).total_seconds() if at and first else 0.0
        rows.append(
            [f"+{passed:.1f} s", m.lane, code(cut(m.subject, 80)) if m.subject else "", mark(m.state), cut(m.what, 300)]
        )
    return rows_html(["#After", "Lane", "About", "State", "What"], rows)
