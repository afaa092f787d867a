"""What happened when, taken from what Argo CD, the forge and Kubernetes say. Knows nothing of drawing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from helpers.errors import BadInput
from helpers.widgets._cards import field
from helpers.widgets._gitops import several, short

#: The lanes, from top to bottom; others come after them by name.
LANES = ("approval", "audit", "operation", "sync", "health", "drift", "heal", "event")
#: Lanes whose state holds until the next one comes.
HELD = ("sync", "health")


@dataclass(frozen=True)
class Moment:
    """Something that happened.

    Attributes:
        at: when; a ``datetime`` or RFC 3339 text.
        lane: ``sync``, ``health``, ``drift``, ``heal``, ``approval``, ``operation``, ``audit``, ``event`` or your own.
        state: the word that decides how it looks, for example ``OutOfSync``.
        what: a few words.
        subject: the application or resource it is about.
        until: when it ended, for what takes time.
    """

    at: datetime | str
    lane: str
    state: str
    what: str = ""
    subject: str = ""
    until: datetime | str = ""


def when(at: datetime | str) -> datetime | None:
    """Return a time as a ``datetime`` in UTC; ``None`` for text that is no time."""
    if isinstance(at, datetime):
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    try:
        found = datetime.fromisoformat(str(at))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def utc(at: datetime | str) -> str:
    """Return a time for people, in UTC; text that is no time stays as it is."""
    found = when(at)
    return f"{found.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" if found else str(at)[:40]


def moments(items: Any) -> tuple[Moment, ...]:
    """Return what happened, oldest first, from a mix of sources; what has no time is left out.

    Args:
        items: `Moment`, `ApplicationEvent`, `Application` (its history), `Event` of Kubernetes, `PullRequest` (its
            approvals), `AuditEntry`; one or many.
    """
    found: list[Moment] = []
    last: dict[str, Any] = {}
    for item in several(items):
        found += _of(item, last)
    timed = [(at, m) for m in dict.fromkeys(found) if (at := when(m.at)) is not None]
    return tuple(m for _, m in sorted(timed, key=lambda pair: (pair[0], rank(pair[1].lane), pair[1].subject,
                                                               pair[1].state, pair[1].what)))  # fmt: skip


def rank(lane: str) -> tuple[int, str]:
    """Return the place of a lane, for sorting."""
    return (LANES.index(lane), "") if lane in LANES else (len(LANES), lane)


def _of(item: Any, last: dict[str, Any]) -> Iterable[Moment]:
    if isinstance(item, Moment):
        return (item,)
    if hasattr(item, "application") and hasattr(item, "kind"):
        return _event(item, last)
    if hasattr(item, "history") and hasattr(item, "sync"):
        return _history(item)
    if hasattr(item, "approvals"):
        return _approvals(item)
    if hasattr(item, "about") and hasattr(item, "reason"):
        said = f"{item.reason} {item.about.kind}".strip()
        return (Moment(item.last or item.first, "event", item.type, said, item.about.name),)
    if field(item, "action") and field(item, "at"):
        return (_audited(item),)
    raise BadInput(
        f"A timeline does not know what to do with {type(item).__name__}",
        next="Give it applications, their events, events of the cluster, pull requests, audit entries, or Moment(...).",
    )


def _event(item: Any, last: dict[str, Any]) -> Iterator[Moment]:
    """Yield what changed since the last event of the same application."""
    app, before = item.application, last.get(item.application.name)
    last[app.name] = app
    if item.kind == "DELETED":
        del last[app.name]
        yield Moment(item.at, "health", "Missing", "deleted", app.name)
        return
    if before is None or before.sync != app.sync:
        yield Moment(item.at, "sync", app.sync, "", app.name)
    if before is None or before.health != app.health:
        yield Moment(item.at, "health", app.health, "", app.name)
    # The same commit and another answer: not Git has changed, the cluster has.
    if before is not None and before.revision == app.revision != "":
        if (before.sync, app.sync) == ("Synced", "OutOfSync"):
            last[f"drift of {app.name}"] = True
            yield Moment(item.at, "drift", "drifted", "the cluster changed, Git did not", app.name)
        if (before.sync, app.sync) == ("OutOfSync", "Synced") and last.pop(f"drift of {app.name}", None):
            yield Moment(item.at, "heal", "healed", f"back to {short(app.revision)}", app.name)
    operation = app.operation
    if operation is not None and operation.done and (before is None or before.operation != operation):
        yield _operation(app.name, operation)


def _operation(name: str, operation: Any) -> Moment:
    said = f"sync to {short(operation.revision)}" if operation.revision else "sync"
    return Moment(operation.started or operation.finished, "operation", operation.phase, said, name, operation.finished)


def _history(app: Any) -> Iterator[Moment]:
    for one in app.history:
        said = f"deployed {short(one.revision)}{f' by {one.by}' if one.by else ''}"
        yield Moment(one.at, "operation", "Succeeded", said, app.name)
    if app.operation is not None:
        yield _operation(app.name, app.operation)


def _approvals(pull: Any) -> Iterator[Moment]:
    for one in pull.approvals:
        state = "approved" if getattr(one, "valid", False) is True else "outdated"
        yield Moment(one.at, "approval", state, f"by {one.person} of {short(str(one.commit))}", f"#{pull.number}")


def _audited(entry: Any) -> Moment:
    action = str(field(entry, "action")).replace("_", "-").replace(" ", "-")
    by, number = field(entry, "person", "actor", "who", "by"), field(entry, "number", "pull")
    why = str(field(entry, "reason"))
    said = f"by {by}{f': {why}' if why else ''}" if by else why
    subject = f"#{number}" if number else str(field(entry, "repository"))
    state = {"approve": "approved", "merge": "merged"}.get(action, action)
    if (decision := str(field(entry, "decision"))) in ("refused", "failed"):
        # What was asked for did not happen.
        state, said = decision, f"{action} {said}".strip()
    return Moment(field(entry, "at"), "audit", state, said, subject)
