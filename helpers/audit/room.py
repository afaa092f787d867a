"""What this machine keeps of the audit trail: the log, its key, and the keys of its collectors."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.audit.errors import AuditError
from helpers.errors import BadInput
from helpers.services._record import write_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: The log's name; it is the first line of every checkpoint.
ORIGIN = "acme.test/audit"
#: The byte that stands for Ed25519 in a note key.
_ED25519 = b"\x01"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Collector:
    """Who signs events.

    Attributes:
        name: of the collector.
        public: its public key as a note key, ``NAME+HASH+BASE64``; a verifier's file has one a line.
    """

    name: str
    public: str
    _key: Ed25519PrivateKey

    @property
    def key_id(self) -> str:
        """Name and hash of the key, as the envelopes name it."""
        return "+".join(self.public.split("+")[:2])

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of *message*."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"Collector({self.key_id})"


def note_key(name: str, public: bytes) -> str:
    """Return an Ed25519 public key as Go's signed notes write it (golang.org/x/mod/sumdb/note)."""
    key = _ED25519 + public
    digest = hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8]
    return f"{name}+{digest}+{base64.b64encode(key).decode()}"


class Room:
    """The service's folder as its users see it.

    Args:
        folder: the service's folder, see `helpers.services.Site`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "data" / "log"
        self.keys = folder / "keys"
        self.key = self.keys / "log" / "key"
        self.public_key = self.keys / "log" / "key.pub"
        self.token_file = self.keys / "token"
        self.collectors = self.keys / "collectors"

    @classmethod
    def of_service(cls) -> Room:
        """Return the room of this user's service."""
        from helpers import services

        return cls(services.data("audit").parent)

    def furnish(self) -> None:
        """Make what is missing: the log's folder and key, the token, the first collector."""
        self.log.mkdir(parents=True, mode=0o700, exist_ok=True)
        with self._locked():
            if not self.key.exists():
                self._make_key()
            if not self.token_file.exists():
                write_private(self.token_file, secrets.token_urlsafe(32).encode())
        self.collector("platform")

    def _make_key(self) -> None:
        from helpers import _process, tools

        # Both halves appear at once, or none.
        aside = Path(tempfile.mkdtemp(dir=self.keys))
        argv: list[str | Path] = [tools.ensure("audit-log").path, "keygen", "--name", ORIGIN, "--out", aside / "key"]
        made = _process.run(argv, timeout=60)
        if made.returncode != 0:
            raise AuditError("The log's key could not be made", why=made.stderr, next="course services start audit")
        aside.replace(self.key.parent)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock

        self.keys.mkdir(parents=True, mode=0o700, exist_ok=True)
        with FileLock(self.keys / ".lock", mode=0o600):
            yield

    def token(self) -> str:
        """Return the token of the log's API; it is masked from now on wherever the course prints something."""
        from helpers import _redact

        token = self.token_file.read_text()
        _redact.add_secrets(token)
        return token

    def collector(self, name: str) -> Collector:
        """Return the collector of that name; its key is made and enrolled at the first use.

        Raises:
            BadInput: *name* is no name of a collector.
        """
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if not _NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} is no name of a collector", why="It is part of file names and key names.",
                next="Use small letters, digits and dashes, for example Trail('pipeline').",
            )  # fmt: skip
        path = self.keys / f"collector-{name}"
        with self._locked():
            if not path.exists():
                write_private(path, Ed25519PrivateKey.generate().private_bytes_raw())
            key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
            raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
            public = note_key(name, key.public_key().public_bytes(*raw))
            known = self.collectors.read_text() if self.collectors.exists() else ""
            if public not in known.splitlines():
                write_private(self.collectors, f"{known}{public}\n".encode())
        return Collector(name, public, key)
