"""`Vault`: a session of one role or token."""

from __future__ import annotations

from helpers.clients.vault._access import AccessCommands
from helpers.clients.vault._errors import down, translated_errors
from helpers.clients.vault._kv import KvCommands
from helpers.clients.vault._leases import LeaseCommands
from helpers.clients.vault.audit_log import lines, parse
from helpers.clients.vault.errors import VaultError
from helpers.clients.vault.types import AuditEntry, Status
from helpers.core.redact import add_secrets
from helpers.runtime import services
from helpers.runtime.services.vault import audit_log


class Vault(KvCommands, AccessCommands, LeaseCommands):
    """A session with the vault.

    Args:
        role: an AppRole whose credentials are kept here (see `keep`), by default the platform team's; its tokens are
            replaced when they end.
        token: act with this token instead; it is not replaced.
        url: by default the local vault, or ``MOD208_VAULT_URL``.
        ca: file of the certificate authority to trust; by default the local vault's, or ``VAULT_CACERT``.
        timeout: seconds one request may take.

    Every method raises `Sealed`, `VaultDown`, `TokenExpired` and `PermissionDenied` (naming path and capability).
    """

    def status(self) -> Status:
        """Return whether the vault is initialised and sealed; needs no token, and works on a sealed vault.

        Raises:
            VaultDown: nothing answers.
        """
        # Expensive; loaded with the first request.
        import requests

        try:
            raw = self._hvac.sys.read_seal_status()
        except requests.RequestException as error:
            raise down(self.url, error) from None
        return Status(raw["initialized"], raw["sealed"], raw["t"], raw["n"], raw["version"])

    def seal(self) -> Status:
        """Seal the vault: from now on it answers nothing until ``course services restart vault``."""
        with translated_errors(self, "sys/seal", "sudo"):
            self.client.sys.seal()
        return self.status()

    def mounts(self) -> dict[str, str]:
        """Return path -> kind of every secrets engine."""
        with translated_errors(self, "sys/mounts", "read"):
            found = self.client.sys.list_mounted_secrets_engines()["data"]
        return {path.rstrip("/"): str(about["type"]) for path, about in sorted(found.items())}

    def audit(self, last: int | None = 20, *, path: str = "", kind: str = "response") -> tuple[AuditEntry, ...]:
        """Return the newest entries of the audit log, oldest of them first.

        Args:
            last: how many; None for all.
            path: only entries whose path starts with this.
            kind: ``response``, ``request``, or empty for both.

        Raises:
            VaultError: the vault is not the local one; its log is not here.
        """
        if not self.local:
            raise VaultError(
                "The audit log of this vault is not on this machine",
                why=f"{self.url} is not the local vault.",
                next="Ask those who run it, or: unset MOD208_VAULT_URL",
            )

        log = audit_log(services.data("vault").parent)
        found = [entry for entry in parse(lines(log)) if entry.path.startswith(path) and kind in ("", entry.kind)]
        return tuple(found if last is None else found[-last:] if last > 0 else ())

    def audit_hash(self, value: str) -> str:
        """Return the HMAC under which *value* appears in the audit log: who read it, without the log holding it."""
        add_secrets(value)
        with translated_errors(self, "sys/audit-hash/file", "update"):
            return str(self.client.sys.calculate_hash("file", value)["data"]["hash"])
