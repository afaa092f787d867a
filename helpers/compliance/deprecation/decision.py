"""Whether a version may be removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from helpers.clients.registry.lifecycle import Consumer, Exemption, Notice, RemovalVerdict, Verdict

#: What is known of a consumer is too old to rely on after this time.
STALE = dt.timedelta(days=14)


def decide(
    version: str,
    notice: Notice | None,
    consumers: Iterable[Consumer],
    exemptions: Iterable[Exemption],
    *,
    today: dt.date,
) -> RemovalVerdict:
    """Return whether a version may be removed.

    Before the day of the notice it may not: the window was promised to those too whom nobody knows. From that day on it
    may, even when a consumer has not moved, unless an exemption still runs or it cannot be told who would be broken.

    Args:
        notice: of the version; None when its end was never announced.
        consumers: of the module, as last read. exemptions: for this version. today: the day of the question.
    """
    known = list(consumers)
    users = {one.name for one in known if version in one.versions}
    if notice is None:
        reasons = [f"The end of {version} was never announced."]
        return RemovalVerdict(version, today, "refused", tuple(reasons), tuple(sorted(users)))
    refused, unknown = [], []
    if today < notice.removal:
        left = (notice.removal - today).days
        inside = f" {_names(users)} would break." if users else ""
        refused.append(f"The window ends on {notice.removal}, in {left} day{'' if left == 1 else 's'}.{inside}")
    running = [one for one in exemptions if today < one.until]
    for one in running:
        if one.consumer in users:
            refused.append(f"{one.consumer} is exempt until {one.until} ({one.approved_by}: {one.reason}).")
    for consumer in known:
        if today - consumer.seen > STALE:
            unknown.append(f"{consumer.name} was last read on {consumer.seen}; read it again.")
        elif not consumer.known:
            why = "; ".join(use.where for use in consumer.uses if use.found == "unknown")
            unknown.append(f"What {consumer.name} uses could not be told: {why}.")
    verdict: Verdict = "refused" if refused else "unknown" if unknown else "allowed"
    reasons = [*refused, *unknown]
    if verdict == "allowed":
        late = f" {_names(users)} had the whole window and did not move." if users else " Nobody uses it."
        reasons = [f"The window ended on {notice.removal}.{late}"]
    return RemovalVerdict(version, today, verdict, tuple(reasons), tuple(sorted(users)))


def _names(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ordered[0] if len(ordered) == 1 else f"{', '.join(ordered[:-1])} and {ordered[-1]}"
