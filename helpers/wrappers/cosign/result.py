"""The answers of a verification: `Verified`, or `Refused` with its cause. No answer at all is an error."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from helpers.core.display import Displayed
from helpers.wrappers.base import ToolFailed


class CosignError(ToolFailed):
    """cosign could not do what it was asked for."""

    code = "cosign-failed"


class CannotVerify(CosignError):
    """There is no answer: the tool, a key, a file or the registry is missing. Neither a pass nor a refusal."""

    code = "cannot-verify"


class Cause(enum.StrEnum):
    """Why a signature is refused."""

    TAMPERED = "tampered"
    """The content is not what was signed."""
    WRONG_KEY = "wrong-key"
    """Another key signed it."""
    BAD_SIGNATURE = "bad-signature"
    """The bundle names this key and this content, but its signature is not theirs: the bundle was changed."""
    NO_SIGNATURE = "no-signature"
    """There is no bundle, or the image has no signature."""
    MALFORMED_BUNDLE = "malformed-bundle"
    """The bundle cannot be read."""
    WRONG_TYPE = "wrong-type"
    """It is signed, but as something else: another predicate type, or an attestation instead of a signature."""
    WRONG_ANNOTATION = "wrong-annotation"
    """The image is signed without the annotation that is asked for."""
    WRONG_IDENTITY = "wrong-identity"
    """The certificate names somebody else than the identity that is asked for."""
    WRONG_ISSUER = "wrong-issuer"
    """Another issuer than the one that is asked for vouched for the signer."""
    UNTRUSTED_CERTIFICATE = "untrusted-certificate"
    """No trusted authority issued the certificate, or it was changed."""
    EXPIRED_CERTIFICATE = "expired-certificate"
    """By its dates the certificate was not valid at the signed time: it had ended, or had not begun."""
    NO_TIMESTAMP = "no-timestamp"
    """The bundle has no signed time, so whether the certificate was valid is unknown."""
    BAD_TIMESTAMP = "bad-timestamp"
    """The signed time is not of a trusted authority, or is of another signature."""
    KEY_REVOKED = "key-revoked"
    """The key was revoked when it signed."""
    KEY_COMPROMISED = "key-compromised"
    """Somebody else may have the key: nothing it signed counts."""
    KEY_NOT_YET_VALID = "key-not-yet-valid"
    """The key signed before it was to be used."""
    COULD_NOT_TELL = "could-not-tell"
    """cosign refused it, and the bundle does not say enough to know why."""


#: What verifying with a key and no log, clock or identity provider leaves open.
NOT_CHECKED = (
    "when it was signed: no transparency log and no timestamp were asked",
    "who holds the key: it is trusted as given",
)
#: What a signed time and no log leave open.
NOT_CHECKED_STAMPED = ("that the signature is in a transparency log: its owner may not learn of it", NOT_CHECKED[1])


@dataclass(frozen=True)
class Verified(Displayed):
    """Every check that was made passed.

    Attributes:
        subject: what was verified: a file, or an image with its digest.
        digest: SHA-256 of it, ``sha256:...``.
        key: who signed: fingerprint of the public key it was verified with, or the identity of a keyless signature.
        checked: what was checked, in words.
        not_checked: what was not, in words.
        predicate_type: of an attestation.
        predicates: of attestations of that type: the signed statements' contents.
        statement: of an attestation of a file: the whole in-toto statement, as it was verified.
        annotations: of an image signature.
        signed_at: the time (UTC, whole seconds) that a trusted authority signed; None when none was asked for.
    """

    verified: ClassVar[Literal[True]] = True
    reason: ClassVar[str] = ""

    subject: str
    digest: str
    key: str
    checked: tuple[str, ...]
    not_checked: tuple[str, ...] = NOT_CHECKED
    predicate_type: str = ""
    predicates: tuple[Any, ...] = field(default=(), repr=False)
    annotations: Mapping[str, str] = field(default_factory=dict)
    signed_at: dt.datetime | None = None
    statement: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def predicate(self) -> Any:
        """The (first) predicate of an attestation, None for a signature."""
        return self.predicates[0] if self.predicates else None

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"Verified({self.subject}, {self.digest[:19]}..., key={self.key[:12]}...)"


@dataclass(frozen=True)
class Refused(Displayed):
    """cosign says no, or there is nothing it could say yes to.

    Attributes:
        cause: why, in one word. reason: why, in a sentence with cosign's own words.
    """

    verified: ClassVar[Literal[False]] = False

    subject: str
    cause: Cause
    reason: str
    key: str = ""
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = NOT_CHECKED

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"Refused({self.subject}, {self.cause.value}: {self.reason.splitlines()[0]})"


Verification = Verified | Refused
