"""What evidence is made of: controls, claims, and a verifier's verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from helpers.compliance.evidence.period import Period, time_text
from helpers.core.display import Displayed
from helpers.core.errors import BadInput, CourseError

#: What the pack's attestation states.
PACK_TYPE = "https://acme.test/evidence-pack/v2"
#: Kinds of statements about an artifact -> what cosign calls them.
ATTESTATIONS: Mapping[str, str] = {
    "sbom": "https://cyclonedx.org/bom",
    "provenance": "https://slsa.dev/provenance/v1",
}
#: How an artifact of a pack may be named: no name that looks like another, or that a reader cuts short.
ARTIFACT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Files of a pack; `FILES` is what its attestation is about.
FILES, STATEMENT, CONTROLS = "SHA256SUMS", "pack.attestation.json", "controls.yaml"
#: What can be wrong with a pack, besides what cosign (``statement-...``, ``signature-...``, ``sbom-...``,
#: ``provenance-...``) and the log's verifier (``audit-...``) find.
FINDINGS = (
    "changed-file",
    "missing-file",
    "unknown-file",
    "too-large",
    "swapped-keys",
    "downgraded-policy",
    "wrong-claim",
    "future-date",
    "wrong-date",
    "stale-trail",
    "other-period",
    "unknown",
)


class EvidenceError(CourseError):
    """Base of the errors of this package."""


class BadControls(BadInput):
    """The list of controls is not valid."""


class BadEvidence(BadInput):
    """An artifact or a statement cannot go into a pack as it is."""


@dataclass(frozen=True)
class Requirement:
    """One thing that a control asks for; see ``iac/compliance/controls.yaml``.

    Attributes:
        action, decisions: of events that answer it; or
        artifact: ``signature``, ``sbom`` or ``provenance``; or
        profile, subject, checks: the last recorded run of that profile of controls on that subject, in which each of
            these controls passed, or is waived with a reason and an end.
        digests: of the profile, as engines write them into reports; empty for any of that name.
        for_each: asked once for every accepted event of this action.
    """

    name: str
    action: str = ""
    decisions: tuple[str, ...] = ()
    artifact: str = ""
    profile: str = ""
    subject: str = ""
    checks: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    for_each: str = ""
    order: Literal["before", "after"] = "before"
    other_actor: bool = False
    may_be_none: bool = False


@dataclass(frozen=True)
class Control:
    """A control of a framework, and what answers it."""

    id: str
    title: str
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True)
class Artifact:
    """An artifact in a pack.

    Attributes:
        name: of its file below ``artifacts/``.
        digest: SHA-256, hex.
        signer: fingerprint of the key that signed it; empty when nobody did.
        attestations: kinds of signed statements about it.
    """

    name: str
    digest: str
    signer: str = ""
    attestations: tuple[str, ...] = ()

    def has(self, kind: str) -> bool:
        """Is there a signature (``signature``) or a statement of a kind?"""
        return bool(self.signer) if kind == "signature" else kind in self.attestations


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence for one requirement.

    Attributes:
        control, requirement: what it answers.
        at: UTC, RFC 3339. digest: of the artifact or commit, hex. signer: key id or fingerprint.
        keep_until: end of its retention.
        index, previous: place in the audit trail and leaf hash of the event before; None and empty for an artifact.
        source: the file of the pack it is in.
    """

    control: str
    requirement: str
    at: str
    digest: str
    signer: str
    keep_until: str
    source: str
    index: int | None = None
    previous: str = ""


@dataclass(frozen=True)
class Coverage:
    """How well one control is answered. *gaps* says what is missing, a sentence each."""

    control: Control
    evidence: tuple[Evidence, ...]
    gaps: tuple[str, ...]

    @property
    def covered(self) -> bool:
        """Nothing is missing."""
        return not self.gaps

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data, as the pack's statement has it."""
        one = self.control
        rows = [asdict(row) for row in self.evidence]
        return {"id": one.id, "title": one.title, "covered": self.covered, "gaps": list(self.gaps), "evidence": rows}


@dataclass(frozen=True)
class PackFinding:
    """One thing that is wrong with a pack.

    Attributes:
        kind: one of `FINDINGS` (``unknown``: could not tell), or ``statement-...``, ``signature-...``, ``sbom-...``,
            ``provenance-...`` with cosign's cause, or ``audit-...`` with the log verifier's kind.
        where: file, control or entry. message: what was found.
    """

    kind: str
    where: str
    message: str


@dataclass(frozen=True)
class PackVerification(Displayed):
    """A verifier's answer about a pack.

    Attributes:
        status: ``valid``, ``invalid`` or ``unknown`` (could not tell).
        findings: what is wrong. coverage: what the evidence, once verified, answers; empty when it is not valid.
        checked: what was verified, in words. not_checked: what this answer leaves open.
        period: what the coverage is about. sealed_at: the signed time of the pack. Both None when it is not valid.
    """

    status: Literal["valid", "invalid", "unknown"]
    findings: tuple[PackFinding, ...]
    coverage: tuple[Coverage, ...] = ()
    checked: tuple[str, ...] = field(default=())
    not_checked: tuple[str, ...] = field(default=())
    period: Period | None = None
    sealed_at: datetime | None = None

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, 3 could not tell."""
        return {"valid": 0, "invalid": 1, "unknown": 3}[self.status]

    def __bool__(self) -> bool:
        return self.status == "valid"

    def __repr__(self) -> str:
        named = ", ".join(f"{one.kind} {one.where}" for one in self.findings[:5])
        covered = sum(one.covered for one in self.coverage)
        said = f"{covered} of {len(self.coverage)} controls covered" if self.coverage else "no coverage"
        return f"PackVerification({self.status}: {named or said})"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {
            "status": self.status,
            "findings": [asdict(one) for one in self.findings],
            "controls": [one.to_dict() for one in self.coverage],
            "checked": list(self.checked),
            "notChecked": list(self.not_checked),
            "period": self.period.to_dict() if self.period else None,
            "sealedAt": time_text(self.sealed_at) if self.sealed_at else None,
        }

    def text(self) -> str:
        """Return it for a person at a terminal."""
        lines = [
            f"{self.status}: "
            + {
                "valid": "every file, signature, statement, event and claim is verified with the keys.",
                "invalid": "do not rely on it.",
                "unknown": "the verification is inconclusive; do not rely on it.",
            }[self.status]
        ]
        lines += [f"  {one.kind:20} {one.where}: {one.message}" for one in self.findings]
        if self.period and self.sealed_at:
            lines.append(f"  period {self.period}, sealed at {time_text(self.sealed_at)} by the timestamp authority")
        lines += [f"  not checked: {one}" for one in self.not_checked]
        for one in self.coverage:
            mark = "covered" if one.covered else "gap"
            lines.append(f"  {one.control.id:7} {mark:8} {one.control.title} ({len(one.evidence)} pieces of evidence)")
            lines += [f"{'':18}{gap}" for gap in one.gaps]
        return "\n".join(lines)
