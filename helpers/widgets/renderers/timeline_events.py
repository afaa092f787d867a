"""What happened when, from what Argo CD, the forge and Kubernetes say. Knows nothing of drawing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from helpers.clients.argocd.types import Application, ApplicationEvent, Operation
from helpers.clients.forge.types import AuditEntry, PullRequest
from helpers.clients.kubernetes.types import Event
from helpers.core.errors import BadInput
from helpers.widgets.renderers.gitops import several, short
from helpers.widgets.renderers.timeline_event import TimelineEvent, in_order


def timeline_events(items: Any) -> tuple[TimelineEvent, ...]:
    """Return what happened, oldest first, from a mix of sources; what has no time is left out.

    Args:
        items: `TimelineEvent`, `ApplicationEvent`, `Application` (its history), `Event` of Kubernetes, `PullRequest`
            (its approvals), `AuditEntry` of the forge; one or many.

    Raises:
        BadInput: an item is none of these.
    """
    known = _Applications()
    return in_order(event for item in several(items) for event in _of(item, known))


class _Applications:
    """The last state of each application of a stream, and which of them drifted."""

    def __init__(self) -> None:
        self.last: dict[str, Application] = {}
        self.drifted: set[str] = set()


def _of(item: object, known: _Applications) -> Iterable[TimelineEvent]:
    match item:
        case TimelineEvent():
            return (item,)
        case ApplicationEvent():
            return _changes(item, known)
        case Application():
            return _history(item)
        case PullRequest():
            return _approvals(item)
        case Event():
            words = f"{item.reason} {item.about.kind}".strip()
            return (TimelineEvent(item.last or item.first, "event", item.type, words, item.about.name),)
        case AuditEntry():
            return (_audited(item),)
    raise BadInput(
        f"A timeline does not know what to do with {type(item).__name__}",
        next="Give it applications, their events, events of the cluster, pull requests, audit entries, or"
        " TimelineEvent(...).",
    )


def _changes(event: ApplicationEvent, known: _Applications) -> Iterator[TimelineEvent]:
    """Yield what changed since the last event of the same application."""
    app = event.application
    before = known.last.get(app.name)
    if event.kind == "DELETED":
        known.last.pop(app.name, None)
        yield TimelineEvent(event.at, "health", "Missing", "deleted", app.name)
        return
    known.last[app.name] = app
    if before is None or before.sync != app.sync:
        yield TimelineEvent(event.at, "sync", app.sync, "", app.name)
    if before is None or before.health != app.health:
        yield TimelineEvent(event.at, "health", app.health, "", app.name)
    # The same commit and another answer: not Git has changed, the cluster has.
    if before is not None and before.revision == app.revision != "":
        if (before.sync, app.sync) == ("Synced", "OutOfSync"):
            known.drifted.add(app.name)
            yield TimelineEvent(event.at, "drift", "drifted", "the cluster changed, Git did not", app.name)
        if (before.sync, app.sync) == ("OutOfSync", "Synced") and app.name in known.drifted:
            known.drifted.remove(app.name)
            yield TimelineEvent(event.at, "heal", "healed", f"back to {short(app.revision)}", app.name)
    operation = app.operation
    if operation is not None and operation.done and (before is None or before.operation != operation):
        yield _operation(app.name, operation)


def _operation(name: str, operation: Operation) -> TimelineEvent:
    words = f"sync to {short(operation.revision)}" if operation.revision else "sync"
    began = operation.started or operation.finished
    return TimelineEvent(began, "operation", operation.phase, words, name, operation.finished)


def _history(app: Application) -> Iterator[TimelineEvent]:
    for one in app.history:
        words = f"deployed {short(one.revision)}{f' by {one.by}' if one.by else ''}"
        yield TimelineEvent(one.at, "operation", "Succeeded", words, app.name)
    if app.operation is not None:
        yield _operation(app.name, app.operation)


def _approvals(pull: PullRequest) -> Iterator[TimelineEvent]:
    for one in pull.approvals:
        state = "approved" if one.valid is True else "outdated"
        yield TimelineEvent(one.at, "approval", state, f"by {one.person} of {short(one.commit)}", f"#{pull.number}")


def _audited(entry: AuditEntry) -> TimelineEvent:
    words = f"by {entry.actor}{f': {entry.reason}' if entry.reason else ''}" if entry.actor else entry.reason
    subject = f"#{entry.pull}" if entry.pull else entry.repository
    state = {"approve": "approved", "merge": "merged"}.get(entry.action, entry.action)
    if entry.decision in ("refused", "failed"):
        # What was asked for did not happen.
        state, words = entry.decision, f"{entry.action} {words}".strip()
    return TimelineEvent(entry.at, "audit", state, words, subject)
