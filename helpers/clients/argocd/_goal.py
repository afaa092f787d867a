"""When is an application where we want it, and if not, why not?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from helpers.clients.argocd.errors import clean, from_application
from helpers.clients.argocd.types import Application


@dataclass(frozen=True)
class Goal:
    """What to wait for; ``None`` leaves a part out.

    Attributes:
        operation: no operation runs or is asked for, and the comparison is younger than the last one.
        revision: the commit that the comparison was made with.
    """

    sync: str | None = "Synced"
    health: str | None = "Healthy"
    operation: bool = True
    revision: str | None = None

    def met(self, application: Application) -> bool:
        """Is it there?"""
        return not next(iter(self.unmet(application)), None)

    def unmet(self, application: Application) -> Iterable[str]:
        """Yield what is not there yet, one sentence each."""
        if self.operation and busy(application):
            yield f"operation: {_running(application)}"
        if self.revision is not None and application.revision != self.revision:
            yield f"revision: {application.revision[:12] or 'none'}, not {self.revision[:12]}"
        if self.sync == "Synced" and any(c.type == "ComparisonError" for c in application.conditions):
            # Argo CD still calls it Synced when it refuses the revision for its signature.
            yield "comparison: refused"
        if self.sync is not None and application.sync != self.sync:
            yield f"sync: {application.sync}{_which(application, 'sync', self.sync)}"
        if self.health is not None and application.health != self.health:
            message = clean(str(((application.raw.get("status") or {}).get("health") or {}).get("message", "")))
            yield f"health: {application.health}{' (' + message + ')' if message else ''}" + _which(
                application, "health", self.health
            )

    def __str__(self) -> str:
        states = [state for state in (self.sync, self.health) if state]
        at = f" at {self.revision[:12]}" if self.revision else ""
        return (" and ".join(states) or "idle") + at


def busy(application: Application) -> bool:
    """Does an operation run, or was one asked for, or is the comparison older than the last one?"""
    last = application.operation
    if application.raw.get("operation") or (last is not None and not last.done):
        return True
    # Both times have whole seconds, in one format.
    return last is not None and not last.dry_run and application.reconciled_at < last.finished


def why(application: Application, goal: Goal) -> str:
    """Return why an application is not where it should be: states, resources, conditions, the last operation."""
    lines = list(goal.unmet(application))
    lines += [f"{c.type}: {clean(c.message)}" for c in application.conditions]
    last = application.operation
    if last is not None and last.phase in ("Failed", "Error"):
        lines.append(f"last operation {last.phase}: {clean(last.message)}")
        lines += [f"  {r.kind} {r.name}: {clean(r.message)}" for r in last.resources if r.status == "SyncFailed"]
    return "\n".join(dict.fromkeys(lines))


def advice(application: Application) -> str:
    """Return the next thing to do about it."""
    error = from_application(application)
    if error is not None and error.next:
        return error.next
    name = application.name
    if application.sync == "OutOfSync" and not busy(application):
        return f"argo.diff({name!r}) shows what differs; argo.sync({name!r}) makes it so."
    return f"argo.tree({name!r}) shows each resource; wait longer with timeout=."


def _running(application: Application) -> str:
    last = application.operation
    if last is None or last.done:
        return "asked for, not begun" if application.raw.get("operation") else "done, not compared again yet"
    return f"{last.phase}{': ' + clean(last.message) if last.message else ''}"


def _which(application: Application, part: str, wanted: str) -> str:
    """Return the resources that are the cause, each with its message."""
    found = [r for r in application.resources if getattr(r, part) not in ("", wanted)]
    rows = [
        f"\n  {r.kind} {r.name}: {getattr(r, part)}{' (' + r.message + ')' if r.message else ''}" for r in found[:10]
    ]
    more = f"\n  and {len(found) - 10} more" if len(found) > 10 else ""
    return "".join(rows) + more
