"""Facts about an artifact for a policy to judge: what the verifiers said, and nothing that was merely claimed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.audit import AuditError, Entry, Subject, Trail
from helpers.cosign import Bundle, CannotVerify, Cosign, MalformedBundle, Verified
from helpers.cosign.bundle import fingerprint
from helpers.evidence.types import ATTESTATIONS


def facts(
    artifact: Path | str,
    *,
    signers: Mapping[str, Path],
    trail: Trail | None = None,
    signature: Path | None = None,
    sbom: Path | None = None,
    provenance: Path | None = None,
) -> dict[str, Any]:
    """Return what can be verified about an artifact, as the input of a policy.

    Every part has a ``status``: ``verified``, ``refused`` (it was looked at and is not right) or ``unknown`` (could not
    tell); ``why`` says more. A policy that lets ``unknown`` through lets through what nobody looked at.

    Args:
        artifact: its file. signers: name -> public key of those who are known; whether they may sign *this* is the
            policy's to say.
        trail: the audit trail; by default the platform's.
        signature, sbom, provenance: cosign's bundles; by default those beside the artifact, ``FILE.sigstore.json``,
            ``FILE.sbom.json`` and ``FILE.provenance.json``.

    Returns:
        ``artifact`` (name, digest), ``signature`` (signer), ``sbom`` (components, how many), ``provenance`` (builder)
        and ``trail`` (planned_by, approved_by, refused_by: accounts).
    """
    path = Path(artifact)
    subject = Subject.of(path.name, path)
    bundles = {"signature": signature, "sbom": sbom, "provenance": provenance}
    suffixes = {"signature": "sigstore", "sbom": "sbom", "provenance": "provenance"}
    found: dict[str, Any] = {"artifact": {"name": subject.name, "digest": subject.digest}}
    for kind, suffix in suffixes.items():
        bundle = bundles[kind] or path.with_name(f"{path.name}.{suffix}.json")
        found[kind] = _verified(path, kind, bundle, signers)
    found["trail"] = _said(trail or Trail(), subject)
    return found


def _verified(path: Path, kind: str, bundle: Path, signers: Mapping[str, Path]) -> dict[str, Any]:
    if not bundle.is_file():
        return {"status": "refused", "signer": "", "why": f"There is no {bundle.name}."}
    try:
        hint = Bundle.read(bundle).hint
    except MalformedBundle as error:
        return {"status": "refused", "signer": "", "why": f"{error.what}. {error.why}".strip()}
    name = next((name for name, key in signers.items() if key.is_file() and fingerprint(key.read_bytes()) == hint), "")
    if not name:
        return {"status": "refused", "signer": "", "why": "The key that signed it is nobody's we know."}
    cosign = Cosign(path.parent)
    try:
        if kind == "signature":
            answer = cosign.verify_blob(path.name, key=signers[name], bundle=bundle.absolute())
        else:
            kept = ATTESTATIONS[kind]
            answer = cosign.verify_blob_attestation(path.name, key=signers[name], type=kept, bundle=bundle.absolute())
    except CannotVerify as error:
        return {"status": "unknown", "signer": name, "why": f"{error.what}. {error.why}".strip()}
    if not isinstance(answer, Verified):
        return {"status": "refused", "signer": name, "why": answer.reason.splitlines()[0]}
    return {"status": "verified", "signer": name, "why": "", **_about(kind, answer.predicate)}


def _about(kind: str, predicate: Any) -> dict[str, Any]:
    """Return what a policy asks of a verified statement."""
    said = predicate if isinstance(predicate, dict) else {}
    if kind == "sbom":
        components = said.get("components")
        return {"components": len(components) if isinstance(components, list) else 0}
    if kind == "provenance":
        run = said.get("runDetails")
        builder = run.get("builder") if isinstance(run, dict) else None
        return {"builder": str(builder.get("id", "")) if isinstance(builder, dict) else ""}
    return {}


def _said(trail: Trail, subject: Subject) -> dict[str, Any]:
    """Return who said what about the artifact in a trail that verifies."""
    nobody: dict[str, Any] = {"planned_by": [], "approved_by": [], "refused_by": []}
    try:
        verdict = trail.verify()
        entries = [one for one in trail.entries() if _digest(one) == subject.digest]
    except AuditError as error:
        return {"status": "unknown", "why": f"{error.what}. {error.why}".strip(), **nobody}
    if not verdict:
        status = "refused" if verdict.status == "invalid" else "unknown"
        return {"status": status, "why": "; ".join(one.message for one in verdict.findings)[:500], **nobody}

    def actors(action: str, decision: str) -> list[str]:
        fits = (one.event for one in entries if one.event.action == action and one.event.decision == decision)
        return sorted({event.actor for event in fits})

    return {
        "status": "verified", "why": "",
        "planned_by": sorted({*actors("plan", "accepted"), *actors("sign", "accepted")}),
        "approved_by": actors("approval", "accepted"), "refused_by": actors("approval", "refused"),
    }  # fmt: skip


def _digest(entry: Entry) -> str:
    subject = entry.event.subject
    return subject.digest if isinstance(subject, Subject) else str(subject.get("digest", ""))
