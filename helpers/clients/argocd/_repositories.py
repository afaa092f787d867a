"""Repositories, commits and keys as Argo CD knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, repr=False)
class Repository:
    """A repository that Argo CD has credentials for; *status*: ``Successful``, ``Failed`` or ``Unknown``."""

    url: str
    person: str = ""
    project: str = ""
    status: str = "Unknown"
    message: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Repository:
        """Return the repository described by the API's JSON; it has no password."""
        state = raw.get("connectionState") or {}
        url, person, project = (raw.get(key) or "" for key in ("repo", "username", "project"))
        return cls(url, person, project, state.get("status") or "Unknown", state.get("message") or "")

    def __repr__(self) -> str:
        return f"Repository({self.url}: {self.status})"


@dataclass(frozen=True, repr=False)
class Revision:
    """A commit as Argo CD's repo server sees it; *signature* is its own sentence, empty when it did not look."""

    revision: str
    author: str = ""
    at: str = ""
    message: str = ""
    tags: tuple[str, ...] = ()
    signature: str = ""
    problems: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, revision: str, raw: Mapping[str, Any]) -> Revision:
        """Return the commit described by ``/revisions/REVISION/metadata``."""
        checks = (raw.get("sourceIntegrityResult") or {}).get("Checks") or ()
        return cls(
            revision,
            raw.get("author", ""),
            raw.get("date") or "",
            raw.get("message", ""),
            tuple(raw.get("tags") or ()),
            raw.get("signatureInfo", ""),
            tuple(problem for check in checks for problem in check.get("Problems") or ()),
        )

    def __repr__(self) -> str:
        return f"Revision({self.revision[:8]} by {self.author}: {self.message.partition(chr(10))[0]!r})"


@dataclass(frozen=True, repr=False)
class GpgKey:
    """A GnuPG public key in Argo CD's keyring; *key_id* is what ``sourceIntegrity`` policies list."""

    key_id: str
    owner: str = ""
    fingerprint: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> GpgKey:
        """Return the key described by the API's JSON."""
        return cls(raw.get("keyID", ""), raw.get("owner", ""), raw.get("fingerprint", ""))

    def __repr__(self) -> str:
        return f"GpgKey({self.key_id} of {self.owner})"
