"""What a certificate claims, and a verifier's verdict on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

#: Names of files in an issuer's directory; the first three are for everybody, the last two for the issuer alone.
KEY, STATUS, SCHEMA = "issuer.pub", "status.jwt", "schema.json"
PRIVATE, REGISTER = "issuer.key", "issued.json"

Kind = Literal[
    "form",
    "algorithm",
    "embedded-key",
    "other-issuer",
    "signature",
    "future-date",
    "expired",
    "below-mark",
    "other-learner",
    "not-held",
    "revoked",
    "unknown",
]


@dataclass(frozen=True)
class Claim:
    """One competency that a certificate states.

    Attributes:
        competency: its id. level: such as ``expert``. text: what it is about.
        points, max_points, needed: of its graded evidence, and from how many the level is reached.
        judged: ``apart``, or ``together``: in the learner's kernel, where points can be forged.
    """

    competency: str
    level: str
    text: str
    points: float
    max_points: float
    needed: float
    judged: Literal["apart", "together"]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a certificate, or (``unknown``) that could not be told."""

    kind: Kind
    message: str


@dataclass(frozen=True)
class CertificateVerification:
    """A verifier's verdict on a certificate.

    Attributes:
        status: ``valid``, ``invalid`` or ``unknown`` (could not tell).
        faults: why not. document: what the issuer signed; empty unless the signature is the issuer's.
    """

    status: Literal["valid", "invalid", "unknown"]
    faults: tuple[Fault, ...]
    document: dict[str, Any]

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, 3 could not tell."""
        return {"valid": 0, "invalid": 1, "unknown": 3}[self.status]

    def __bool__(self) -> bool:
        return self.status == "valid"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)

    def text(self) -> str:
        """Return it for a person at a terminal."""
        said = {
            "valid": "the issuer signed it, it is in force, and it is not revoked.",
            "invalid": "do not rely on it.",
            "unknown": "the verification is inconclusive; do not rely on it.",
        }
        lines = [f"{self.status}: {said[self.status]}"]
        lines += [f"  {one.kind:14} {one.message}" for one in self.faults]
        if self.status == "valid":
            lines += _about(self.document)
        return "\n".join(lines)


def _about(document: dict[str, Any]) -> list[str]:
    subject = document["credentialSubject"]
    results = {one["resultDescription"]: one["value"] for one in subject["result"]}
    lines = [
        f"  learner        {subject['identifier'][0]['identityHash']}",
        f"  achievement    {subject['achievement']['name']}",
        f"  in force       {document['validFrom']} to {document['validUntil']}",
        f"  id             {document['id']}",
    ]
    for one in subject["achievement"]["resultDescription"]:
        lines.append(
            f"  {one['name']}: {results[one['id']]} of {one['valueMax']} points, {one['requiredValue']} needed"
        )
    return lines + [f"  {one['name']}: {one['narrative']}" for one in document["evidence"]]


def stamp(moment: datetime) -> str:
    """Return a time as a certificate has it: UTC, RFC 3339, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(stamped: str) -> datetime:
    """Return the time that `stamp` wrote. Raises ValueError: there is no such day."""
    return datetime.strptime(stamped, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
