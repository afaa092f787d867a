"""Checks a publisher's signature with cosign."""

from __future__ import annotations

import base64
import datetime as dt
import json
import tempfile
from pathlib import Path
from typing import Any

from helpers.clients.registry.errors import PackageProblem
from helpers.wrappers.cosign import Cause, Cosign, CosignError, Refused

_RULE = "signature"


def verify(
    archive: bytes, bundle: bytes, keys: dict[str, dict[str, str]], namespace: str
) -> tuple[dict[str, str], list[PackageProblem]]:
    """Verify a cosign bundle over an archive with the namespace's registered keys.

    Returns:
        Facts of the signature (key_id, key_name, verified_at), and the problems; one of them is empty.
    """
    if not bundle.strip():
        return {}, [
            PackageProblem(
                _RULE, "bundle", "The archive is not signed.", "Sign it: cosign sign-blob --key ... --bundle ..."
            )
        ]
    hint = _hint(bundle)
    if hint is None:
        return {}, [
            PackageProblem(
                _RULE, "bundle", "It is not a cosign bundle made with a key.", "Sign again with cosign 3 and --bundle."
            )
        ]
    key = keys.get(hint)
    if key is None:
        known = ", ".join(f"{k['name']} ({i[:16]})" for i, k in keys.items()) or "none"
        what = f"It was signed with the key {hint[:16]}, which is not registered for {namespace} (registered: {known})."
        return {}, [PackageProblem(_RULE, "bundle", what, "Sign with a registered key, or have the key registered.")]
    refused = _refusal(archive, bundle, key["pem"])
    if not refused:
        return {"key_id": hint, "key_name": key["name"], "verified_at": _now()}, []
    what = f"The signature by {key['name']} is refused: {refused}"
    return {}, [
        PackageProblem(_RULE, "archive", what, "Pack and sign again from your own copy; do not send this one on.")
    ]


def _hint(bundle: bytes) -> str | None:
    """Return the id of the key a bundle names, or nothing when it is not such a bundle."""
    try:
        data: Any = json.loads(bundle)
        hint = base64.b64decode(data["verificationMaterial"]["publicKey"]["hint"], validate=True)
        known = isinstance(data["messageSignature"]["signature"], str)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return hint.hex() if known and len(hint) == 32 else None


def _refusal(archive: bytes, bundle: bytes, pem: str) -> str:
    """Return why cosign refuses the signature; nothing when it is good."""
    with tempfile.TemporaryDirectory(prefix="verify-") as name:
        folder = Path(name)
        for file, data in {"archive": archive, "bundle": bundle, "key.pub": pem.encode()}.items():
            (folder / file).write_bytes(data)
        try:
            verdict = Cosign(folder).verify_blob("archive", key="key.pub", bundle="bundle")
        except CosignError as error:
            return f"{error.what}."
    if isinstance(verdict, Refused):
        if verdict.cause is Cause.TAMPERED:
            return "the archive was changed after signing."
        return verdict.reason.splitlines()[0]
    return ""


def _now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
