"""Who issues certificates: a key, a register of what was issued, and the list of what was revoked."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from filelock import FileLock
from joserfc.jwk import OKPKey

from helpers.compliance.certificates import document, envelope
from helpers.compliance.certificates.types import KEY, PRIVATE, REGISTER, STATUS, Claim, stamp
from helpers.core.errors import BadInput
from helpers.core.files import new_directory, write_atomic, write_private

#: How long a certificate and a status list are in force, unless said otherwise.
CERTIFICATE_DAYS, LIST_DAYS = 3 * 365, 30


class NoIssuer(BadInput):
    """A directory is not an issuer's, or its key does not open."""

    code = "no-issuer"


class NotFit(BadInput):
    """A certificate cannot hold what it would state."""

    code = "not-fit"


class NoSuchCertificate(BadInput):
    """The issuer's register has no such certificate."""

    code = "no-such-certificate"


@dataclass(frozen=True)
class Issued:
    """A line of the register.

    Attributes:
        id: URI of the certificate. learner: whose it is. place: in the status list.
        issued, until: from when to when it is in force. revoked: when it was; empty when it was not. reason: why.
    """

    id: str
    learner: str
    place: int
    issued: str
    until: str
    revoked: str = ""
    reason: str = ""


class Issuer:
    """An issuer's directory.

    ``issuer.pub`` and ``status.jwt`` are for all who verify; ``issuer.key`` and ``issued.json`` for nobody else.

    Args:
        directory: it. password: of its private key. name, email: of the issuer, as certificates have them.
    """

    def __init__(self, directory: Path, password: str, *, name: str, email: str) -> None:
        _text("The issuer's name", name)
        _text("The issuer's address", email)
        self.directory = directory
        self._key = _private(directory / PRIVATE, password)
        self._who = {"id": envelope.name_of(self._key), "name": name, "email": email}

    @classmethod
    def make(cls, directory: Path, password: str, *, name: str, email: str) -> Issuer:
        """Make a new issuer: a key pair and an empty list of what was revoked.

        Raises:
            NoIssuer: the directory is there already, or the password is empty.
        """
        _text("The issuer's name", name)
        _text("The issuer's address", email)
        if not password:
            raise NoIssuer(
                "The issuer's key has no password", next="CERTIFICATE_PASSWORD=... course certificate keys DIR"
            )
        key = Ed25519PrivateKey.generate()
        closed = serialization.BestAvailableEncryption(password.encode())
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        try:
            with new_directory(directory) as new:
                write_private(new / PRIVATE, key.private_bytes(pem, pkcs8, closed))
                spki = serialization.PublicFormat.SubjectPublicKeyInfo
                write_atomic(new / KEY, key.public_key().public_bytes(pem, spki))
                write_private(new / REGISTER, "[]\n")
                cls(new, password, name=name, email=email).renew()
        except FileExistsError as error:
            raise NoIssuer(
                f"{directory.name} is there already", why="A key is never written over.", next="Choose another name."
            ) from error
        return cls(directory, password, name=name, email=email)

    def issue(
        self, learner: str, claims: Sequence[Claim], *, days: int = CERTIFICATE_DAYS, now: datetime | None = None
    ) -> tuple[Issued, str]:
        """Issue a certificate of what *claims* say; return its line in the register, and its text.

        Raises:
            NotFit: the learner's name, the issuer's or a claim is longer than a certificate holds; nothing was issued.
        """
        _text("The learner's name", learner)
        now = now or datetime.now(UTC)
        until = now + timedelta(days=days)
        with self._locked():
            lines = self.register()
            taken = {line.place for line in lines}
            # Not in order: a place would say who was before whom.
            place = next(n for n in iter(lambda: secrets.randbelow(document.PLACES), None) if n not in taken)
            line = Issued(f"urn:uuid:{uuid.uuid4()}", learner, place, stamp(now), stamp(until))
            credential = document.achievement(
                self._who, learner, claims, identity=line.id, place=place, times=(now, until)
            )
            try:
                document.fits(credential, "certificate")
            except envelope.NotGenuine as error:
                raise NotFit("The certificate was not issued", why=str(error), next="Shorten what it names.") from None
            self._write([*lines, line], now)
        return line, envelope.sign(credential, self._key)

    def revoke(self, identity: str, reason: str, *, now: datetime | None = None) -> Issued:
        """Revoke a certificate for good, and sign a new list.

        Raises:
            NoSuchCertificate: the register has none of that id.
        """
        now = now or datetime.now(UTC)
        with self._locked():
            lines = self.register()
            line = next((line for line in lines if line.id == identity), None)
            if line is None:
                raise NoSuchCertificate(
                    f"No certificate {identity} was issued",
                    why=f"The register has {len(lines)}.",
                    next="course certificate verify FILE --issuer KEY   # shows a certificate's id",
                )
            new = line if line.revoked else replace(line, revoked=stamp(now), reason=reason)
            self._write([new if one is line else one for one in lines], now)
        return new

    def renew(self, *, days: int = LIST_DAYS, now: datetime | None = None) -> None:
        """Sign the list of what was revoked anew, before the last one ends."""
        with self._locked():
            self._write(self.register(), now or datetime.now(UTC), days)

    def register(self) -> list[Issued]:
        """Return what was issued, in order."""
        return [Issued(**line) for line in json.loads((self.directory / REGISTER).read_text(encoding="utf-8"))]

    def _write(self, lines: list[Issued], now: datetime, days: int = LIST_DAYS) -> None:
        # The register first: a list can be made from it again.
        write_private(self.directory / REGISTER, json.dumps([asdict(line) for line in lines], indent=1) + "\n")
        revoked = [line.place for line in lines if line.revoked]
        listed = document.status_list(self._who, revoked, (now, now + timedelta(days=days)))
        write_atomic(self.directory / STATUS, envelope.sign(listed, self._key))

    def _locked(self) -> Any:
        return FileLock(self.directory / ".lock")


def _text(what: str, text: str) -> None:
    """Raise `NotFit` unless a certificate can hold a text."""
    if not text or len(text) > document.TEXT:
        why = f"It has {len(text)} characters; a certificate holds 1 to {document.TEXT}."
        raise NotFit(f"{what} does not fit into a certificate", why=why, next="Name it otherwise.")


def _private(path: Path, password: str) -> OKPKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password.encode())
    except FileNotFoundError as error:
        raise NoIssuer(
            f"{path.parent.name} is not an issuer's directory",
            why=f"It has no {PRIVATE}.",
            next=f"course certificate keys {path.parent.name}",
        ) from error
    except (ValueError, TypeError) as error:
        raise NoIssuer("The issuer's key does not open", why="The password is not its own.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise NoIssuer("The issuer's key is of another kind", why="Certificates are signed by Ed25519.")
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return OKPKey.import_key(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))


__all__ = ["CERTIFICATE_DAYS", "LIST_DAYS", "Issued", "Issuer", "NoIssuer", "NoSuchCertificate", "NotFit"]
