"""Where an apply stands, from Terraform's events. Knows nothing of widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.wrappers.terraform.types import Diagnostic, Event

_STARTED = ("apply_start", "provision_start", "refresh_start")
_DONE = ("apply_complete", "refresh_complete")
_FAILED = ("apply_errored", "provision_errored")


@dataclass
class Operation:
    """One resource: its action and state (waiting, working, done, error), and the clock when it began and ended."""

    address: str
    action: str
    state: str = "waiting"
    began: float = 0.0
    ended: float = 0.0

    def seconds(self, now: float) -> float:
        """Return how long it has taken so far."""
        return (self.ended or now) - self.began if self.began else 0.0


@dataclass
class ApplyState:
    """All operations of a run, in the order Terraform planned them.

    Terraform reports progress of a long operation every ten seconds only, so *clock* measures time instead.
    """

    clock: Callable[[], float]
    operations: dict[str, Operation] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    message: str = ""

    def feed(self, event: Event) -> None:
        """Take one event in; unknown types only change the message."""
        if event.type.startswith("apply_") or event.type == "planned_change":
            self._operation(event)
        if (found := event.diagnostic) is not None:
            self.diagnostics.append(found)
        if event.message and event.type not in ("version", "outputs", "diagnostic"):
            self.message = event.message

    def _operation(self, event: Event) -> None:
        if not event.address or event.action in ("no-op", "read"):
            return
        one = self.operations.setdefault(event.address, Operation(event.address, event.action))
        if event.type in _STARTED:
            # A replacement starts twice: first the delete, then the create.
            one.state, one.began, one.ended = "working", one.began or self.clock(), 0.0
        elif event.type in _DONE:
            one.state, one.ended = "done", self.clock()
        elif event.type in _FAILED:
            one.state, one.ended = "error", self.clock()

    def end(self) -> None:
        """Nothing goes on any more: what was under way was cut off."""
        for one in self.operations.values():
            if one.state == "working":
                one.state, one.ended = "cancelled", self.clock()

    def count(self, state: str) -> int:
        """Return how many operations are in *state*."""
        return sum(one.state == state for one in self.operations.values())
