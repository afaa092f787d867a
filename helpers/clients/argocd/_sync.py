"""Operations: sync, rollback, terminate, and waiting for what comes of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from helpers.clients.argocd._applications import ApplicationCalls
from helpers.clients.argocd._events import Events
from helpers.clients.argocd._goal import Goal, advice, why
from helpers.clients.argocd._http import segment
from helpers.clients.argocd._repositories import Revision
from helpers.clients.argocd.errors import (
    ArgoNotFound,
    Cancelled,
    PermissionDenied,
    TimedOut,
    from_application,
    from_operation,
    from_running,
)
from helpers.clients.argocd.types import Application, Operation
from helpers.core.errors import BadInput


class Named(Protocol):
    """A resource: `ResourceStatus`, `ResourceDiff`, `Node` and the like."""

    @property
    def group(self) -> str:
        """API group."""

    @property
    def kind(self) -> str:
        """Kind."""

    @property
    def name(self) -> str:
        """Name."""

    @property
    def namespace(self) -> str:
        """Namespace."""


class SyncCalls(ApplicationCalls):
    """Calls that change the cluster, and waiting."""

    def sync(
        self,
        name: str,
        *,
        revision: str | None = None,
        prune: bool = False,
        dry_run: bool = False,
        resources: Iterable[Named] | None = None,
        wait: bool = True,
        timeout: float = 120,
    ) -> Operation:
        """Make the cluster as Git says, and return the operation when it is over.

        Args:
            name: of the application.
            revision: commit, branch or tag; by default the application's own.
            prune: delete what Git no longer has.
            dry_run: let the API server judge, change nothing.
            resources: only these, for example some of ``application.resources``.
            wait: for the end of the operation (not for health: `wait`); without it, return it as it begins.
            timeout: seconds to wait.

        Raises:
            SyncRefused: a sync window, another operation, an unsigned commit (``error.reason``).
            ComparisonFailed, ProjectForbids, SyncFailed: it ended badly; ``error.operation`` has the details.
            TimedOut, ArgoNotFound, PermissionDenied.
        """
        body: dict[str, Any] = {"prune": prune, "dryRun": dry_run}
        body |= {"revision": revision} if revision is not None else {}
        if resources is not None:
            body["resources"] = [_named(item) for item in resources]
            if not body["resources"]:
                raise BadInput("There is nothing to sync", why="No resource was named.", next=f"argo.sync({name!r})")
        return self._operate(name, "sync", "POST", f"/applications/{segment(name)}/sync", body, wait, timeout)

    def rollback(
        self, name: str, id: int, *, prune: bool = False, dry_run: bool = False, wait: bool = True, timeout: float = 120
    ) -> Operation:
        """Deploy an earlier entry of the history again, and return the operation when it is over.

        Args:
            name: of the application. id: of the entry, see `history`.
            prune, dry_run, wait, timeout: as for `sync`.

        Raises:
            SyncRefused: auto-sync is on (revert the commit in Git instead), or a sync window holds it back until it
                opens. ArgoNotFound: no such entry. Else as `sync`.
        """
        body = {"id": id, "prune": prune, "dryRun": dry_run}
        return self._operate(name, "rollback", "POST", f"/applications/{segment(name)}/rollback", body, wait, timeout)

    def terminate(self, name: str, *, timeout: float = 60) -> Operation:
        """Stop the operation that runs, and return it when it has stopped. What it changed stays changed.

        Raises:
            Invalid: none runs. TimedOut, ArgoNotFound, PermissionDenied.
        """
        try:
            self.call("DELETE", f"/applications/{segment(name)}/operation", "sync", f"application {name}")
        except PermissionDenied as error:
            raise self._hidden(name, error) from None
        return self._ended(name, 0, timeout)

    def wait(
        self,
        name: str,
        *,
        sync: str | None = "Synced",
        health: str | None = "Healthy",
        operation: bool = True,
        revision: str | None = None,
        missing_ok: bool = False,
        timeout: float = 60,
    ) -> Application:
        """Wait, on the live stream, until an application is where it should be, and return it.

        Args:
            name: of the application.
            sync, health: state to wait for; ``None``: any.
            operation: also wait for the end of a running operation.
            revision: a full commit id to be compared with; Argo CD is asked to look into Git at once.
            missing_ok: wait also for the application to be made, by an ApplicationSet or an App-of-Apps.
            timeout: seconds.

        Raises:
            TimedOut: it says what is not there and why, and ``error.cause`` is the typed error behind it.
            ArgoNotFound: there is none, or it was deleted meanwhile. PermissionDenied, Unreachable, Cancelled.
        """
        if not missing_ok:
            self.application(name, refresh="normal" if revision is not None else None)
        goal = Goal(sync, health, operation, revision)
        return self._wait((name,), goal, missing_ok, timeout)[0]

    def wait_all(
        self,
        names: Iterable[str],
        *,
        sync: str | None = "Synced",
        health: str | None = "Healthy",
        operation: bool = True,
        timeout: float = 120,
    ) -> tuple[Application, ...]:
        """Wait for many applications on one stream, also for those still to be made; return them in that order.

        Raises:
            TimedOut: ``error.applications`` has those that are not there. Else as `wait`.
        """
        return self._wait(tuple(dict.fromkeys(names)), Goal(sync, health, operation), True, timeout)

    def revision(self, name: str, revision: str | None = None) -> Revision:
        """Return author, time, message and signature of a commit; by default of the one compared with.

        Raises:
            ArgoNotFound: the repository has no such commit. ComparisonFailed: Argo CD cannot reach it.
        """
        found = revision or self.application(name).revision
        if not found:
            raise ArgoNotFound(f"{name} has no revision yet", next=f"argo.application({name!r}, refresh='normal')")
        path = f"/applications/{segment(name)}/revisions/{segment(found)}/metadata"
        return Revision.from_json(found, self.call("GET", path, "get", f"revision {found[:12]} of {name}"))

    def _operate(
        self, name: str, action: str, method: str, path: str, body: dict[str, Any], wait: bool, timeout: float
    ) -> Operation:
        try:
            answer = self.call(method, path, action, f"application {name}", body=body)
        except PermissionDenied as error:
            raise self._hidden(name, error) from None
        if not wait:
            asked = answer.get("operation") or {}
            return Operation.from_json({"phase": "Running", "operation": asked})
        version = int((answer.get("metadata") or {}).get("resourceVersion") or 0)
        done = self._ended(name, version, timeout)
        if done.phase != "Succeeded":
            raise from_operation(done, name)
        return done

    def _ended(self, name: str, version: int, timeout: float) -> Operation:
        """Return the operation that was asked for at *version* of the application, when it is over."""
        last: Application | None = None
        with Events(self._api, name, timeout=timeout) as events:
            for event in events:
                last = event.application
                if event.kind == "DELETED":
                    raise _deleted(name)
                # An operation that is over is no longer asked for; the stream may begin with an older state.
                operation = None if last.raw.get("operation") else last.operation
                if operation is not None and operation.done and _version(last) >= version:
                    return operation
                held = None if last.operation is None else from_running(last.operation, name)
                # For a moment the controller may know older windows than the API server.
                if held is not None and not self.can_sync(name):
                    raise held
            if events.closed:
                raise Cancelled(f"Waiting for {name} was cancelled", next=f"argo.application({name!r}).operation")
        raise _timed_out([last] if last else [], (name,), Goal(None, None), timeout)

    def _wait(self, names: Sequence[str], goal: Goal, missing_ok: bool, timeout: float) -> tuple[Application, ...]:
        seen: dict[str, Application] = {}
        left = set(names)
        until = time.monotonic() + timeout
        with Events(self._api, names[0] if len(names) == 1 else None, timeout=timeout) as events:
            while left:
                event = next(events, None)
                if event is None:
                    break
                name = event.application.name
                if name not in names:
                    continue
                if event.kind == "DELETED":
                    if not missing_ok:
                        raise _deleted(name)
                    seen.pop(name, None)
                    left.add(name)
                    continue
                seen[name] = event.application
                (left.discard if goal.met(event.application) else left.add)(name)
            if left and events.closed and time.monotonic() < until:
                raise Cancelled(f"Waiting for {', '.join(sorted(left)[:3])} was cancelled", next="argo.applications()")
        if left:
            raise _timed_out([seen[n] for n in names if n in seen and n in left], sorted(left), goal, timeout)
        return tuple(seen[name] for name in names)


def _named(item: Named) -> dict[str, str]:
    return {"group": item.group, "kind": item.kind, "name": item.name, "namespace": item.namespace}


def _version(application: Application) -> int:
    return int((application.raw.get("metadata") or {}).get("resourceVersion") or 0)


def _deleted(name: str) -> ArgoNotFound:
    return ArgoNotFound(f"{name} was deleted", why="It was deleted during the wait.", next="argo.applications()")


def _timed_out(seen: Sequence[Application], names: Sequence[str], goal: Goal, timeout: float) -> TimedOut:
    """Return the error that says of each application what is not there, and why; of many, of the first five."""
    many = len(names) > 1
    missing = [name for name in names if name not in {application.name for application in seen}]
    parts = [
        f"{a.name}:\n  {why(a, goal).replace(chr(10), chr(10) + '  ')}" if many else why(a, goal) for a in seen[:5]
    ]
    parts += [f"and {len(seen) - 5} more"] if len(seen) > 5 else []
    parts += (
        [f"There is no application {', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}."] if missing else []
    )
    subject = f"{len(names)} applications are" if many else f"{names[0]} is"
    return TimedOut(
        f"{subject} not {goal} after {timeout:g} s",
        applications=seen,
        cause=next((error for a in seen if (error := from_application(a)) is not None), None),
        why="\n".join(parts),
        next=advice(seen[0]) if seen else "argo.applications()",
    )
