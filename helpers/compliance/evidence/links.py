"""What else is asked about an artifact: the state of its keys, who may sign it, what its parts are, and its past."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from helpers.compliance.provenance import SBOM_TYPES
from helpers.core.errors import CourseError
from helpers.wrappers.cosign import (
    Bundle,
    CannotVerify,
    Cosign,
    Keyless,
    Keyring,
    MalformedBundle,
    NotAllowed,
    SignerPolicy,
    Verified,
)
from helpers.wrappers.policy import PolicyReport
from helpers.wrappers.sbom import Sbom

#: Asks a policy about a document.
Policy = Callable[[Mapping[str, Any]], PolicyReport]


def of_keyring(path: Path, signature: Path, sbom: Path, keyring: Keyring | None, roots: Path | None) -> dict[str, Any]:
    """Return whether the keys of signature and SBOM counted when they signed, by the signed time of each."""
    if keyring is None or roots is None:
        return _said("unknown", "No keyring was asked.")
    cosign, believed, kind = Cosign(path.parent), roots.absolute(), _type(sbom)
    if kind not in SBOM_TYPES.values():
        return _said("refused", f"SBOM: {sbom.name} is not a statement on parts.")
    try:
        answers = {
            "signature": keyring.verify_blob(cosign, path.name, roots=believed, bundle=signature.absolute()),
            "SBOM": keyring.verify_blob_attestation(
                cosign, path.name, type=kind, roots=believed, bundle=sbom.absolute()
            ),
        }
    except CannotVerify as error:
        return _said("unknown", f"{error.what}. {error.why}".strip())
    for what, answer in answers.items():
        if not isinstance(answer, Verified):
            return _said("refused", f"{what}: {answer.reason.splitlines()[0]}")
    return _said("verified")


def _type(bundle: Path) -> str:
    try:
        return Bundle.read(bundle).predicate_type
    except MalformedBundle:
        return ""


def of_rules(path: Path, rules: SignerPolicy | None, known_as: str, roots: Path | None) -> dict[str, Any]:
    """Return whether an identity that the signer rules allow signed ``FILE.keyless.json``."""
    if rules is None or roots is None:
        return {**_said("unknown", "No signer rules were asked."), "signer": ""}
    bundle = path.with_name(f"{path.name}.keyless.json")
    try:
        claimed = Bundle.read(bundle).identity
        rules.require(Keyless(path.parent), known_as, path.name, bundle=bundle.absolute(), roots=roots.absolute())
    except CannotVerify as error:
        return {**_said("unknown", f"{error.what}. {error.why}".strip()), "signer": ""}
    except (NotAllowed, MalformedBundle) as error:
        return {**_said("refused", f"{error.what}. {error.why}".strip()), "signer": ""}
    return {**_said("verified"), "signer": claimed}


def of_policy(bill: Sbom | None, ask: Policy | None) -> dict[str, Any]:
    """Return what a policy says of a bill of materials.

    Args:
        bill: as it was verified, None when it was not. ask: the policy, None when none is to be asked.
    """
    if ask is None:
        return _said("unknown", "No policy was asked about its parts.")
    if bill is None:
        return _said("unknown", "There is no verified bill of materials to ask about.")
    try:
        report = ask(bill.raw)
    except CourseError as error:
        return _said("unknown", f"{error.what}. {error.why}".strip()[:500])
    return _said("verified") if report.passed else _said("refused", "; ".join(one.msg for one in report.failures)[:500])


def _said(status: str, why: str = "") -> dict[str, Any]:
    return {"status": status, "why": why}
