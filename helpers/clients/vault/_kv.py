"""The versioned key-value store (kv version 2)."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Mapping
from typing import Any

from helpers.clients.vault._errors import translated_errors
from helpers.clients.vault._session import Session
from helpers.clients.vault.audit_log import moment
from helpers.clients.vault.errors import NoSuchSecret, VersionConflict
from helpers.clients.vault.types import Secret, SecretVersion
from helpers.core.errors import BadInput
from helpers.core.redact import add_secrets
from helpers.runtime.services.vault import KV


class KvCommands(Session):
    """Methods on versioned secrets; a path is without its mount: ``vision/wandb``."""

    @property
    def _store(self) -> Any:
        return self.client.secrets.kv.v2

    def put(self, path: str, values: Mapping[str, str], *, cas: int | None = None, mount: str = KV) -> Secret:
        """Write a new version.

        Args:
            path: for example ``vision/wandb``.
            values: all keys of the new version.
            cas: write only when this is the current version; 0 when there must be none.
            mount: the store.

        Raises:
            VersionConflict: *cas* is not the current version. BadInput: a value is not text.
        """
        wrong = [key for key, value in values.items() if not isinstance(value, str)]
        if wrong or not values:
            raise BadInput(
                f"A secret has text values; {path} would not",
                why=f"No text: {', '.join(map(str, wrong))}." if wrong else "There are no values.",
                next='vault.put("vision/wandb", {"api-key": "..."})',
            )

        def refused(words: str) -> VersionConflict | None:
            if "check-and-set" not in words:
                return None
            return VersionConflict(
                f"{path} is not at version {cas}",
                why="Somebody wrote it meanwhile.",
                next=f'vault.get("{path}")   # then decide again',
            )

        # A new path needs create, another version update; a policy that gives one mostly gives both.
        with translated_errors(self, f"{mount}/data/{path}", "update", refused=refused):
            made = self._store.create_or_update_secret(path, dict(values), cas=cas, mount_point=mount)["data"]
        return Secret.of(f"{mount}/{path}", values, made["version"], moment(made["created_time"]))

    def get(self, path: str, *, version: int | None = None, mount: str = KV) -> Secret:
        """Read a version, by default the current one.

        Raises:
            NoSuchSecret: nothing is there, or the version was deleted or destroyed.
        """
        which = f"{mount}/{path}" + (f" version {version}" if version else "")
        with translated_errors(
            self, f"{mount}/data/{path}", "read", missing=f"There is no secret {which}, or it is deleted"
        ):
            data = self._store.read_secret_version(
                path, version=version, mount_point=mount, raise_on_deleted_version=True
            )["data"]
        about = data["metadata"]
        return Secret.of(f"{mount}/{path}", data["data"], about["version"], moment(about["created_time"]))

    def rotate(self, path: str, key: str, *, bytes: int = 24, mount: str = KV) -> Secret:
        """Replace one value by a random one, in a new version; nobody sees it.

        Args:
            path: of the secret; it must exist.
            key: whose value is replaced, or added.
            bytes: of randomness.
            mount: the store.

        Raises:
            NoSuchSecret: nothing is there. VersionConflict: somebody wrote it at the same moment.
        """
        old = self.get(path, mount=mount)
        fresh = randomness.token_urlsafe(bytes)
        add_secrets(fresh)
        values = {name: old.reveal(name) for name in old.keys} | {key: fresh}
        return self.put(path, values, cas=old.version, mount=mount)

    def versions(self, path: str, *, mount: str = KV) -> tuple[SecretVersion, ...]:
        """Return all versions, oldest first."""
        with translated_errors(self, f"{mount}/metadata/{path}", "read", missing=f"There is no secret {mount}/{path}"):
            about = self._store.read_secret_metadata(path, mount_point=mount)["data"]
        return tuple(
            _version(int(number), raw, about["current_version"])
            for number, raw in sorted(about["versions"].items(), key=lambda item: int(item[0]))
        )

    def list(self, path: str = "", *, mount: str = KV) -> tuple[str, ...]:
        """Return the names below *path*; those that end in ``/`` hold more. Nothing there is an empty result."""
        try:
            with translated_errors(self, f"{mount}/metadata/{path}", "list"):
                return tuple(self._store.list_secrets(path, mount_point=mount)["data"]["keys"])
        except NoSuchSecret:
            return ()

    def delete(self, path: str, *versions: int, mount: str = KV) -> None:
        """Delete versions, by default the current one; `undelete` brings them back."""
        if versions:
            with translated_errors(self, f"{mount}/delete/{path}", "update"):
                self._store.delete_secret_versions(path, versions=[*versions], mount_point=mount)
        else:
            with translated_errors(self, f"{mount}/data/{path}", "delete"):
                self._store.delete_latest_version_of_secret(path, mount_point=mount)

    def undelete(self, path: str, *versions: int, mount: str = KV) -> None:
        """Bring deleted versions back; destroyed ones are gone."""
        with translated_errors(self, f"{mount}/undelete/{path}", "update"):
            self._store.undelete_secret_versions(path, versions=[*versions], mount_point=mount)

    def destroy(self, path: str, *versions: int, mount: str = KV) -> None:
        """Destroy versions for good; without versions the whole secret with its history."""
        if versions:
            with translated_errors(self, f"{mount}/destroy/{path}", "update"):
                self._store.destroy_secret_versions(path, versions=[*versions], mount_point=mount)
        else:
            with translated_errors(self, f"{mount}/metadata/{path}", "delete"):
                self._store.delete_metadata_and_all_versions(path, mount_point=mount)


def _version(number: int, raw: Mapping[str, Any], current: int) -> SecretVersion:
    deleted = moment(raw["deletion_time"]) if raw["deletion_time"] else None
    status = "destroyed" if raw["destroyed"] else "deleted" if deleted else "current" if number == current else "old"
    return SecretVersion(number, status, moment(raw["created_time"]), deleted)  # type: ignore[arg-type]
