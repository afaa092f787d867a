"""How long events are kept, by what they are about.

A transparency log cannot forget that an event was there. When its time is over, a ``retention`` event in the log says
so; from then on exports, and in time the log's own disk, hold the event's hash in its place: order, number and proofs
stay, the content is gone. Retention events themselves are kept for as long as the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from helpers.compliance.audit.types import Action, Entry

#: Days an event is kept at least, by action. Evidence of who changed production or opened the glass is kept for seven
#: years (the usual limit for financial audits), the rest for a little over a year (SOC 2 looks back twelve months).
DAYS: Mapping[str, int] = MappingProxyType(
    {
        "plan": 400,
        "policy-decision": 400,
        "drift": 400,
        "verify": 400,
        "secret-access": 400,
        "apply": 2557,
        "approval": 2557,
        "promotion": 2557,
        "break-glass": 2557,
        "sign": 2557,
        "retention": 36525,
        "legal-hold": 36525,
    }
)


@dataclass(frozen=True)
class Retention:
    """A retention policy.

    Attributes:
        days: action -> days that an event is kept.
    """

    days: Mapping[str, int] = field(default_factory=lambda: DAYS)

    def until(self, action: str, at: datetime) -> datetime:
        """Return the time up to which an event of *action* at *at* is kept."""
        return at + timedelta(days=self.days[action])


def held_entries(entries: Iterable[Entry]) -> set[int]:
    """Return the indexes of those that a legal hold keeps."""
    held: set[int] = set()
    for entry in entries:
        if entry.event.action == Action.LEGAL_HOLD:
            held |= named_entries(entry, "hold")
            held -= named_entries(entry, "release")
    return held


def named_entries(entry: Entry, member: str) -> set[int]:
    """Return the indexes that a member of the details names, in ranges; only those before the event itself."""
    spans = entry.event.details.get(member, ())
    return {index for start, end in spans for index in range(start, min(end, entry.index))}


def ranges(indexes: list[int]) -> list[list[int]]:
    """Return sorted indexes as ranges ``[start, end)``."""
    found: list[list[int]] = []
    for index in indexes:
        if found and found[-1][1] == index:
            found[-1][1] = index + 1
        else:
            found.append([index, index + 1])
    return found
