"""How a version ends, as data: the notice, who uses it, who has an exemption, and whether it may be removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from helpers.clients.registry.errors import RegistryError
from helpers.core.display import Displayed

#: ``unknown``: it cannot be told who would be broken. It stops a removal just as ``refused`` does.
Verdict = Literal["allowed", "refused", "unknown"]


@dataclass(frozen=True)
class Notice:
    """That a version goes.

    Attributes:
        reason: why. since: day of the notice. removal: first day on which it may be removed.
        replacement: version or module to move to. link: of the guide.
    """

    version: str
    reason: str
    since: date
    removal: date
    replacement: str
    link: str = ""

    @classmethod
    def from_data(cls, version: str, data: Mapping[str, Any]) -> Notice:
        """Return the notice in the registry's data."""
        days = {key: date.fromisoformat(data[key]) for key in ("since", "removal")}
        return cls(version, data["reason"], days["since"], days["removal"], data["replacement"], data.get("link", ""))


@dataclass(frozen=True)
class Use:
    """One call of a module in a consumer's code.

    Attributes:
        call: its address there, such as ``module.artifacts``. constraint: as it is written, empty when there is none.
        version: that is in use; empty when that could not be told.
        found: ``installed`` (in ``modules.json``), ``resolved`` (what the constraint takes today), ``unknown``.
        where: file and line, or why it is unknown.
    """

    call: str
    constraint: str
    version: str
    found: Literal["installed", "resolved", "unknown"]
    where: str


@dataclass(frozen=True)
class Consumer:
    """A repository that calls a module, as it was last read.

    Attributes:
        seen: the day it was read.
    """

    name: str
    uses: tuple[Use, ...]
    seen: date

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions it uses, each once; an empty one stands for a call that could not be told."""
        return tuple(sorted({use.version for use in self.uses}))

    @property
    def known(self) -> bool:
        """Whether the version of every call is known."""
        return all(use.found != "unknown" for use in self.uses)

    @classmethod
    def from_data(cls, name: str, data: Mapping[str, Any]) -> Consumer:
        """Return the consumer in the registry's data."""
        return cls(name, tuple(Use(**use) for use in data["uses"]), date.fromisoformat(data["seen"]))

    def __repr__(self) -> str:
        versions = ", ".join(version or "unknown" for version in self.versions) or "none"
        return f"Consumer({self.name}: {versions})"


@dataclass(frozen=True)
class Exemption:
    """That a consumer may stay on a version for a while: until the day before *until*, agreed by whom and why."""

    consumer: str
    until: date
    reason: str
    approved_by: str

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Exemption:
        """Return the exemption in the registry's data."""
        return cls(data["consumer"], date.fromisoformat(data["until"]), data["reason"], data["approved_by"])


@dataclass(frozen=True)
class RemovalVerdict(Displayed):
    """Whether a version may be removed on a day.

    Attributes:
        reasons: all of them. breaks: the consumers that would lose, or lost, a version they use.
    """

    version: str
    day: date
    verdict: Verdict
    reasons: tuple[str, ...]
    breaks: tuple[str, ...] = ()

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RemovalVerdict:
        """Return the verdict in the registry's answer."""
        day = date.fromisoformat(data["day"])
        return cls(data["version"], day, data["verdict"], tuple(data["reasons"]), tuple(data["breaks"]))

    def to_data(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready data."""
        day = self.day.isoformat()
        return {**vars(self), "day": day, "reasons": list(self.reasons), "breaks": list(self.breaks)}

    def __repr__(self) -> str:
        return f"RemovalVerdict({self.version} on {self.day}: {self.verdict}, {len(self.reasons)} reasons)"


class RemovalRefused(RegistryError):
    """The version stays (HTTP 409); ``verdict`` says why."""

    code = "registry-removal-refused"

    def __init__(self, verdict: RemovalVerdict, what: str) -> None:
        why = "\n".join(f"- {reason}" for reason in verdict.reasons)
        super().__init__(what, why=why, next="registry.removal(module, version) shows it again, for any day.")
        self.verdict = verdict
