"""The vault: versioned secrets, policies, logins, leases, wrapping and the audit log, on hvac.

>>> from helpers import Vault
>>> vault = Vault()                                     # the platform team; starts the service when needed
>>> vault.put("vision/wandb", {"api-key": "..."})
Secret(secret/vision/wandb version 1: api-key=(sensitive value))
>>> vault.get("vision/wandb").reveal("api-key")         # the value, masked in every output from now on

The local vault is OpenBao (`helpers.runtime.services.vault`). With ``MOD208_VAULT_URL`` set, any server of the same API
is used instead, with the token in ``VAULT_TOKEN`` and, for a private authority, the file in ``VAULT_CACERT``.
"""

from __future__ import annotations

from helpers.clients.vault.client import Vault
from helpers.clients.vault.errors import (
    LeaseExpired,
    LoginRefused,
    NoSuchSecret,
    PermissionDenied,
    Sealed,
    TokenExpired,
    VaultDown,
    VaultError,
    VersionConflict,
    WrapUsed,
)
from helpers.clients.vault.types import (
    AppRole,
    AuditEntry,
    Credentials,
    Lease,
    Policy,
    Secret,
    SecretVersion,
    Status,
    Token,
    Wrapped,
)

__all__ = [
    "AppRole",
    "AuditEntry",
    "Credentials",
    "Lease",
    "LeaseExpired",
    "LoginRefused",
    "NoSuchSecret",
    "PermissionDenied",
    "Policy",
    "Sealed",
    "Secret",
    "SecretVersion",
    "Status",
    "Token",
    "TokenExpired",
    "Vault",
    "VaultDown",
    "VaultError",
    "VersionConflict",
    "WrapUsed",
    "Wrapped",
]
