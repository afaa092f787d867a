"""Facts about an artifact for a policy to judge: what the verifiers said, and nothing that was merely claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.compliance.audit import AuditError, Entry, Subject, Trail, unfinished
from helpers.compliance.evidence import links
from helpers.compliance.evidence.builders import Builder
from helpers.compliance.evidence.links import Policy
from helpers.compliance.evidence.predicates import Origin
from helpers.compliance.evidence.statements import Read
from helpers.compliance.evidence.statements import read as read_statement
from helpers.core.errors import BadInput
from helpers.wrappers.cosign import Bundle, CannotVerify, Cosign, Keyring, MalformedBundle, SignerPolicy, Verified
from helpers.wrappers.cosign.bundle import fingerprint
from helpers.wrappers.sbom import Sbom


def facts(
    artifact: Path | str,
    *,
    signers: Mapping[str, Path],
    trail: Trail | None = None,
    signature: Path | None = None,
    sbom: Path | None = None,
    provenance: Path | None = None,
    builders: Sequence[Builder] = (),
    keyring: Keyring | None = None,
    roots: Path | None = None,
    rules: SignerPolicy | None = None,
    known_as: str = "",
    policy: Policy | None = None,
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
        builders: who may state where it comes from, each with a key of its own. Without one no provenance counts: a
            release key says who releases, not who built.
        keyring, roots: what happened to the keys, and the trusted root of the authority that signs times. With both
            signature and SBOM count only if they were made, by their signed time, while their keys counted.
        rules, known_as: who may sign, by identity, what the rules call *known_as*; needs roots. Asked about
            ``FILE.keyless.json``.
        policy: asks a policy about the bill of materials that was verified.

    Returns:
        ``artifact`` (name, digest), ``signature`` (signer), ``sbom`` (signer; components, how many), ``provenance``
        (signer: id of the builder whose key it is; builder, buildType, materials), ``keyring``, ``identity`` (signer)
        and ``policy``, ``unknown`` when they were not asked; and ``trail`` (planned_by, approved_by, refused_by:
        accounts; unfinished: each change by it that began and has no end, or ended without an intent).

    Raises:
        BadInput: a keyring without roots, roots without a keyring, or rules without either.
    """
    if (keyring is None) != (roots is None):
        raise BadInput(
            "A keyring and the trusted root go together",
            why="The state of a key is judged by the signed time, which the root verifies.",
            next='facts(..., keyring=ring, roots=cosign.trusted_root("roots.json"))',
        )
    if rules is not None and (roots is None or not known_as):
        raise BadInput(
            "Signer rules need the trusted root, and what they call the artifact",
            why="An identity is judged by its certificate, and a rule by the name that it has for what is signed.",
            next='facts(..., rules=rules, known_as="modules/NAME", keyring=ring, roots=roots)',
        )
    path = Path(artifact)
    subject = Subject.of(path.name, path)
    bundles = {
        kind: given or path.with_name(f"{path.name}.{suffix}.json")
        for kind, given, suffix in (
            ("signature", signature, "sigstore"),
            ("sbom", sbom, "sbom"),
            ("provenance", provenance, "provenance"),
        )
    }
    found: dict[str, Any] = {"artifact": {"name": subject.name, "digest": subject.digest}}
    said: dict[str, object] = {}
    for kind, bundle in bundles.items():
        found[kind], said[kind] = _verified(path, kind, bundle, signers, builders, subject.digest)
    found["keyring"] = links.of_keyring(path, bundles["signature"], bundles["sbom"], keyring, roots)
    if keyring is not None and roots is not None and found["signature"]["status"] == "verified":
        found["signature"] |= _in_time(path, bundles["signature"], keyring, roots)
    found["identity"] = links.of_rules(path, rules, known_as, roots)
    bill = said["sbom"]
    found["policy"] = links.of_policy(bill if isinstance(bill, Sbom) else None, policy)
    found["trail"] = _said(trail or Trail(), subject)
    return found


def _verified(
    path: Path, kind: str, bundle: Path, signers: Mapping[str, Path], builders: Sequence[Builder], digest: str
) -> tuple[dict[str, Any], object]:
    """Return what was found of a part, and what it says if it is verified."""
    if not bundle.is_file():
        return _answer("refused", "", f"There is no {bundle.name}.")
    try:
        hint = Bundle.read(bundle).hint
    except MalformedBundle as error:
        return _answer("refused", "", f"{error.what}. {error.why}".strip())
    cosign = Cosign(path.parent)
    if kind == "provenance":
        found = read_statement(cosign, path.name, kind, bundle=bundle, digest=digest, signer=path, builders=builders)
        return _read(found, next((one.id for one in builders if one.fingerprint == hint), ""))
    name = next((name for name, key in signers.items() if key.is_file() and fingerprint(key.read_bytes()) == hint), "")
    if not name:
        return _answer("refused", "", "It was signed with an unknown key.")
    if kind == "sbom":
        key = signers[name]
        found = read_statement(cosign, path.name, kind, bundle=bundle, digest=digest, signer=key, builders=builders)
        return _read(found, name)
    try:
        answer = cosign.verify_blob(path.name, key=signers[name], bundle=bundle.absolute())
    except CannotVerify as error:
        return _answer("unknown", name, f"{error.what}. {error.why}".strip())
    if not isinstance(answer, Verified):
        return _answer("refused", name, answer.reason.splitlines()[0])
    return _answer("verified", name, "")


def _answer(status: str, signer: str, why: str, said: object = None, **more: object) -> tuple[dict[str, Any], object]:
    return {"status": status, "signer": signer, "why": why, **more}, said


def _read(found: Read, signer: str) -> tuple[dict[str, Any], object]:
    """Return what a policy asks of a statement that was looked at."""
    about: dict[str, Any] = {}
    if isinstance(found.said, Sbom):
        about = {"components": len(found.said.components)}
    elif isinstance(found.said, Origin):
        said = found.said
        about = {"builder": said.builder, "buildType": said.build_type, "materials": said.materials}
    return _answer(found.status, signer, found.why, found.said, **about)


def _in_time(path: Path, bundle: Path, keyring: Keyring, roots: Path) -> dict[str, Any]:
    """Return what changes of a verified signature once the state of its key and its signed time are looked at."""
    try:
        answer = keyring.verify_blob(Cosign(path.parent), path.name, roots=roots.absolute(), bundle=bundle.absolute())
    except CannotVerify as error:
        return {"status": "unknown", "why": f"{error.what}. {error.why}".strip()}
    return {} if isinstance(answer, Verified) else {"status": "refused", "why": answer.reason.splitlines()[0]}


def _said(trail: Trail, subject: Subject) -> dict[str, Any]:
    """Return who said what about the artifact in a trail that verifies."""
    nobody: dict[str, Any] = {"planned_by": [], "approved_by": [], "refused_by": []}
    # Not known is not none: without a list of what is unfinished no policy takes it for empty.
    try:
        # A log that does not answer may be about to lose what it recorded last.
        trail.checkpoint()
        verdict, known = trail.verified()
    except AuditError as error:
        return {"status": "unknown", "why": f"{error.what}. {error.why}".strip(), **nobody}
    if not verdict:
        status = "refused" if verdict.status == "invalid" else "unknown"
        return {"status": status, "why": "; ".join(one.message for one in verdict.findings)[:500], **nobody}

    entries = [one for one in known if _digest(one) == subject.digest]

    def actors(action: str, decision: str) -> list[str]:
        fits = (one.event for one in entries if one.event.action == action and one.event.decision == decision)
        return sorted({event.actor for event in fits})

    return {
        "status": "verified",
        "why": "",
        "planned_by": sorted({*actors("plan", "accepted"), *actors("sign", "accepted")}),
        "approved_by": actors("approval", "accepted"),
        "refused_by": actors("approval", "refused"),
        "unfinished": unfinished(entries),
    }


def _digest(entry: Entry) -> str:
    subject = entry.event.subject
    return subject.digest if isinstance(subject, Subject) else str(subject.get("digest", ""))
