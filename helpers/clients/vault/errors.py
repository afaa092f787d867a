"""What can go wrong with the vault, each with its next step."""

from __future__ import annotations

from helpers.core.errors import CourseError


class VaultError(CourseError):
    """Base of the faults of the vault."""

    code = "vault-error"


class VaultDown(VaultError):
    """Nothing answers at the vault's address, or not with a certificate we trust."""

    code = "vault-down"


class Sealed(VaultError):
    """The vault runs but is sealed: its data cannot be decrypted until enough key shares are given."""

    code = "vault-sealed"


class PermissionDenied(VaultError):
    """No policy of the token gives this capability on this path.

    Attributes:
        path: as policies name it, for example ``secret/data/vision/wandb``.
        capability: what was missing: create, read, update, delete, list or sudo.
    """

    code = "vault-permission-denied"

    def __init__(self, what: str, *, path: str, capability: str, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.path, self.capability = path, capability


class TokenExpired(VaultError):
    """The token has ended, was revoked, or never was one."""

    code = "vault-token-expired"


class LeaseExpired(VaultError):
    """The lease has ended or was revoked; what it stood for is gone."""

    code = "vault-lease-expired"


class NoSuchSecret(VaultError):
    """There is no such secret, version, key, policy or role."""

    code = "vault-no-such-secret"


class VersionConflict(VaultError):
    """Somebody wrote another version meanwhile (check-and-set)."""

    code = "vault-version-conflict"


class WrapUsed(VaultError):
    """A wrapping token was used before, or is too old: somebody else may have read what it wrapped."""

    code = "vault-wrap-used"


class LoginRefused(VaultError):
    """The credentials of a login are wrong, used up, or bound to something else."""

    code = "vault-login-refused"
