"""What a push brings, measured before git reads it: git itself would inflate everything first and ask the hook then.

A pack of 400 kB can stand for 400 MB of zeros, and a delta of 100 bytes for 4 GB. Only sizes are computed here, in
one pass and in little memory; whether the pack is sound is for git to say.
Formats: https://git-scm.com/docs/pack-protocol, https://git-scm.com/docs/gitformat-pack.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from helpers.servers.git_server.problems import Refusal, printable

#: What one push may bring: objects, the bytes of one and of all of them, and the bytes of its list of references.
MAX_OBJECTS, MAX_OBJECT, MAX_INFLATED, MAX_COMMANDS = 50_000, 64_000_000, 512_000_000, 1_000_000
_PIECE = 64 * 1024
_OFFSET_DELTA, _REFERENCE_DELTA = 6, 7
_KINDS = {1, 2, 3, 4, _OFFSET_DELTA, _REFERENCE_DELTA}
_COMMAND = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) (refs/[^\x00-\x20\x7f]+)(?:\x00(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One reference that the push asks to change: its old and new object id, and its name."""

    old: str
    new: str
    ref: str


class PushTooLarge(Exception):
    """A push is more than the server lets git read, or not one."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.refusal = refusal


@dataclass(frozen=True)
class Request:
    """The first part of a push: what it asks for, and what its client understands."""

    commands: tuple[Command, ...]
    capabilities: frozenset[str]

    def answer(self, refusal: Refusal) -> bytes | None:
        """Return git's own way to refuse all of it, with the reason for a person; None when the client knows none."""
        if not self.commands or not self.capabilities & {"report-status", "report-status-v2"}:
            return None
        lines = [f"unpack {refusal.what}\n", *(f"ng {command.ref} {refusal.rule}\n" for command in self.commands)]
        report = b"".join(_packet(line.encode()) for line in lines) + b"0000"
        if "side-band-64k" not in self.capabilities:
            return report
        told = _packet(b"\x02" + refusal.text().encode() + b"\n")
        pieces = (report[at : at + _PIECE - 512] for at in range(0, len(report), _PIECE - 512))
        return told + b"".join(_packet(b"\x01" + piece) for piece in pieces) + b"0000"


def read_request(file: BinaryIO) -> Request:
    """Read the commands of a push; the file stands at its pack then, or at its end.

    Raises:
        PushTooLarge: the list is endless, or nothing that git's clients send.
    """
    commands, known, total = [], frozenset[str](), 0
    for line in _packets(file):
        total += len(line) + 4
        if total > MAX_COMMANDS:
            raise _too_large("It names too many references", f"Their list is longer than {MAX_COMMANDS:,} bytes.")
        match = _COMMAND.fullmatch(line.removesuffix(b"\n"))
        if match:
            old, new, ref = (match[number].decode("utf-8", "replace") for number in (1, 2, 3))
            commands.append(Command(old, new, printable(ref)))
            known |= frozenset((match[4] or b"").decode("ascii", "replace").split())
        elif not line.startswith(b"shallow "):
            raise _malformed("A line of its references is not one.")
    return Request(tuple(commands), known)


def measure(file: BinaryIO) -> int:
    """Return how many bytes the objects of the pack are that the file stands at; 0 when nothing follows.

    Raises:
        PushTooLarge: too many objects or bytes, or not a pack; what follows was not read.
    """
    head = file.read(12)
    if not head:
        return 0
    if len(head) < 12 or head[:4] != b"PACK" or int.from_bytes(head[4:8]) not in (2, 3):
        raise _malformed("What follows its references is not a pack.")
    count = int.from_bytes(head[8:])
    if count > MAX_OBJECTS:
        raise _too_large("It brings too many objects", f"It has {count:,} objects, and {MAX_OBJECTS:,} are taken.")
    reader, total = _Reader(file), 0
    for _ in range(count):
        total += reader.object_size()
        if total > MAX_INFLATED:
            raise _too_large("It is too large", f"Its objects have more than {MAX_INFLATED:,} bytes together.")
    return total


class _Reader:
    """Reads a pack forward, object by object."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.held = file, b""

    def object_size(self) -> int:
        """Pass over one object and return its size, of a delta the size of what it stands for."""
        first = byte = self._byte()
        size, shift = first & 15, 4
        while byte & 0x80:
            byte = self._byte()
            size |= (byte & 0x7F) << shift
            shift += 7
            if shift > 60:
                raise _malformed("One of its objects does not say how large it is.")
        kind = first >> 4 & 7
        if kind not in _KINDS or size > MAX_OBJECT:
            raise _one_too_large(size) if kind in _KINDS else _malformed(f"It has an object of the kind {kind}.")
        if kind == _REFERENCE_DELTA:
            self._take(20)
        elif kind == _OFFSET_DELTA and not any(self._byte() < 0x80 for _ in range(10)):
            raise _malformed("One of its deltas does not say what it is of.")
        begin, inflated = self._inflate(size)
        result = _delta_result(begin) if kind in (_OFFSET_DELTA, _REFERENCE_DELTA) else 0
        if result > MAX_OBJECT:
            raise _one_too_large(result)
        return max(result, inflated)

    def _inflate(self, size: int) -> tuple[bytes, int]:
        """Pass over a compressed stream; return its first bytes and its size, which must be what was announced."""
        inflater, begin, total = zlib.decompressobj(), b"", 0
        while not inflater.eof:
            if not self.held and not self._more():
                raise _malformed("It ends in the middle of an object.")
            try:
                piece = inflater.decompress(self.held, _PIECE)
            except zlib.error:
                raise _malformed("One of its objects cannot be inflated.") from None
            self.held = inflater.unconsumed_tail or inflater.unused_data
            begin = (begin + piece[:32])[:32]
            total += len(piece)
            if total > size:
                raise _malformed("One of its objects is larger than it says.")
        return begin, total

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, number: int) -> bytes:
        while len(self.held) < number:
            if not self._more():
                raise _malformed("It ends in the middle of an object.")
        taken, self.held = self.held[:number], self.held[number:]
        return taken

    def _more(self) -> bool:
        piece = self.file.read(_PIECE)
        self.held += piece
        return bool(piece)


def _delta_result(begin: bytes) -> int:
    """Return the second number of a delta: the size of what it makes of its base."""
    numbers, value, shift = [], 0, 0
    for byte in begin:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            numbers.append(value)
            value = shift = 0
        if len(numbers) == 2:
            return numbers[1]
    raise _malformed("One of its deltas does not say how large it is.")


def _packets(file: BinaryIO) -> Iterator[bytes]:
    while (head := file.read(4)) != b"0000":
        if not re.fullmatch(rb"[0-9a-fA-F]{4}", head) or int(head, 16) < 5:
            raise _malformed("A line of its references has no length.")
        line = file.read(int(head, 16) - 4)
        if len(line) != int(head, 16) - 4:
            raise _malformed("It ends in the middle of a line.")
        yield line


def _packet(line: bytes) -> bytes:
    return b"%04x" % (len(line) + 4) + line


def _one_too_large(size: int) -> PushTooLarge:
    return _too_large("One object is too large", f"It would have {size:,} bytes, and {MAX_OBJECT:,} are taken.")


def _too_large(what: str, why: str) -> PushTooLarge:
    fix = "Keep large data in a bucket and name it by its digest; split the change into several pushes."
    return PushTooLarge(Refusal("push-too-large", f"The push is refused before it is read: {what.lower()}", why, fix))


def _malformed(why: str) -> PushTooLarge:
    return PushTooLarge(
        Refusal("bad-push", "The push cannot be understood", why, "Push again; course services logs git")
    )
