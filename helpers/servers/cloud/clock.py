"""A clock that can be set, so that a replayed request sees the time at which it was first made."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Iterator

_REAL_TIME = time.time
_REAL = datetime.datetime


class Clock:
    """The process's time: the real one, or the one that was set."""

    def __init__(self) -> None:
        self._set: float | None = None

    def now(self) -> float:
        """Return seconds since 1970."""
        return _REAL_TIME() if self._set is None else self._set

    @staticmethod
    def real() -> float:
        """Return the machine's time, whatever was set: seconds since 1970."""
        return _REAL_TIME()

    @contextlib.contextmanager
    def at(self, moment: float) -> Iterator[None]:
        """Hold the clock at *moment* in this block."""
        before, self._set = self._set, moment
        try:
            yield
        finally:
            self._set = before


CLOCK = Clock()


class _Meta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _REAL)


class SetDatetime(_REAL, metaclass=_Meta):
    """``datetime.datetime`` on our clock."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> SetDatetime:
        """Return the clock's time."""
        return cls.fromtimestamp(CLOCK.now(), tz)

    @classmethod
    def utcnow(cls) -> SetDatetime:
        """Return the clock's time in UTC, without a time zone."""
        return cls.fromtimestamp(CLOCK.now(), datetime.UTC).replace(tzinfo=None)


def install_clock() -> None:
    """Put the clock in place of the process's; call it before the modules that are to use it are imported."""
    time.time = CLOCK.now
    datetime.datetime = SetDatetime  # type: ignore[misc]
