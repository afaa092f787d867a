"""Verify one statement about an artifact, and read it: the answer is yes, no with a reason, or could not tell."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.compliance.evidence.builders import Builder
from helpers.compliance.evidence.predicates import Origin, Unreadable, origin, parts
from helpers.compliance.evidence.types import ATTESTATIONS
from helpers.compliance.provenance import SBOM_TYPES
from helpers.core import strict_json
from helpers.wrappers.cosign import Bundle, CannotVerify, Cosign, MalformedBundle, Refused
from helpers.wrappers.sbom import Sbom

#: The longest statement, in bytes.
_LIMIT = 64 << 20


@dataclass(frozen=True)
class Read:
    """A statement that was looked at.

    Attributes:
        status: ``verified`` (signed by whom it must be, and it says something), ``refused`` or ``unknown``.
        cause: short, stable name of what is wrong; empty when nothing is. why: the same in words.
        said: what it says, None unless it is verified.
    """

    status: Literal["verified", "refused", "unknown"]
    cause: str = ""
    why: str = ""
    said: Sbom | Origin | None = None


def read(
    cosign: Cosign,
    file: str,
    kind: str,
    *,
    bundle: Path,
    digest: str,
    signer: Path,
    builders: Sequence[Builder],
) -> Read:
    """Verify and read a statement.

    Args:
        file: the artifact, below cosign's directory. kind: ``sbom`` or ``provenance``. digest: of the file, hex.
        signer: key of who signed the artifact; a bill of materials must be signed with it too.
        builders: who may state an origin, each with a key of its own.
    """
    if kind not in ATTESTATIONS:
        return Read("refused", "unknown-kind", f"There is no kind of statement {kind!r}.")
    if not bundle.is_file():
        return Read("refused", "missing", f"There is no {bundle.name}.")
    try:
        claimed = Bundle.read(bundle)
    except MalformedBundle as error:
        return Read("refused", "malformed", f"{error.what}. {error.why}".strip())
    builder = None
    if kind == "provenance":
        builder = next((one for one in builders if one.fingerprint == claimed.hint), None)
        if builder is None:
            return Read("refused", "wrong-builder", "It was not signed with the key of a builder that is trusted.")
    types = tuple(SBOM_TYPES.values()) if kind == "sbom" else (ATTESTATIONS[kind],)
    wanted = claimed.predicate_type if claimed.predicate_type in types else types[0]
    try:
        answer = cosign.verify_blob_attestation(
            file, key=builder.key if builder else signer, type=wanted, bundle=bundle.absolute()
        )
        if isinstance(answer, Refused):
            return Read("refused", answer.cause.value, answer.reason.splitlines()[0])
        if why := _two_meanings(claimed, answer.statement):
            return Read("refused", "two-meanings", why)
        said = parts(answer.statement, digest) if kind == "sbom" else origin(answer.statement, digest, builder)
    except CannotVerify as error:
        return Read("unknown", "unknown", f"{error.what}. {error.why}".strip())
    except Unreadable as error:
        return Read("refused", "says-nothing", str(error))
    return Read("verified", said=said)


def _two_meanings(bundle: Bundle, verified: Mapping[str, Any]) -> str:
    """Return why what was signed may mean another thing to another reader; empty when it means one."""
    payload = base64.b64decode(json.loads(bundle.content)["dsseEnvelope"]["payload"], validate=True)
    try:
        said = strict_json.load(payload, limit=_LIMIT)
    except strict_json.BadJson as error:
        return f"It has not one meaning: {error}."
    return "" if said == verified else "It is another statement than was verified."
