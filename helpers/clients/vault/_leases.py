"""Secrets that the vault makes and takes back, and secrets handed over in a wrapper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.clients.vault._errors import translated_errors
from helpers.clients.vault._session import Session
from helpers.clients.vault.errors import LeaseExpired, NoSuchSecret, WrapUsed
from helpers.clients.vault.types import Lease, Secret, Wrapped
from helpers.core.errors import BadInput
from helpers.core.redact import add_secrets
from helpers.runtime.services.vault import KV
from helpers.wrappers.terraform.types import Sensitive


def _lease_gone(lease_id: str) -> LeaseExpired:
    return LeaseExpired(
        "The lease does not exist or has expired",
        why=f"{lease_id.rsplit('/', 1)[0]}/... has ended or was revoked, and the secret it stood for with it.",
        next="Ask for a new secret.",
    )


class LeaseCommands(Session):
    """Methods on secrets engines, leases and wrapping."""

    def enable(self, engine: str, path: str, *, max_ttl: str = "", description: str = "") -> None:
        """Mount a secrets engine (``pki``, ``ssh``, ``transit``, ``database`` ...); one that is there is left."""
        client = self.client
        with translated_errors(self, f"sys/mounts/{path}", "sudo"):
            if client.sys.list_mounted_secrets_engines()["data"].get(f"{path}/", {}).get("type") != engine:
                config = {"max_lease_ttl": max_ttl} if max_ttl else None
                client.sys.enable_secrets_engine(engine, path=path, description=description, config=config)

    def write(self, path: str, data: Mapping[str, Any] | None = None) -> Lease | Secret | None:
        """Write to any path of the vault's API: settings of an engine, or an order for a dynamic secret.

        Args:
            path: without ``/v1``, for example ``pki/issue/inference``.
            data: fields as the engine's documentation names them.

        Returns:
            A lease when the vault takes back what it made, a secret when it does not, None without an answer.
        """
        with translated_errors(self, path, "update"):
            return _made(path, self.client.write_data(path, data=dict(data or {})))

    def read(self, path: str) -> Lease | Secret | None:
        """Read any path of the vault's API; for the versioned store prefer `get`. Results as those of `write`.

        Raises:
            NoSuchSecret: there is nothing.
        """
        with translated_errors(self, path, "read"):
            answer = self.client.adapter.get(f"/v1/{path}")
            return _made(path, answer)

    def lease(self, lease_id: str) -> Lease:
        """Return a lease as it is now.

        Raises:
            LeaseExpired: it has ended.
        """
        with translated_errors(self, "sys/leases/lookup", "update", refused=lambda _: _lease_gone(lease_id)):
            data = self.client.sys.read_lease(lease_id)["data"]
        return Lease(lease_id, int(data["ttl"]), bool(data["renewable"]))

    def renew(self, lease_id: str, seconds: int | None = None) -> Lease:
        """Prolong a lease, up to its longest life.

        Raises:
            LeaseExpired: it has ended, or cannot be renewed.
        """
        with translated_errors(self, "sys/leases/renew", "update", refused=lambda _: _lease_gone(lease_id)):
            answer = self.client.sys.renew_lease(lease_id, increment=seconds)
        return Lease(answer["lease_id"], answer["lease_duration"], answer["renewable"])

    def revoke(self, lease_id: str) -> None:
        """End a lease now: the engine takes back what it made.

        Raises:
            LeaseExpired: it has ended before.
        """
        self.lease(lease_id)
        with translated_errors(self, "sys/leases/revoke", "update", refused=lambda _: _lease_gone(lease_id)):
            self.client.sys.revoke_lease(lease_id)

    def revoke_all(self, prefix: str) -> None:
        """End every lease below *prefix*, for example ``pki/issue/inference``: the answer to a leak."""
        with translated_errors(self, f"sys/leases/revoke-prefix/{prefix}", "sudo"):
            self.client.sys.revoke_prefix(prefix)

    def leases(self, prefix: str) -> tuple[str, ...]:
        """Return the ids of the leases directly below *prefix*."""
        try:
            with translated_errors(self, f"sys/leases/lookup/{prefix}", "list"):
                found = self.client.sys.list_leases(prefix.rstrip("/"))["data"]["keys"]
        except NoSuchSecret:
            return ()
        return tuple(f"{prefix.rstrip('/')}/{key}" for key in found)

    def wrap(self, values: Mapping[str, str], *, ttl: str = "5m") -> Wrapped:
        """Put *values* into a wrapper that can be opened once."""
        with translated_errors(self, "sys/wrapping/wrap", "update"):
            return _wrapped(self.client.sys.wrap(dict(values), ttl=int(_seconds(ttl))))

    def wrap_secret(self, path: str, *, ttl: str = "5m", mount: str = KV) -> Wrapped:
        """Read a versioned secret into a wrapper, unseen by whoever carries it.

        Raises:
            NoSuchSecret: nothing is there.
        """
        with translated_errors(self, f"{mount}/data/{path}", "read"):
            return _wrapped(self.client.adapter.get(f"/v1/{mount}/data/{path}", wrap_ttl=ttl))

    def wrap_credentials(self, role: str, *, ttl: str = "5m") -> Wrapped:
        """Make a secret id of an AppRole inside a wrapper: the safe way to hand a machine its first secret."""
        path = f"auth/approle/role/{role}/secret-id"
        with translated_errors(self, path, "update", missing=f"There is no role {role}"):
            return _wrapped(self.client.adapter.post(f"/v1/{path}", wrap_ttl=ttl))

    def unwrap(self, wrapped: Wrapped | str) -> Secret:
        """Open a wrapper; possible once.

        Raises:
            WrapUsed: it was opened before or has ended. Treat what was inside as seen by a stranger.
        """
        token = wrapped.token.reveal() if isinstance(wrapped, Wrapped) else wrapped
        path = wrapped.path if isinstance(wrapped, Wrapped) else "wrapped"

        def refused(words: str) -> WrapUsed:
            return WrapUsed(
                "The wrapper is empty",
                why=f"{words}. If nobody of yours opened it, somebody else did.",
                next="Revoke what was inside; vault.audit(path='sys/wrapping') says who opened it.",
            )

        with translated_errors(self, "sys/wrapping/unwrap", "update", refused=refused):
            data = self.client.sys.unwrap(token)["data"]
        if set(data) == {"data", "metadata"}:
            return Secret.of(path.replace("/data/", "/", 1), data["data"], data["metadata"]["version"])
        return Secret.of(path, data)


def _made(path: str, answer: Any) -> Lease | Secret | None:
    if not isinstance(answer, dict) or not answer.get("data"):
        return None
    secret = Secret.of(path, answer["data"])
    if not answer.get("lease_id"):
        return secret
    return Lease(answer["lease_id"], answer["lease_duration"], answer["renewable"], secret)


def _wrapped(answer: dict[str, Any]) -> Wrapped:
    info = answer["wrap_info"]
    add_secrets(info["token"])
    return Wrapped(info["creation_path"], info["ttl"], info["accessor"], Sensitive(info["token"]))


def _seconds(ttl: str) -> float:
    """Return a duration such as ``5m`` in seconds.

    Raises:
        BadInput: it is none.
    """
    units = {"s": 1, "m": 60, "h": 3600}
    try:
        return float(ttl[:-1]) * units[ttl[-1]]
    except (ValueError, KeyError, IndexError):
        raise BadInput(f"{ttl!r} is not a duration", next='ttl="90s", "5m" or "1h"') from None
