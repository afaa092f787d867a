"""What the registry says of a module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.core.display import Displayed


@dataclass(frozen=True)
class Signature:
    """State of a version's signature: ``verified`` or ``refused``, by which key, checked when (UTC)."""

    status: str
    key_id: str
    key_name: str
    verified_at: str

    @property
    def key(self) -> str:
        """The key for a person: its name and the start of its id."""
        return f"{self.key_name} ({self.key_id[:16]})"


@dataclass(frozen=True)
class Module(Displayed):
    """A version of a module as the registry knows it.

    Attributes:
        source: address for a ``source`` argument.
        version: this version.
        versions: all versions, newest first.
        description: one line.
        versioning: how versions are chosen.
        support: whom to ask, as text.
        signature: its state.
        digest: SHA-256 of the archive, hex.
        inputs: name, type, description, required, default, sensitive each.
        outputs: name, description, sensitive each.
        page_url: the page for people.
        raw: everything the registry said.
    """

    source: str
    version: str
    versions: tuple[str, ...]
    description: str
    versioning: str
    support: str
    signature: Signature
    digest: str
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...]
    page_url: str
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    def __repr__(self) -> str:
        return f"Module({self.source} {self.version}, {self.signature.status}, {len(self.versions)} versions)"
