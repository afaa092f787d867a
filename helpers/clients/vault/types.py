"""Results of the vault. None shows a value: `Secret.reveal` gives one, and masks it in every later output."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from helpers.clients.vault.errors import NoSuchSecret
from helpers.core.display import Displayed
from helpers.core.redact import add_secrets
from helpers.wrappers.terraform.types import Sensitive


@dataclass(frozen=True)
class Secret(Displayed):
    """Keys and values read from the vault; the values stay hidden.

    Attributes:
        path: with its mount, for example ``secret/vision/wandb``.
        version: 1, 2, ... of the versioned store; 0 where there are no versions.
        keys: names of its values.
        created: when this version was written (UTC).
    """

    path: str
    version: int
    keys: tuple[str, ...]
    created: dt.datetime | None = None
    _values: Mapping[str, Sensitive] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, path: str, values: Mapping[str, Any], version: int = 0, created: dt.datetime | None = None) -> Secret:
        """Make one from *values*."""
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
        return cls(path, version, tuple(values), created, {key: Sensitive(text) for key, text in texts.items()})

    def reveal(self, key: str) -> str:
        """Return one value; from now on it is masked in outputs, logs and errors.

        Raises:
            NoSuchSecret: the secret has no such key.
        """
        if key not in self._values:
            raise NoSuchSecret(
                f"{self.path} has no key {key!r}", why="Its keys: " + (", ".join(self.keys) or "none") + ".", next=""
            )
        value = str(self._values[key].reveal())
        add_secrets(value)
        return value

    def __repr__(self) -> str:
        version = f" version {self.version}" if self.version else ""
        return f"Secret({self.path}{version}: {', '.join(f'{key}={self._values[key]}' for key in self.keys)})"

    def masked(self) -> dict[str, Sensitive]:
        """Return key -> value, each value masked in whatever form it is shown."""
        return {key: self._values[key] for key in self.keys}


@dataclass(frozen=True)
class SecretVersion:
    """One version of a secret: ``current``, ``old``, ``deleted`` (can be undone) or ``destroyed`` (for good)."""

    version: int
    status: Literal["current", "old", "deleted", "destroyed"]
    created: dt.datetime
    deleted: dt.datetime | None = None


@dataclass(frozen=True)
class Policy:
    """A policy: what its holders may do, as HCL."""

    name: str
    text: str

    def __repr__(self) -> str:
        return f"Policy({self.name}, {len(self.text.splitlines())} lines)"


@dataclass(frozen=True)
class AppRole:
    """A role that machines log in as.

    Attributes:
        name: of the role.
        policies: of its tokens.
        ttl: seconds that a token of it lives before it must be renewed.
        max_ttl: seconds after which it cannot be renewed any more; 0 for the vault's own limit.
        role_id: the public half of its credentials.
    """

    name: str
    policies: tuple[str, ...]
    ttl: int
    max_ttl: int
    role_id: str


@dataclass(frozen=True)
class Credentials:
    """What a machine logs in with: the public ``role_id`` and the hidden ``secret_id``."""

    role: str
    role_id: str
    secret_id: Sensitive = field(compare=False)


@dataclass(frozen=True)
class Token:
    """A token and what it may do.

    Attributes:
        accessor: a handle to look it up or revoke it without knowing it.
        policies: that decide what it may do.
        ttl: seconds it has left; 0 for one that does not end.
        renewable: whether `Vault.renew_token` can prolong it.
        display_name: as the audit log names its holder.
        token: the token itself, where it is known.
    """

    accessor: str
    policies: tuple[str, ...]
    ttl: int
    renewable: bool
    display_name: str = ""
    token: Sensitive | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Lease:
    """A secret that the vault made for us and takes back when the lease ends.

    Attributes:
        id: of the lease, for `Vault.renew` and `Vault.revoke`.
        seconds: it still has.
        renewable: whether it can be prolonged.
        secret: what was made; empty when the lease was only looked up.
    """

    id: str
    seconds: int
    renewable: bool
    secret: Secret | None = None


@dataclass(frozen=True)
class Wrapped:
    """A single-use token in place of a secret; whoever gets it can tell whether somebody looked inside before.

    Attributes:
        path: that made what is inside; compare it with what you were promised.
        seconds: until it ends.
        accessor: a handle that does not open it.
        token: opens it, once.
    """

    path: str
    seconds: int
    accessor: str
    token: Sensitive = field(compare=False)


@dataclass(frozen=True)
class Status:
    """State of the vault: whether it is initialised and sealed, and its version."""

    initialized: bool
    sealed: bool
    threshold: int
    shares: int
    version: str


@dataclass(frozen=True)
class AuditEntry:
    """One line of the audit log. Secrets in it are HMACs: equal values look equal, none can be read.

    Attributes:
        at: when (UTC).
        kind: ``request`` (before it was carried out) or ``response``.
        operation: create, read, update, delete, list ...
        path: what was asked for.
        actor: the role or person the token belongs to; empty for a login.
        policies: of the token.
        allowed: whether a policy allowed it; None where the log does not say.
        error: why it was refused; empty when it was not.
        request_id: the same in a request and its response.
        raw: the whole line.
    """

    at: dt.datetime
    kind: Literal["request", "response"]
    operation: str
    path: str
    actor: str
    policies: tuple[str, ...]
    allowed: bool | None
    error: str
    request_id: str
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    def mentions(self, digest: str) -> bool:
        """Return whether the line holds *digest*, an HMAC from `Vault.audit_hash`."""
        return digest in json.dumps(dict(self.raw))
