"""Whether a stored version still is what its publisher signed: asked of cosign when it is shown, not of the store."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

from helpers.compliance.module_rules import archive, rules, signatures
from helpers.servers.registry_server.access import Access
from helpers.servers.registry_server.refusal import RequestRefused
from helpers.servers.registry_server.store import Store

#: What a page and Terraform's caller read of a version. All of it is made from the archive, so it can be made again.
_SHOWN = ("description", "versioning", "support", "interface", "changelog", "readme", "examples")


class Verifier:
    """Verifies versions of a store. Who may lie: whoever can write to the store's files, ``meta.json`` included.

    Not against somebody who replaces archive, bundle, record and the registered keys together: that is what a
    consumer's own key is for (``course registry verify``).
    """

    def __init__(self, store: Store, access: Access) -> None:
        self._store, self._access = store, access
        self._good: set[str] = set()
        self._lock = threading.Lock()

    def problem(self, module: str, version: str) -> str:
        """Return why a version is not verified, as a sentence; nothing when it is.

        A good verdict is kept for exactly these bytes (archive, bundle, record, keys), a bad one is asked again.

        Raises:
            RequestRefused: 404, there is no such version.
        """
        keys = self._access.keys(module.split("/")[0])
        try:
            meta = self._store.meta(module, version)
            package, bundle = self._store.stored(module, version)
        except OSError:
            return "Its archive or its signature is gone."
        except (ValueError, TypeError, AttributeError):
            return "Its record cannot be read."
        record = json.dumps([module, version, meta, keys], sort_keys=True).encode()
        state = hashlib.sha256(
            b"".join(hashlib.sha256(part).digest() for part in (package, bundle, record))
        ).hexdigest()
        with self._lock:
            if state in self._good:
                return ""
        problem = _problem(module, version, meta, package, bundle, keys)
        if not problem:
            with self._lock:
                self._good.add(state)
        return problem

    def require(self, module: str, version: str) -> bytes:
        """Return the archive of a version that is verified.

        Raises:
            RequestRefused: 404 there is none; 410 it was removed; 500 it is not what was signed.
        """
        package = self._store.archive(module, version)
        if problem := self.problem(module, version):
            raise RequestRefused(500, "tampered", f"{module} {version} is not served, as it is not verified. {problem}")
        return package


def _problem(
    module: str, version: str, meta: dict[str, Any], package: bytes, bundle: bytes, keys: dict[str, dict[str, str]]
) -> str:
    if hashlib.sha256(package).hexdigest() != meta.get("digest"):
        return "Its archive is no longer what was published."
    signature, problems = signatures.verify(package, bundle, keys, module.split("/")[0])
    if problems:
        return problems[0].what
    said = meta.get("signature") or {}
    if any(said.get(field) != signature[field] for field in ("key_id", "key_name")):
        return "Its record names another key than the one that signed it."
    if (meta.get("module"), meta.get("version")) != (module, version):
        return "Its record is that of another module or version."
    try:
        files = archive.unpack(package)
    except archive.BadArchive:
        return "Its archive cannot be opened."
    shown, broken = rules.check(files, module, version, {})
    # The archive itself must say that it is this version: an old one, well signed, would pass for a new one.
    if wrong := [p.what for p in broken if p.rule in ("manifest", "changelog")]:
        return f"What was signed is another module or version. {wrong[0]}"
    # As it was stored: tuples are lists there.
    again = json.loads(json.dumps(shown))
    if changed := [field for field in _SHOWN if meta.get(field) != again.get(field)]:
        return f"Its record says something else than the archive that was signed: {', '.join(changed)}."
    return ""
