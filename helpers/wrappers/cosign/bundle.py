"""What cosign writes: key pairs and bundles.

Source: the Sigstore bundle format (``application/vnd.dev.sigstore.bundle.v0.3+json``) and the in-toto statement.
What is read here is not verified: it explains, it never decides.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from helpers.core.display import Displayed
from helpers.core.errors import CourseError
from helpers.wrappers.base import StrPath


class MalformedBundle(CourseError):
    """A file is not a Sigstore bundle."""

    code = "malformed-bundle"


@dataclass(frozen=True)
class KeyPair:
    """A key pair on disk; the private key is encrypted with the password.

    Attributes:
        fingerprint: SHA-256 of the public key (its DER form), base64: the ``hint`` of bundles.
    """

    private: Path
    public: Path
    fingerprint: str

    def __repr__(self) -> str:
        return f"KeyPair({self.public.name}, fingerprint={self.fingerprint[:12]}...)"


#: What a signature is made or verified with: a pair, or the path of the key in question.
Key = KeyPair | StrPath


def fingerprint(pem: bytes) -> str:
    """Return the fingerprint of a public key in PEM form, or an empty string when it is none."""
    try:
        lines = [line.strip() for line in pem.decode("ascii").splitlines()]
        start, end = lines.index("-----BEGIN PUBLIC KEY-----"), lines.index("-----END PUBLIC KEY-----")
        der = base64.b64decode("".join(lines[start + 1 : end]), validate=True)
    except (ValueError, binascii.Error):
        return ""
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


@dataclass(frozen=True)
class Bundle(Displayed):
    """A Sigstore bundle: one signature with what is needed to verify it.

    Attributes:
        path: the file, None when it was read from memory.
        media_type: with the version of the format.
        kind: ``signature`` of a file, or ``attestation`` (a signed statement about it).
        digest: SHA-256 of what was signed, hex; of an attestation, of its first subject.
        signed: a signature is there (whether it is valid is not known from the bundle).
        tlog_entries: number of transparency log entries; 0 with a private key and no log.
        timestamps: number of signed timestamps.
        hint: fingerprint of the key that signed, empty for a certificate.
        certificate: DER form of the signing certificate of a keyless signature.
        predicate_type: of an attestation.
        statement: the in-toto statement of an attestation.
        stamps: the signed timestamps (RFC 3161 responses).
        content: the bundle as it was read.
    """

    path: Path | None
    media_type: str
    kind: Literal["signature", "attestation"]
    digest: str
    signed: bool
    tlog_entries: int = 0
    timestamps: int = 0
    hint: str = ""
    certificate: bytes | None = field(default=None, repr=False)
    predicate_type: str = ""
    statement: Mapping[str, Any] = field(default_factory=dict, repr=False)
    stamps: tuple[bytes, ...] = field(default=(), repr=False)
    content: bytes = field(default=b"", repr=False)

    @classmethod
    def read(cls, path: Path) -> Bundle:
        """Return the bundle in a file.

        Raises:
            MalformedBundle: the file is missing or holds no bundle.
        """
        try:
            return cls.parse(path.read_bytes(), path)
        except OSError as error:
            raise MalformedBundle(
                f"There is no bundle at {path.name}", why=error.strerror or str(error), next="Sign first."
            ) from None

    @classmethod
    def parse(cls, content: bytes, path: Path | None = None) -> Bundle:
        """Return the bundle in *content*.

        Raises:
            MalformedBundle: it is none.
        """
        try:
            return replace(_parse(json.loads(content), path), content=content)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            name = path.name if path else "The text"
            raise MalformedBundle(
                f"{name} is not a Sigstore bundle", why=f"{type(error).__name__}: {error}", next="Sign again."
            ) from None

    @property
    def identity(self) -> str:
        """The identity in the certificate (mail address or URI); empty for a signature made with a key."""
        told = _certificate(self.certificate)
        return told[0] if told else ""

    @property
    def validity(self) -> tuple[dt.datetime, dt.datetime] | None:
        """When the certificate begins and ends (UTC); None without one that can be read."""
        told = _certificate(self.certificate)
        return told[1:] if told else None

    @property
    def predicate(self) -> Any:
        """The predicate of an attestation, None for a signature."""
        return self.statement.get("predicate")

    def __repr__(self) -> str:
        who = self.identity or (f"key {self.hint[:12]}..." if self.hint else "unknown signer")
        return f"Bundle({self.kind} of sha256:{self.digest[:12]}..., {who}, {self.tlog_entries} log entries)"


def _certificate(der: bytes | None) -> tuple[str, dt.datetime, dt.datetime] | None:
    """Return who a certificate names (empty for nobody), when it begins and ends; None when it cannot be read."""
    if der is None:
        return None
    from cryptography import x509  # slow to load (0.2 s)

    try:
        found = x509.load_der_x509_certificate(der)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return "", found.not_valid_before_utc, found.not_valid_after_utc
    except ValueError:
        return None
    who = [*names.get_values_for_type(x509.RFC822Name), *names.get_values_for_type(x509.UniformResourceIdentifier)]
    return str(who[0]) if who else "", found.not_valid_before_utc, found.not_valid_after_utc


def _parse(raw: Any, path: Path | None) -> Bundle:
    if "base64Signature" in raw or "mediaType" not in raw:
        raise ValueError("it is not in Sigstore's bundle format; older versions of cosign wrote one of their own")
    media_type = raw["mediaType"]
    if not isinstance(media_type, str) or "sigstore.bundle" not in media_type:
        raise ValueError("mediaType does not name a Sigstore bundle")
    material = raw.get("verificationMaterial") or {}
    hint = (material.get("publicKey") or {}).get("hint") or ""
    stamps = (material.get("timestampVerificationData") or {}).get("rfc3161Timestamps") or ()
    chain = (material.get("x509CertificateChain") or {}).get("certificates") or ()
    certificate = material.get("certificate") or (chain[0] if chain else {})
    shared: dict[str, Any] = {
        "path": path,
        "media_type": media_type,
        "tlog_entries": len(material.get("tlogEntries") or ()),
        "timestamps": len(stamps),
        "stamps": tuple(base64.b64decode(stamp["signedTimestamp"], validate=True) for stamp in stamps),
        "hint": str(hint),
        "certificate": base64.b64decode(certificate["rawBytes"], validate=True) if certificate else None,
    }
    if signature := raw.get("messageSignature"):
        digest = base64.b64decode(signature["messageDigest"]["digest"], validate=True).hex()
        return Bundle(kind="signature", digest=digest, signed=bool(signature["signature"]), **shared)
    envelope = raw["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope["payload"], validate=True))
    return Bundle(
        kind="attestation",
        digest=str(statement["subject"][0]["digest"]["sha256"]),
        signed=any(item["sig"] for item in envelope["signatures"]),
        predicate_type=str(statement["predicateType"]),
        statement=statement,
        **shared,
    )
