"""What drift over many stacks is made of: stacks, rules for noise, findings, and a report that a team acts on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from helpers.core.display import Displayed
from helpers.core.errors import BadInput, CourseError

#: What is known of a stack. ``unapplied`` is code that nobody applied, which is not drift; ``unknown`` is none of them.
StackStatus = Literal["in-sync", "drifted", "unapplied", "both", "unknown"]
#: In the order in which somebody must do something about them.
STATUSES: tuple[StackStatus, ...] = ("both", "drifted", "unknown", "unapplied", "in-sync")
#: Exit code of a run; the worst counts.
EXIT_CODES: Mapping[StackStatus, int] = {"in-sync": 0, "drifted": 1, "both": 1, "unknown": 3, "unapplied": 4}


class DriftError(CourseError):
    """Base of the errors of this package."""

    code = "drift-error"


class BadDriftFile(BadInput):
    """``drift.yaml`` or the history is not valid; no stack was looked at."""

    code = "bad-drift-file"
    exit_code = 3


class ActionRefused(DriftError):
    """Healing or adopting now would do more than undo or record the drift, so nothing was done."""

    code = "drift-action-refused"


@dataclass(frozen=True)
class Stack:
    """One root module with a state of its own.

    Attributes:
        directory: of the module. owner: team that decides. contact: where it is told.
        account: whose credentials the job uses; empty for those of the environment.
    """

    name: str
    directory: Path
    owner: str
    contact: str = ""
    account: str = ""


@dataclass(frozen=True)
class IgnoreRule:
    """Noise that somebody answers for. ``*`` stands for any text in *stack*, *resource* and *attribute*.

    Attributes:
        until: last day on which it counts.
    """

    stack: str
    resource: str
    attribute: str
    owner: str
    reason: str
    until: date


@dataclass(frozen=True)
class DriftSettings:
    """What ``drift.yaml`` says.

    Attributes:
        parallel: stacks at once. timeout: seconds that one command of Terraform may take.
        lock_timeout: how long to wait for a state that an apply has locked.
    """

    stacks: tuple[Stack, ...]
    ignore: tuple[IgnoreRule, ...] = ()
    parallel: int = 4
    timeout: float = 300.0
    lock_timeout: str = "30s"

    def stack(self, name: str) -> Stack:
        """Return one stack.

        Raises:
            BadInput: there is none of that name.
        """
        for one in self.stacks:
            if one.name == name:
                return one
        raise BadInput(f"There is no stack {name!r}", why=f"There are {', '.join(s.name for s in self.stacks)}.")


@dataclass(frozen=True)
class DriftFinding:
    """One attribute that differs, or one object that is gone.

    Attributes:
        attribute: path of the attribute; empty when the whole object is gone.
        before: value in the state. after: value of the real object; sensitive values are masked.
        ignored_by: the rule that keeps it out. expired: a rule that would have, and whose end is past.
        first_seen: when a run first saw it. looked_before: when the run before that saw nothing; None for no such run.
    """

    address: str
    attribute: str
    before: Any = None
    after: Any = None
    ignored_by: IgnoreRule | None = None
    expired: IgnoreRule | None = None
    first_seen: datetime | None = None
    looked_before: datetime | None = None

    @property
    def key(self) -> str:
        """What makes it the same finding in the next run."""
        return f"{self.address} {self.attribute}".strip()

    @property
    def gone(self) -> bool:
        """Whether the whole object is gone."""
        return not self.attribute

    def age(self, now: datetime) -> timedelta:
        """Return how long it has been known; nothing for a new one."""
        return now - self.first_seen if self.first_seen else timedelta(0)


@dataclass(frozen=True)
class Advice:
    """What to do about the drift of a stack.

    Attributes:
        kind: ``heal`` (the code wins) or ``adopt`` (the real object wins).
        reason: why this one. steps: what to do, in order.
    """

    kind: Literal["heal", "adopt"]
    reason: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class StackDrift:
    """What is known of one stack.

    Attributes:
        unapplied: ``(address, action)`` of what the code would change in a state that nobody touched.
        why: what kept Terraform from telling.
        seconds: how long it took.
    """

    stack: Stack
    status: StackStatus
    findings: tuple[DriftFinding, ...] = ()
    unapplied: tuple[tuple[str, str], ...] = ()
    why: str = ""
    advice: Advice | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def active(self) -> tuple[DriftFinding, ...]:
        """The findings that no rule keeps out."""
        return tuple(one for one in self.findings if one.ignored_by is None)

    @property
    def ignored(self) -> tuple[DriftFinding, ...]:
        """The findings that a rule keeps out."""
        return tuple(one for one in self.findings if one.ignored_by is not None)

    def first_seen(self) -> datetime | None:
        """Return when the oldest active finding was first seen."""
        return min((one.first_seen for one in self.active if one.first_seen), default=None)

    def __repr__(self) -> str:
        detail = f", {len(self.active)} findings" if self.active else ""
        return f"StackDrift({self.stack.name}: {self.status}{detail})"


@dataclass(frozen=True)
class DriftReport(Displayed):
    """What is known of all stacks at one time; the worst first.

    Attributes:
        at: when the run began, UTC. seconds: how long it took.
    """

    at: datetime
    stacks: tuple[StackDrift, ...]
    seconds: float = field(default=0.0, compare=False)

    def of(self, *statuses: StackStatus) -> tuple[StackDrift, ...]:
        """Return the stacks with one of these answers."""
        return tuple(one for one in self.stacks if one.status in statuses)

    def stack(self, name: str) -> StackDrift:
        """Return the answer about one stack.

        Raises:
            BadInput: there is none of that name.
        """
        for one in self.stacks:
            if one.stack.name == name:
                return one
        raise BadInput(f"There is no stack {name!r}", why=f"There are {', '.join(s.stack.name for s in self.stacks)}.")

    @property
    def expired_rules(self) -> tuple[IgnoreRule, ...]:
        """Rules whose end is past and that would have kept something out."""
        found = (one.expired for stack in self.stacks for one in stack.findings if one.expired is not None)
        return tuple(dict.fromkeys(found))

    @property
    def exit_code(self) -> int:
        """0 in sync, 1 drifted, 3 could not tell (also when there is no stack), 4 only code that nobody applied."""
        found = {EXIT_CODES[one.status] for one in self.stacks}
        return next((code for code in (1, 3, 4) if code in found), 0 if found else 3)

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.of(one))} {one}" for one in STATUSES if self.of(one))
        return f"DriftReport({counts or 'no stack'})"


def sort_stacks(found: list[StackDrift]) -> tuple[StackDrift, ...]:
    """Return answers, the worst first, then by name."""
    return tuple(sorted(found, key=lambda one: (STATUSES.index(one.status), one.stack.name)))
