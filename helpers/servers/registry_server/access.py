"""Who may do what: bearer tokens with namespaces and permissions, and the publishers' public keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.compliance.module_rules.versions import NAME
from helpers.compliance.module_support import SupportPolicy
from helpers.core.errors import BadInput
from helpers.core.files import write_private
from helpers.servers.registry_server.refusal import RequestRefused

PERMISSIONS = ("read", "publish", "admin")


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        name: of the token; ``anonymous`` without one.
        namespaces: it may act in; ``*`` is all.
        permissions: ``read``, ``publish``, ``admin``.
    """

    name: str
    namespaces: tuple[str, ...]
    permissions: tuple[str, ...]

    def may(self, permission: str, namespace: str) -> bool:
        """Return whether the caller may do this there."""
        here = "*" in self.namespaces or namespace in self.namespaces
        return here and (permission in self.permissions or "admin" in self.permissions)

    def need(self, permission: str, namespace: str) -> None:
        """Check a permission.

        Raises:
            RequestRefused: 401 without a token, 403 when the token does not allow it.
        """
        if self.may(permission, namespace):
            return
        if self.name == "anonymous":
            raise RequestRefused(401, "no-token", "This needs a token. Send it as `Authorization: Bearer TOKEN`.")
        raise RequestRefused(
            403,
            "no-permission",
            f"The token {self.name} may not {permission} in the namespace {namespace}. It may "
            f"{', '.join(self.permissions) or 'do nothing'} in {', '.join(self.namespaces) or 'none'}. "
            "Ask the namespace's owner for a token that may.",
        )


ANONYMOUS = Caller("anonymous", ("*",), ("read",))


class Access:
    """Tokens and keys, kept in ``access.json``; of a token only its SHA-256 is kept."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "access.json"
        self._lock = threading.Lock()
        self._data: dict[str, Any] = {"tokens": {}, "keys": {}, "ticket_secret": secrets.token_hex(32)}
        if self._file.exists():
            self._data = json.loads(self._file.read_text())
        else:
            self._save()
        admin = folder / "admin.token"
        if not admin.exists():
            write_private(admin, self.add_token("admin", ["*"], ["admin"]).encode())

    def _save(self) -> None:
        write_private(self._file, json.dumps(self._data, indent=1).encode())

    def caller(self, header: str) -> Caller:
        """Return who sent this ``Authorization`` header.

        Raises:
            RequestRefused: 401, the token is not known.
        """
        if not header:
            return ANONYMOUS
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            digest = _digest(token.strip())
            for name, entry in self._data["tokens"].items():
                if hmac.compare_digest(entry["sha256"], digest):
                    return Caller(name, tuple(entry["namespaces"]), tuple(entry["permissions"]))
        raise RequestRefused(
            401, "bad-token", "The token is not known here; it may have been revoked. Ask for a new one."
        )

    def add_token(self, name: str, namespaces: list[str], permissions: list[str]) -> str:
        """Make a token, in the place of an older one of that name, and return it; it cannot be read again later."""
        wrong = [p for p in permissions if p not in PERMISSIONS]
        if wrong or not NAME.fullmatch(name) or any(n != "*" and not NAME.fullmatch(n) for n in namespaces):
            raise RequestRefused(
                400, "bad-token-request", f"Permissions are {', '.join(PERMISSIONS)}; names are lower case."
            )
        token = f"acme_{secrets.token_urlsafe(30)}"
        with self._lock:
            self._data["tokens"][name] = {
                "sha256": _digest(token),
                "namespaces": namespaces,
                "permissions": permissions,
            }
            self._save()
        return token

    def drop_token(self, name: str) -> None:
        """Take a token back."""
        with self._lock:
            if self._data["tokens"].pop(name, None) is None:
                raise RequestRefused(404, "not-found", f"There is no token {name}.")
            self._save()

    def add_key(self, namespace: str, name: str, pem: str) -> str:
        """Register a publisher's public key for a namespace and return its id."""
        key_id = key_id_of(pem)
        if not NAME.fullmatch(namespace) or not NAME.fullmatch(name):
            raise RequestRefused(400, "bad-name", "The names of a namespace and of a key are lower case.")
        with self._lock:
            self._data["keys"].setdefault(namespace, {})[key_id] = {"name": name, "pem": pem}
            self._save()
        return key_id

    def keys(self, namespace: str) -> dict[str, dict[str, str]]:
        """Return key id -> name and PEM of the keys that may sign in a namespace."""
        return dict(self._data["keys"].get(namespace, {}))

    def set_support_policy(self, namespace: str, data: dict[str, Any]) -> None:
        """Demand this of the support models that are published in a namespace from now on."""
        try:
            policy = SupportPolicy.parse(data)
        except BadInput as error:
            raise RequestRefused(400, "bad-policy", f"{error.what}. {error.why}") from None
        if not NAME.fullmatch(namespace):
            raise RequestRefused(400, "bad-name", "The name of a namespace is lower case.")
        with self._lock:
            self._data.setdefault("support", {})[namespace] = policy.to_data()
            self._save()

    def support_policy(self, namespace: str) -> SupportPolicy:
        """Return what a namespace demands of support models; by default the least."""
        return SupportPolicy.parse(self._data.get("support", {}).get(namespace, {}))

    @property
    def ticket_secret(self) -> str:
        """Secret that signs download links."""
        return str(self._data["ticket_secret"])


def key_id_of(pem: str) -> str:
    """Return a public key's id: SHA-256 of its DER form, hex; the same that cosign puts in a bundle as hint."""
    lines = [line.strip() for line in pem.strip().splitlines()]
    if len(lines) < 3 or lines[0] != "-----BEGIN PUBLIC KEY-----" or lines[-1] != "-----END PUBLIC KEY-----":
        raise RequestRefused(400, "bad-key", "This is not a public key in PEM form. Send the file cosign.pub.")
    try:
        der = base64.b64decode("".join(lines[1:-1]), validate=True)
    except ValueError:
        raise RequestRefused(400, "bad-key", "The public key is damaged. Send the file cosign.pub.") from None
    return hashlib.sha256(der).hexdigest()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
