"""The one loop that asks again and again until something is so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from helpers.core.errors import CourseError

T = TypeVar("T")

#: Seconds between two looks.
EVERY = 0.1


class TimedOut(CourseError, TimeoutError):
    """What was waited for did not come in time."""

    code = "timed-out"


def poll(look: Callable[[], T], seconds: float, *, every: float = EVERY, slower: float = 1.0, most: float = 2.0) -> T:
    """Look until the result is true or the time is over, and return the last result, true or not.

    It looks once at least, and once more when the time is over.

    Args:
        look: cheap, or it delays the end; what it raises ends the wait.
        seconds: how long to wait.
        every: seconds between two looks.
        slower: factor by which the pause grows after each look, up to *most* seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        # Before the look: what happens during a slow one is seen by the next.
        left = deadline - time.monotonic()
        found = look()
        if found or left <= 0:
            return found
        time.sleep(min(every, max(0.0, deadline - time.monotonic())))
        every = max(every, min(every * slower, most))


def wait_until(
    what: str,
    look: Callable[[], T | None],
    seconds: float,
    *,
    every: float = EVERY,
    on_timeout: Callable[[], Exception] | None = None,
    next: str = "",
) -> T:
    """Look until the result is true and return it.

    Args:
        what: completes the sentence "timed out after 30 s waiting until ..."; present tense, no full stop.
        look, seconds, every: see `poll`.
        on_timeout: makes the error to raise instead of `TimedOut`; it may look at the state of things.
        next: the next step of a `TimedOut`.

    Raises:
        TimedOut: the time is over (or what *on_timeout* returned).
    """
    found = poll(look, seconds, every=every)
    if found:
        return found
    raise (
        on_timeout()
        if on_timeout is not None
        else TimedOut(f"Timed out after {seconds:g} s waiting until {what}", next=next)
    )
