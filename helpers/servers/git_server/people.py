"""Who has an account: tokens, signing keys, and whose key is trusted (the file ``allowed_signers``)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.core.errors import BadInput
from helpers.core.files import read_private, write_private
from helpers.servers.git_server import names
from helpers.servers.git_server.problems import RequestRefused
from helpers.wrappers.git.run import fingerprint
from helpers.wrappers.git.types import AllowedSigner

#: ``operator`` is not a person: the token beside the data, by which the course enrols people.
ROLES = ("member", "admin", "reader")
OPERATOR = "operator"


@dataclass(frozen=True)
class Person:
    """An account.

    Attributes:
        name: as in the user name. full_name, email: as in commits.
        role: ``member`` reads and writes, ``admin`` may break the glass as well, ``reader`` only reads.
        trusted: whether the key is in ``allowed_signers``.
        fingerprint: of the key.
    """

    name: str
    full_name: str
    email: str
    role: str
    trusted: bool
    fingerprint: str

    def need(self, *roles: str, to: str) -> None:
        """Check a permission.

        Raises:
            RequestRefused: 403.
        """
        if self.role not in roles:
            raise RequestRefused(
                403,
                "no-permission",
                f"{self.name} may not {to}",
                why=f"{self.name} is {self.role} here; it takes {' or '.join(roles)}.",
                next="Ask somebody who may: Forge().people() lists the roles.",
            )


class People:
    """The accounts, in ``people.json``; of a token only its SHA-256 is kept."""

    def __init__(self, data: Path) -> None:
        self._file = data / "people.json"
        self.signers = data / "allowed_signers"
        self._operator = data / "operator.token"
        self._lock = threading.Lock()

    def provision(self) -> None:
        """Write the files that must be there; those that are there stay."""
        if not self._operator.exists():
            write_private(self._operator, secrets.token_urlsafe(30).encode())
        if not self._file.exists():
            write_private(self._file, b"{}")
        self._write_signers(self._read())

    def _read(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = json.loads(self._file.read_text())
        return found

    def all(self) -> tuple[Person, ...]:
        """Return every person, sorted by name."""
        return tuple(_person(name, row) for name, row in sorted(self._read().items()))

    def find(self, name: str) -> Person | None:
        """Return a person by name."""
        row = self._read().get(name)
        return _person(name, row) if row else None

    def caller(self, header: str) -> Person:
        """Return who sent this ``Authorization`` header (HTTP basic: person and token).

        Raises:
            RequestRefused: 401.
        """
        scheme, _, value = header.partition(" ")
        try:
            name, _, token = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (ValueError, binascii.Error):
            name = token = ""
        if scheme.lower() == "basic" and name and token:
            if name == OPERATOR and hmac.compare_digest(read_private(self._operator), token):
                return Person(OPERATOR, OPERATOR, "", OPERATOR, False, "")
            row = self._read().get(name)
            if row and hmac.compare_digest(row["token"], _digest(token)):
                return _person(name, row)
        raise RequestRefused(
            401,
            "who-are-you",
            "The server does not know who you are",
            why="There is no such person, or the token is an old one." if header else "No person and token were sent.",
            next="Forge(PERSON).clone(...)   # a clone that says who you are",
        )

    def enrol(self, data: dict[str, Any]) -> tuple[Person, str]:
        """Give a person an account, or a new token to one who has it; a further key is added to the earlier ones.

        Raises:
            RequestRefused: 400 a bad name, role or key; 409 the key is another person's.
        """
        name, role, trusted = data.get("name"), data.get("role", "member"), data.get("trusted", True)
        if not isinstance(name, str) or not names.PERSON.fullmatch(name) or name == OPERATOR:
            raise RequestRefused(
                400, "bad-name", "That is not a valid name of a person", why="Use lower-case letters and digits."
            )
        if role not in ROLES or not isinstance(trusted, bool):
            raise RequestRefused(400, "bad-role", "That is not a role", why=f"There are {', '.join(ROLES)}.")
        full = names.text(data.get("full_name"), "full name", 60)
        if any(c in full for c in "<>,"):
            raise RequestRefused(400, "bad-name", "That is not a valid name of a person", why="It goes into commits.")
        key = _key(data.get("public_key"))
        token = secrets.token_urlsafe(30)
        with self._lock:
            rows = self._read()
            if any(key in row["keys"] for other, row in rows.items() if other != name):
                raise RequestRefused(
                    409, "key-taken", "That key is another person's", why="A signature says who signed."
                )
            keys = [*(k for k in rows.get(name, {}).get("keys", []) if k != key), key]
            rows[name] = {
                "full_name": full,
                "email": f"{name}@acme.test",
                "role": role,
                "trusted": trusted,
                "keys": keys,
                "token": _digest(token),
            }
            write_private(self._file, json.dumps(rows, indent=1, sort_keys=True).encode())
            self._write_signers(rows)
        return _person(name, rows[name]), token

    def _write_signers(self, rows: dict[str, dict[str, Any]]) -> None:
        lines = [
            AllowedSigner(row["email"], key, 'namespaces="git"').line() + "\n"
            for _, row in sorted(rows.items())
            if row["trusted"]
            for key in row["keys"]
        ]
        write_private(self.signers, "".join(lines).encode())


def to_dict(person: Person) -> dict[str, Any]:
    """Return a person as JSON-ready data."""
    return asdict(person)


def _person(name: str, row: dict[str, Any]) -> Person:
    print_ = fingerprint(row["keys"][-1])
    return Person(name, row["full_name"], row["email"], row["role"], row["trusted"], print_)


def _key(text: object) -> str:
    try:
        key = " ".join(str(text).split()[:2])
        if fingerprint(key) and key.startswith("ssh-ed25519 "):
            return key
    except (BadInput, UnicodeError):
        pass
    raise RequestRefused(
        400, "bad-key", "That is not a public key", why="Expected: ssh-ed25519 AAAA...", next="Read the .pub."
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
