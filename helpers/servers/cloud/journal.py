"""An append-only file of requests, one JSON object a line, that survives a kill at any moment."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

#: moto keeps the spelling of some headers under this key; it is not a string, but must be kept.
_SPELLING = "moto.preserved_header_names"


class JournalDamaged(Exception):
    """A line in the middle of the journal cannot be read."""


@dataclass(frozen=True)
class Entry:
    """One recorded request.

    Attributes:
        number: 1 for the first; seeds the randomness of the request.
        time: seconds since 1970.
        request: the WSGI variables that are text.
        spelling: header names with underscores, as they were sent.
        body: base64.
        answer: first half of the answer's SHA-256, to notice a replay that differs.
    """

    number: int
    time: float
    request: dict[str, str]
    spelling: dict[str, str]
    body: str
    answer: str = ""

    @classmethod
    def of(cls, number: int, at: float, environ: dict[str, Any], body: bytes) -> Entry:
        """Take down a request before it is run."""
        text = {k: v for k, v in environ.items() if isinstance(v, str)}
        return cls(number, at, text, dict(environ.get(_SPELLING, {})), base64.b64encode(body).decode())

    def answered(self, answer: bytes) -> Entry:
        """Return the entry with the answer's digest."""
        return replace(self, answer=self.digest(answer))

    @staticmethod
    def digest(answer: bytes) -> str:
        """Return what is kept of an answer."""
        return hashlib.sha256(answer).hexdigest()[:32]

    def environ(self) -> dict[str, Any]:
        """Return the request as WSGI variables, as the server made them."""
        return {
            **self.request,  # the scheme among them, which answers name in URLs
            _SPELLING: self.spelling,
            "wsgi.version": (1, 0),
            "wsgi.input": io.BytesIO(base64.b64decode(self.body)),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }


class Journal:
    """The file. One writer at a time; the caller sees to that."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._drop_torn_line()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return os.fstat(self._file).st_size

    def _drop_torn_line(self) -> None:
        """Cut off a last line without its end: it was being written when we were killed, so it was never answered."""
        with self.path.open("rb+") as file:
            end = file.seek(0, os.SEEK_END)
            position = end
            while position:
                step = min(65536, position)
                file.seek(position - step)
                found = file.read(step).rfind(b"\n")
                if found >= 0:
                    position = position - step + found + 1
                    break
                position -= step
            if position != end:
                file.truncate(position)

    def entries(self) -> Iterator[Entry]:
        """Yield every entry in order, and learn the last number.

        Raises:
            JournalDamaged: a line cannot be read; nothing is changed on disk.
        """
        with self.path.open("rb") as file:
            for line_number, line in enumerate(file, 1):
                try:
                    entry = Entry(**json.loads(line))
                except (ValueError, TypeError) as error:
                    raise JournalDamaged(
                        f"Line {line_number} of {self.path} cannot be read ({type(error).__name__}). Move the file "
                        "away to begin with an empty cloud, or restore it from a backup."
                    ) from None
                self.last = entry.number
                yield entry

    def append(self, entry: Entry) -> None:
        """Write an entry through to the disk; when this returns it survives a kill and a power cut."""
        line = json.dumps(asdict(entry), separators=(",", ":")).encode() + b"\n"
        before = self.size
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(self._file, view) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, before)
            raise
        self.last = entry.number

    def clear(self) -> None:
        """Forget everything."""
        os.ftruncate(self._file, 0)
        os.fsync(self._file)
        self.last = 0
