"""One event of a timeline, its time and its lane. Knows neither where events come from nor how they are drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

#: The lanes, from top to bottom; others come after them by name.
LANES = ("approval", "audit", "operation", "sync", "health", "drift", "heal", "event")
#: Lanes whose state holds until the next one comes.
HELD = ("sync", "health")


@dataclass(frozen=True)
class TimelineEvent:
    """Something that happened.

    Attributes:
        at: when; a ``datetime`` or RFC 3339 text.
        lane: ``sync``, ``health``, ``drift``, ``heal``, ``approval``, ``operation``, ``audit``, ``event`` or your own.
        state: the word that decides how it looks, for example ``OutOfSync``.
        what: a few words.
        subject: the application or resource it is about.
        until: when it ended, for what takes time.
    """

    at: datetime | str
    lane: str
    state: str
    what: str = ""
    subject: str = ""
    until: datetime | str = ""


def when(at: datetime | str) -> datetime | None:
    """Return a time as a ``datetime`` in UTC; ``None`` for text that is not a time."""
    if isinstance(at, datetime):
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    try:
        found = datetime.fromisoformat(str(at))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def utc(at: datetime | str) -> str:
    """Return a time for people, in UTC; text that is not a time stays as it is."""
    found = when(at)
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if found else str(at)[:40]


def in_order(events: Iterable[TimelineEvent]) -> tuple[TimelineEvent, ...]:
    """Return each event once, oldest first; what has no time is left out."""
    timed = [(at, e) for e in dict.fromkeys(events) if (at := when(e.at)) is not None]
    timed.sort(key=lambda pair: (pair[0], rank(pair[1].lane), pair[1].subject, pair[1].state, pair[1].what))
    return tuple(e for _, e in timed)


def rank(lane: str) -> tuple[int, str]:
    """Return the place of a lane, for sorting."""
    return (LANES.index(lane), "") if lane in LANES else (len(LANES), lane)
