"""Waiting in a lecture until a service has done what a cell caused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from helpers.core.polling import wait_until

T = TypeVar("T")
#: Seconds. What a lecture waits for comes within a few; a busy machine needs more, and no wait goes on after the event.
LIMIT = 120.0


def poll_until(look: Callable[[], T | None], what: str, timeout: float = LIMIT) -> T:
    """Poll until *look* returns something true, and return it.

    Args:
        look: returns nothing as long as the condition does not hold.
        what: the condition, a sentence in the present tense, for the message.
        timeout: seconds.

    Raises:
        TimedOut: the time is over.
    """
    return wait_until(what, look, timeout, every=0.2, next="Restart the kernel and run all cells.")
