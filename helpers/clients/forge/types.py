"""What the forge says, as types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from helpers.clients.forge.errors import blocker_line
from helpers.clients.forge.policy import Policy
from helpers.core.display import Displayed
from helpers.core.verdicts.gates import Finding, Gate, GateReport

State = Literal["open", "merged", "closed"]


@dataclass(frozen=True)
class Person:
    """Somebody with an account.

    Attributes:
        name: as in `Forge`. full_name, email: as in commits.
        role: ``member``, ``admin`` (may break the glass) or ``reader`` (only reads).
        trusted: whether the server vouches for the key (``allowed_signers``).
        fingerprint: of the signing key.
    """

    name: str
    full_name: str
    email: str
    role: str
    trusted: bool
    fingerprint: str

    def __repr__(self) -> str:
        return f"Person({self.name}, {self.role}, {'trusted' if self.trusted else 'key not trusted'})"


@dataclass(frozen=True)
class Credentials:
    """How a program logs in to the forge; the password is never shown."""

    url: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Repository:
    """A repository: address, rules, and the tip of each branch."""

    name: str
    url: str
    policy: Policy
    branches: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Repository({self.name} at {self.url}, {len(self.branches)} branches)"


@dataclass(frozen=True)
class Approval:
    """One approval.

    Attributes:
        person, commit, at: who approved which commit, and when (UTC).
        valid: whether it counts for the head as it is now.
        reason: why it does not count.
    """

    person: str
    commit: str
    at: datetime
    valid: bool
    reason: str = ""

    def __repr__(self) -> str:
        return f"Approval({self.person} of {self.commit[:10]}{'' if self.valid else ': ' + self.reason})"


@dataclass(frozen=True)
class PullRequest(Displayed):
    """A pull request as it stood when it was asked for.

    Attributes:
        repository, number, title, author: which one it is.
        source, target: branches. head: tip of the source, the commit that would land.
        state: ``open``, ``merged``, ``closed``.
        approvals: those given, whether or not they count.
        gates: what the gates said of this head; None when they did not run for it.
        blockers: what stands against landing; empty when nothing does.
        merged_by: who landed it.
        break_glass: who broke the glass for it, and why.
    """

    number: int
    title: str
    author: str
    source: str
    target: str
    head: str
    state: State
    approvals: tuple[Approval, ...]
    gates: GateReport | None
    blockers: tuple[str, ...]
    repository: str = ""
    merged_by: str = ""
    break_glass: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can land as it is."""
        return self.state == "open" and not self.blockers

    def __repr__(self) -> str:
        more = {"open": f", {len(self.blockers)} blockers" if self.blockers else ", ready"}.get(self.state, "")
        return f"PullRequest(#{self.number} {self.source} -> {self.target} at {self.head[:10]}: {self.state}{more})"


@dataclass(frozen=True)
class AuditEntry(Displayed):
    """One recorded decision.

    Attributes:
        at: when, UTC.
        actor: who asked for it.
        action: ``create``, ``policy``, ``push``, ``open``, ``gates``, ``approve``, ``merge``, ``close`` or
            ``break-glass``.
        decision: ``accepted``, ``refused``, or ``failed`` (accepted, but it could not be carried out).
        reason: why. commit, ref: what it is about. pull: number of the pull request, 0 without one.
    """

    at: datetime
    actor: str
    action: str
    decision: str
    reason: str
    commit: str
    ref: str
    pull: int
    repository: str

    def __repr__(self) -> str:
        return f"AuditEntry({self.at:%H:%M:%S} {self.actor} {self.action} {self.commit[:10]}: {self.decision})"


class Audit(tuple[AuditEntry, ...], Displayed):
    """Audit entries, oldest first; a tuple with a rich display."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Audit({len(self)} entries)"


def pull_of(repository: str, row: Mapping[str, Any]) -> PullRequest:
    """Return the pull request in an answer of the server."""
    glass = row.get("break_glass") or {}
    return PullRequest(
        row["number"],
        row["title"],
        row["author"],
        row["source"],
        row["target"],
        row["head"],
        row["state"],
        tuple(
            Approval(a["person"], a["commit"], datetime.fromisoformat(a["at"]), not a["fault"], a["fault"])
            for a in row["approvals"]
        ),
        _gates(row["gates"]),
        tuple(blocker_line(b) for b in row["blockers"]),
        repository,
        row.get("merged_by", ""),
        f"{glass['by']}: {glass['reason']}" if glass else "",
    )


def _gates(row: Mapping[str, Any] | None) -> GateReport | None:
    if row is None:
        return None

    gates = tuple(
        Gate(g["name"], g["status"], g["reason"], tuple(Finding(**f) for f in g["findings"]), g["seconds"])
        for g in row["gates"]
    )
    return GateReport(gates, row["commit"], row["base"])


def entry_of(row: Mapping[str, Any]) -> AuditEntry:
    """Return the audit entry in an answer of the server."""
    texts = {k: row[k] for k in ("actor", "action", "decision", "reason", "commit", "ref", "pull", "repository")}
    return AuditEntry(at=datetime.fromisoformat(row["at"]), **texts)
