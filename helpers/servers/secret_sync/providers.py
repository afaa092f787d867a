"""Reads values from the stores that a SecretStore can name: Vault's versioned key-value store, AWS Secrets Manager."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from helpers.clients.aws import secrets_manager
from helpers.clients.secret_sync.errors import NotInStore
from helpers.clients.vault import NoSuchSecret
from helpers.core.redact import add_secrets

if TYPE_CHECKING:
    from helpers.clients.vault import Vault


class Provider(Protocol):
    """A store, logged in to."""

    def read(self, key: str, version: str) -> str | dict[str, Any]:
        """Return a secret: an object, or one text.

        Raises:
            NotInStore: there is no such secret or version. CourseError: the store refuses or does not answer.
        """


class VaultProvider:
    """The versioned key-value store at *mount*."""

    def __init__(self, vault: Vault, mount: str) -> None:
        self._vault, self._mount = vault, mount

    def read(self, key: str, version: str) -> dict[str, Any]:
        """Return all keys of a secret; *version* is a number or empty."""
        # As the operator does: a key may be written with the mount in front.
        path = key.removeprefix(f"{self._mount}/").removeprefix("data/")
        if version and not version.isdecimal():
            raise NotInStore(
                f"{version!r} is not a version of the vault", why="Versions are numbers.", next="version: '1'"
            )
        try:
            secret = self._vault.get(path, version=int(version) if version else None, mount=self._mount)
        except NoSuchSecret as error:
            raise NotInStore(error.what, why=error.why) from None
        return {name: secret.reveal(name) for name in secret.keys}


class AwsProvider:
    """Secrets Manager as one role or key pair of AWS."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, key: str, version: str) -> str | dict[str, Any]:
        """Return a secret; *version* is a stage, or ``uuid/`` and a version id, or empty for AWSCURRENT."""
        which = {"VersionId": version[5:]} if version.startswith("uuid/") else {"VersionStage": version or "AWSCURRENT"}
        try:
            with secrets_manager.translated_errors(key, "the store's account", version):
                text = str(self._client.get_secret_value(SecretId=key, **which)["SecretString"])
        except secrets_manager.NoSuchSecret as error:
            raise NotInStore(error.what, why=error.why) from None
        add_secrets(text)
        with contextlib.suppress(ValueError):
            found = json.loads(text)
            if isinstance(found, dict):
                return found
        return text


def value(provider: Provider, ref: Mapping[str, str]) -> str:
    """Return the one value that a ``remoteRef`` names; without a property the whole secret, as JSON if it has keys."""
    found = provider.read(ref["key"], ref.get("version", ""))
    return _text(_property(found, ref["property"], ref["key"]) if ref.get("property") else found)


def values(provider: Provider, ref: Mapping[str, str]) -> dict[str, str]:
    """Return all keys of the secret (or of the object in it) that ``extract`` names."""
    found: Any = provider.read(ref["key"], ref.get("version", ""))
    if ref.get("property"):
        found = _property(found, ref["property"], ref["key"])
        with contextlib.suppress(ValueError, TypeError):
            found = json.loads(found) if isinstance(found, str) else found
    if not isinstance(found, dict):
        raise NotInStore(
            f"{ref['key']} has no keys to extract",
            why="It is plain text, not an object.",
            next="Use data with a remoteRef.",
        )
    return {name: _text(one) for name, one in found.items()}


def _property(found: Any, wanted: str, key: str) -> Any:
    """Return a key of an object, or by dots one inside it (``db.password``)."""
    if isinstance(found, dict) and wanted in found:
        return found[wanted]
    for part in wanted.split("."):
        if not isinstance(found, dict) or part not in found:
            raise NotInStore(f"{key} has no property {wanted!r}", why="", next="Compare the remoteRef with the store.")
        found = found[part]
    return found


def _text(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found)
