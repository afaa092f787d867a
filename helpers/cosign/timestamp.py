"""Reads the time out of an RFC 3161 timestamp that cosign has verified; nothing is verified here."""

from __future__ import annotations

import datetime as dt

from helpers.cosign.result import CannotVerify

#: From a TimeStampResp (RFC 3161, section 2.4.2) through its SignedData (RFC 5652, section 5.1) to the time:
#: which child, and the tag it must have. What is child 0 is an only child.
_PATH = (
    (0, 0x30), (1, 0x30), (1, 0xA0), (0, 0x30), (2, 0x30), (1, 0xA0), (0, 0x04), (0, 0x30), (4, 0x18),
)  # fmt: skip


def stamped_at(response: bytes) -> dt.datetime:
    """Return the time (UTC) in a TimeStampResp.

    Args:
        response: in DER. Any other encoding is an error, so that nobody can show cosign one time and us another.

    Raises:
        CannotVerify: it is none, or its time has fractions of seconds.
    """
    content = response
    try:
        for index, tag in _PATH:
            children = _children(content)
            found, content = children[index]
            if found != tag or (index == 0 and len(children) != 1):
                raise ValueError(f"tag {found:#x} where {tag:#x} should be")
        return dt.datetime.strptime(content.decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)
    except (ValueError, IndexError) as error:
        raise CannotVerify(
            "The signed time cannot be read", why=f"No timestamp in DER: {error}.", next="Sign the content again."
        ) from None


def _children(content: bytes) -> list[tuple[int, bytes]]:
    """Return tag and content of each element (X.690, DER: definite lengths in their shortest form)."""
    found = []
    while content:
        tag, size, start = content[0], content[1], 2
        if tag & 0x1F == 0x1F:
            raise ValueError("a tag of several bytes")
        if size >= 0x80:
            start += size - 0x80
            size = int.from_bytes(content[2:start])
            if size < 0x80 or content[2] == 0 or start > 6:
                raise ValueError("a length that is not DER")
        if start + size > len(content):
            raise ValueError("an element is cut off")
        found.append((tag, content[start : start + size]))
        content = content[start + size :]
    return found
