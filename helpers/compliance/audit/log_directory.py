"""What this machine keeps of the audit trail: the log, its key, the keys of its collectors, and the root's.

**A real deployment keeps the root's private key off the platform**, with whoever says who may state what.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock

from helpers.compliance.audit.errors import AuditError, NotEnrolled
from helpers.compliance.audit.roles import HOUSE, Functionary, Roles, may_state
from helpers.compliance.audit.roles import read as read_roles
from helpers.compliance.audit.types import Action
from helpers.compliance.audit.witnesses import WITNESSES, Witness
from helpers.core import process, redact
from helpers.core.errors import BadInput
from helpers.core.files import new_directory, read_private, write_private
from helpers.runtime import services, tools

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: The log's name; it is the first line of every checkpoint.
ORIGIN = "acme.test/audit"
#: The name of the root, which says who may state what.
ROOT = "acme.test/audit-root"
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


class AuditLogDirectory:
    """The service's directory as its users see it.

    Args:
        directory: the service's directory, see `helpers.runtime.services.ServiceContext`.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory
        self.log = directory / "data" / "log"
        self.keys = directory / "keys"
        self.key = self.keys / "log" / "key"
        self.public_key = self.keys / "log" / "key.pub"
        self.token_file = self.keys / "token"
        self.collectors = self.keys / "collectors"
        self.addresses = self.keys / "witnesses"
        self.root_key = self.keys / "root" / "key"
        self.root = self.keys / "root" / "key.pub"

    @classmethod
    def of_service(cls) -> AuditLogDirectory:
        """Return the directory of this user's service."""
        return cls(services.data("audit").parent)

    def witnesses(self) -> tuple[Witness, ...]:
        """Return those who remember this log, each in a directory of its own."""
        return tuple(Witness(self.path / "witnesses" / name, name) for name in WITNESSES)

    def address(self, witness: str) -> tuple[str, str]:
        """Return the URL of a witness that runs, and its token.

        Raises:
            OSError, StopIteration: it never ran.
        """
        line = next(line for line in self.addresses.read_text().splitlines() if line.startswith(f"{witness} "))
        said = urlsplit(line.split(" ", 1)[1])
        redact.add_secrets(said.password or "")
        return f"https://{said.hostname}:{said.port}", said.password or ""

    def provision(self, witnesses: tuple[str, ...] = (), quorum: int = 0) -> None:
        """Make what is missing: the keys of the log, the root and the platform's collectors, the token, the list.

        Args:
            witnesses: public keys of those who cosign checkpoints. quorum: how many of them must.
        """
        self.log.mkdir(parents=True, mode=0o700, exist_ok=True)
        with self._locked():
            for key, origin in ((self.key, ORIGIN), (self.root_key, ROOT)):
                if not key.exists():
                    self._make_key(key, origin)
            if not self.token_file.exists():
                write_private(self.token_file, secrets.token_urlsafe(32).encode())
            known = self._known()
            house = {name: self._key_pair(name).public for name in HOUSE}
            wanted = known or Roles(0, (), witnesses, quorum)
            for name, public in house.items():
                # What the root has said of a key since then stays.
                if wanted.of(public) is None:
                    wanted = wanted.with_functionary(Functionary(public, may_state(HOUSE[name])))
            if (wanted.witnesses, wanted.quorum) != (witnesses, quorum):
                wanted = replace(wanted, version=wanted.version + 1, witnesses=witnesses, quorum=quorum)
            if wanted != known:
                self._sign(wanted)

    def _known(self) -> Roles | None:
        """Return the list; ``None`` when there is none, or the list of bare keys of an earlier version."""
        text = self.collectors.read_bytes() if self.collectors.exists() else b""
        return read_roles(text) if text.startswith(b"{") else None

    def _sign(self, roles: Roles) -> None:
        """Put a list in place, signed by the root."""
        with tempfile.TemporaryDirectory() as aside:
            unsigned = Path(aside) / "roles.json"
            unsigned.write_bytes(roles.to_json(ORIGIN))
            argv: list[str | Path] = [tools.ensure("audit-log").path, "sign-roles", "--key", self.root_key, unsigned]
            done = process.run(argv, timeout=60, raw_stdout=True)
        if done.returncode != 0:
            raise AuditError(
                "The list of functionaries could not be signed", why=done.stderr, next="course services logs audit"
            )
        write_private(self.collectors, done.stdout.encode())

    def enrol(self, name: str, may: Iterable[Action | str], *, until: int | None = None) -> Collector:
        """Let a collector state events of some kinds, by the root key; its own key is made if it has none.

        Args:
            name: of the collector. may: actions; none takes all back.
            until: first entry for which it counts no more.

        Raises:
            BadInput: *name* is not the name of a collector. ValueError: there is no such action.
        """
        listed = may_state(may)
        with self._locked():
            known = self._known()
            if known is None:
                raise AuditError("The audit trail has no list of functionaries", next="course services start audit")
            made = self._key_pair(name)
            self._sign(known.with_functionary(Functionary(made.public, listed, until=until)))
        return made

    def _make_key(self, key: Path, origin: str) -> None:
        # Both halves appear at once, or none.
        with new_directory(key.parent) as new:
            argv: list[str | Path] = [tools.ensure("audit-log").path, "keygen", "--name", origin, "--out", new / "key"]
            made = process.run(argv, timeout=60)
            if made.returncode != 0:
                raise AuditError("A key could not be made", why=made.stderr, next="course services start audit")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.keys.mkdir(parents=True, mode=0o700, exist_ok=True)
        with FileLock(self.keys / ".lock", mode=0o600):
            yield

    def token(self) -> str:
        """Return the token of the log's API; it is masked from now on wherever the course prints something."""
        token = read_private(self.token_file)
        redact.add_secrets(token)
        return token

    def collector(self, name: str) -> Collector:
        """Return the collector of that name, which the root has enrolled.

        Raises:
            BadInput: *name* is not the name of a collector. NotEnrolled: the root has not enrolled it.
        """
        path = self._key_file(name)
        with self._locked():
            known = self._known()
            made = self._key_pair(name) if path.exists() else None
        if made is None or known is None or known.of(made.public) is None:
            raise NotEnrolled(
                f"The collector {name} is not among the functionaries of the audit trail",
                why="Who may state what is signed by the root key; a collector cannot enrol itself.",
                next=f"One of {', '.join(HOUSE)}; or, by the root: audit.enrol({name!r}, ['verify'])",
            )
        return made

    def _key_file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} is not the name of a collector",
                why="It is part of file names and key names.",
                next="Use small letters, digits and dashes, for example Trail('pipeline').",
            )
        return self.keys / f"collector-{name}"

    def _key_pair(self, name: str) -> Collector:
        """Return a collector's key; it is made at the first use."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (
            Ed25519PrivateKey,  # 45 ms that looking at a running service need not pay
        )

        path = self._key_file(name)
        if not path.exists():
            write_private(path, Ed25519PrivateKey.generate().private_bytes_raw())
        key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        return Collector(name, note_key(name, key.public_key().public_bytes_raw()), key)


def enrol(name: str, may: Iterable[Action | str]) -> Collector:
    """Let a collector of this user's audit trail state events of some kinds, by the root key.

    Args:
        name: of the collector. may: actions.
    """
    return AuditLogDirectory.of_service().enrol(name, may)
