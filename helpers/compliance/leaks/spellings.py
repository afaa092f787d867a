"""The spellings of a secret that somebody knows: each is looked for, or named here as not looked for."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from helpers.core import redact

#: What a search for a known secret does not find, in words: clean means clean of the other spellings.
NOT_LOOKED_FOR = (
    "encrypted or hashed",
    "compressed otherwise than by gzip or zip, or compressed twice",
    "encoded twice",
    "with letters replaced, shuffled or reversed",
    "with some letters escaped, otherwise than JSON or a URL has to",
    "in pieces that stand apart, or are shorter than the text between them",
)
#: A shorter secret, with all between its pieces removed, would be found in ordinary text.
MIN_SPLIT = 8
#: Bytes of what a compressed text may hold.
MAX_BYTES = 1_000_000
#: What tools and people put between the pieces of one string: quotes, signs of concatenation, ends of lines.
_BETWEEN = re.compile(r"[\s\"'`+\\,&|()\[\]]+|\\n")
#: gzip in base64 begins so; what follows is read as far as it is base64.
_GZIP = re.compile(r"H4sI[A-Za-z0-9+/_-]{16,}={0,2}")


@dataclass(frozen=True)
class Spellings:
    """Secrets, and every way to write them that is looked for."""

    secrets: tuple[str, ...] = field(repr=False)
    forms: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, secrets: Sequence[str]) -> Spellings:
        """Return the spellings of *secrets*: as tools print them (JSON, URL, base64), hex, base32, percent-encoded."""
        more = {form for secret in secrets for form in _encoded(secret.encode("utf-8", "surrogateescape"))}
        return cls(tuple(secrets), tuple(sorted({*redact.forms(secrets), *more})))

    def lines(self, text: str) -> Iterator[int]:
        """Yield the lines of *text*, from 0, in which a secret begins: written out, in pieces, or in a gzip."""
        if not self.secrets:
            return
        seen, small = set(), self._folded()
        for number, line in enumerate(text.split("\n")):
            folded = line.lower()
            if any(form in line for form in self.forms) or any(form in folded for form in small):
                seen.add(number)
        seen |= {text.count("\n", 0, place) for place in (*self._split(text), *self._packed(text))}
        yield from sorted(seen)

    def _folded(self) -> tuple[str, ...]:
        """Return the spellings in which capitals do not matter, in small letters."""
        found = []
        for secret in self.secrets:
            raw = secret.encode("utf-8", "surrogateescape")
            found += [raw.hex(), *(raw.hex(between) for between in ":- ")]
            found += ["".join(f"{mark}{byte:02x}" for byte in raw) for mark in ("%", "\\x")]
            found.append("".join(f"\\u{ord(letter):04x}" for letter in secret))
        return tuple(form for form in found if len(form) >= redact.MIN_LENGTH)

    def _split(self, text: str) -> Iterator[int]:
        """Yield where a secret begins whose pieces stand beside each other."""
        wanted = [plain for secret in self.secrets if len(plain := _BETWEEN.sub("", secret)) >= MIN_SPLIT]
        if not wanted:
            return
        joined = _BETWEEN.sub("", text)
        if not any(plain in joined for plain in wanted):
            return
        places = _kept(text)
        for plain in wanted:
            at = joined.find(plain)
            while at >= 0:
                yield places[at]
                at = joined.find(plain, at + 1)

    def _packed(self, text: str) -> Iterator[int]:
        for found in _GZIP.finditer(text):
            plain = _unpacked(found[0])
            if any(form in plain for form in self.forms):
                yield found.start()


def _kept(text: str) -> list[int]:
    """Return the places of the letters that are left when all between the pieces of a string is taken out."""
    places: list[int] = []
    at = 0
    for gap in _BETWEEN.finditer(text):
        places += range(at, gap.start())
        at = gap.end()
    return [*places, *range(at, len(text))]


def _encoded(raw: bytes) -> Iterator[str]:
    """Yield base32 of a secret, alone or inside a longer text, without the letters that depend on its neighbours."""
    if len(raw) < redact.MIN_LENGTH:
        return
    yield base64.b32encode(raw).decode().rstrip("=")
    for offset in range(5):
        whole = base64.b32encode(b"\0" * offset + raw).decode().rstrip("=")
        start, end = -(-offset * 8 // 5), (offset + len(raw)) * 8 // 5
        form = whole[start:end]
        if len(form) >= MIN_SPLIT:
            yield form
            yield form.lower()


def _unpacked(text: str) -> str:
    """Return what is in a gzip in base64; what can be read of it, when it is cut off."""
    try:
        packed = base64.b64decode(text.translate(str.maketrans("-_", "+/")).rstrip("=") + "===", validate=False)
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed, MAX_BYTES).decode("utf-8", "replace")
    except (binascii.Error, ValueError, zlib.error):
        return ""
