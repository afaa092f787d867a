"""Checks a publisher's signature with cosign."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

from helpers import _process, tools
from helpers.services.registry_server.problems import Problem
from helpers.services.registry_server.store import now

_RULE = "signature"


def verify(
    archive: bytes, bundle: bytes, keys: dict[str, dict[str, str]], namespace: str
) -> tuple[dict[str, str], list[Problem]]:
    """Verify a cosign bundle over an archive with the namespace's registered keys.

    Returns:
        Facts of the signature (key_id, key_name, verified_at), and the problems; one of them is empty.
    """
    if not bundle.strip():
        return {}, [
            Problem(_RULE, "bundle", "The archive is not signed.", "Sign it: cosign sign-blob --key ... --bundle ...")
        ]
    hint = _hint(bundle)
    if hint is None:
        return {}, [
            Problem(
                _RULE, "bundle", "It is no cosign bundle made with a key.", "Sign again with cosign 3 and --bundle."
            )
        ]
    key = keys.get(hint)
    if key is None:
        known = ", ".join(f"{k['name']} ({i[:16]})" for i, k in keys.items()) or "none"
        what = f"It was signed with the key {hint[:16]}, which is not registered for {namespace} (registered: {known})."
        return {}, [Problem(_RULE, "bundle", what, "Sign with a registered key, or have the key registered.")]
    said = _cosign(archive, bundle, key["pem"])
    if said is None:
        return {"key_id": hint, "key_name": key["name"], "verified_at": now()}, []
    what = f"The signature by {key['name']} does not fit the archive: it was changed after signing ({said})."
    return {}, [Problem(_RULE, "archive", what, "Pack and sign again from your own copy; do not send this archive on.")]


def _hint(bundle: bytes) -> str | None:
    """Return the id of the key a bundle names, or nothing when it is not such a bundle."""
    try:
        data: Any = json.loads(bundle)
        hint = base64.b64decode(data["verificationMaterial"]["publicKey"]["hint"], validate=True)
        known = isinstance(data["messageSignature"]["signature"], str)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return hint.hex() if known and len(hint) == 32 else None


def _cosign(archive: bytes, bundle: bytes, pem: str) -> str | None:
    """Return nothing when cosign says that the signature is good, else its reason."""
    with tempfile.TemporaryDirectory(prefix="verify-") as name:
        folder = Path(name)
        files = {"archive": archive, "bundle": bundle, "key": pem.encode()}
        for file, data in files.items():
            (folder / file).write_bytes(data)
        # Keys are ours and registered, so there is no transparency log to ask.
        done = _process.run(
            [tools.ensure("cosign").path, "verify-blob", "--key", "key", "--bundle", "bundle",
             "--insecure-ignore-tlog=true", "archive"],
            cwd=folder, timeout=60,
        )  # fmt: skip
    if done.returncode == 0:
        return None
    reasons = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    return reasons[0].removeprefix("Error:").strip()[:200] if reasons else "cosign refuses it"
