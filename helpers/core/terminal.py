"""What was printed for a terminal, read as text."""

from __future__ import annotations

import re

#: What a terminal acts on instead of showing it (ECMA-48): colours and movements of the cursor; titles, links and the
#: clipboard, up to their end; other short sequences, and the beginning of one that never ends.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)|"
    r"\x1b[ -/]*[0-Z\\-~]|[\x1b\x80-\x9f]"
)
#: Other characters that it acts on; what separates lines and columns stays.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def plain(text: str) -> str:
    """Return what a program printed as text alone: no colour, no movement of the cursor, nothing a terminal acts on."""
    return _CONTROL.sub("", _SEQUENCE.sub("", text))
