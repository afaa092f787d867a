"""The time that a pack is about, from its first moment to the first moment after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from helpers.core.errors import BadInput

#: How a pack writes times: one spelling, to the second, in UTC.
_TIME = re.compile(r"[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_DAY = re.compile(r"[1-9]\d{3}-\d\d-\d\d", re.ASCII)


class BadPeriod(BadInput):
    """Two times that are not a period."""


@dataclass(frozen=True)
class Period:
    """A span of time.

    Attributes:
        start: its first moment. until: the first moment after it. Both in UTC, in whole seconds.
    """

    start: datetime
    until: datetime

    def __post_init__(self) -> None:
        for one in (self.start, self.until):
            if one.tzinfo is None or one.microsecond:
                raise _bad(f"{one} is not a whole second with a time zone.")
        if self.start >= self.until:
            raise _bad(f"{self.until} is not after {self.start}.")

    @classmethod
    def parse(cls, text: str) -> Period:
        """Return the period in a text like ``2026-11-01/2026-12-01`` (ISO 8601): from, and the first moment after it.

        A day stands for its first moment, UTC; a time is written ``2026-11-01T00:00:00Z``.

        Raises:
            BadPeriod: it is not one.
        """
        start, slash, until = text.partition("/")
        if not slash:
            raise _bad(f"{text[:60]!r} has no slash.")
        return cls(*(read_time(f"{one}T00:00:00Z" if _DAY.fullmatch(one) else one) for one in (start, until)))

    @classmethod
    def of(cls, start: str, until: str) -> Period:
        """Return the period between two times as a pack writes them.

        Raises:
            BadPeriod: they are not times, or not one after the other.
        """
        return cls(read_time(start), read_time(until))

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.until

    def covers(self, other: Period) -> bool:
        """Return whether all of another period is in this one."""
        return self.start <= other.start and other.until <= self.until

    def to_dict(self) -> dict[str, str]:
        """Return it as a pack's statement has it."""
        return {"from": time_text(self.start), "until": time_text(self.until)}

    def __str__(self) -> str:
        return f"{time_text(self.start)}/{time_text(self.until)}"


def read_time(text: str) -> datetime:
    """Return a time as a pack writes it.

    Raises:
        BadPeriod: it is written in another way, or there is no such time.
    """
    if not _TIME.fullmatch(text):
        raise _bad(f"{text[:60]!r} is not a time.")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad(f"{text!r}: {error}.") from None


def time_text(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _bad(why: str) -> BadPeriod:
    return BadPeriod("This is not a period", why=why, next="Write FROM/UNTIL, such as 2026-11-01/2026-12-01.")
