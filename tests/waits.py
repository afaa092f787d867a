"""Waiting for what a test caused: until it has happened, with a limit that only a real fault reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
#: Seconds. A slow or busy machine needs some of them; a test that passes returns at once.
LIMIT = 180.0


def until(condition: Callable[[], T], what: str = "it did not happen", seconds: float = LIMIT) -> T:
    """Return the first true value of *condition*; fail with *what* when there is none within the limit."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found
