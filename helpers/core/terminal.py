"""What was printed for a terminal, read as text."""

from __future__ import annotations

import re

#: Colours, and what moves the cursor or clears a line.
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def plain(text: str) -> str:
    """Return what a program printed without its colours and the movements of its cursor."""
    return _SEQUENCE.sub("", text)
