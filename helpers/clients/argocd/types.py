"""What Argo CD's API answers, as types in its own words; parsed from its JSON, unknown fields are ignored.

Source of the fields: Argo CD's API types (``pkg/apis/application/v1alpha1``) and its REST API. Times are RFC 3339
text, as the API gives them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from helpers.clients.argocd._projects import Project, SyncWindow
from helpers.clients.argocd._repositories import GpgKey, Repository, Revision
from helpers.clients.kubernetes.types import Difference, FieldChange, changes_between, difference, mask_secret
from helpers.core.display import Displayed

__all__ = [
    "Application",
    "ApplicationEvent",
    "Condition",
    "Deployed",
    "GpgKey",
    "Health",
    "Node",
    "Operation",
    "Phase",
    "Project",
    "Repository",
    "ResourceDiff",
    "ResourceResult",
    "ResourceStatus",
    "ResourceTree",
    "Revision",
    "Sync",
    "SyncWindow",
]

#: Does the cluster hold what Git says?
Sync = Literal["Synced", "OutOfSync", "Unknown"]
#: Does what the cluster holds work?
Health = Literal["Healthy", "Progressing", "Degraded", "Missing", "Suspended", "Unknown"]
#: Where a sync operation stands.
Phase = Literal["Running", "Succeeded", "Failed", "Error", "Terminating"]


def _sync(raw: Any) -> Sync:
    return raw if raw in get_args(Sync) else "Unknown"


def _phase(raw: Any) -> Phase:
    return raw if raw in get_args(Phase) else "Running"


def _health(raw: Mapping[str, Any] | None) -> Health:
    found = (raw or {}).get("status", "Unknown")
    return found if found in get_args(Health) else "Unknown"


def _path(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


@dataclass(frozen=True)
class Condition:
    """Something Argo CD says of an application: ``SyncError``, ``ComparisonError``, ``OrphanedResourceWarning``, ..."""

    type: str
    message: str
    at: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Condition:
        """Return the condition described by one JSON object."""
        return cls(raw.get("type", ""), raw.get("message", ""), raw.get("lastTransitionTime", ""))


@dataclass(frozen=True, repr=False)
class ResourceStatus:
    """One resource that an application manages. *health* is empty for kinds that have none."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    sync: Sync = "Unknown"
    health: Health | Literal[""] = ""
    message: str = ""
    requires_pruning: bool = False

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ResourceStatus:
        """Return the status described by one entry of ``status.resources``."""
        return cls(
            group=raw.get("group", ""),
            version=raw.get("version", ""),
            kind=raw.get("kind", ""),
            namespace=raw.get("namespace", ""),
            name=raw.get("name", ""),
            sync=_sync(raw.get("status")),
            health=_health(raw["health"]) if raw.get("health") else "",
            message=(raw.get("health") or {}).get("message", ""),
            requires_pruning=bool(raw.get("requiresPruning")),
        )

    def __repr__(self) -> str:
        health = f", {self.health}" if self.health else ""
        return f"ResourceStatus({self.kind} {_path(self.namespace, self.name)}: {self.sync}{health})"


@dataclass(frozen=True, repr=False)
class ResourceResult:
    """What an operation did with one resource; *status*: ``Synced``, ``SyncFailed``, ``Pruned``, ``PruneSkipped``."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    status: str = ""
    message: str = ""
    hook_phase: str = ""
    sync_phase: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ResourceResult:
        """Return the result described by one entry of ``syncResult.resources``."""
        keys = ("group", "version", "kind", "namespace", "name", "status", "message", "hookPhase", "syncPhase")
        return cls(*(raw.get(key) or "" for key in keys))

    def __repr__(self) -> str:
        return f"ResourceResult({self.kind} {_path(self.namespace, self.name)}: {self.status or self.hook_phase})"


@dataclass(frozen=True, repr=False)
class Operation(Displayed):
    """A sync under way or done. *by* is who asked; empty when Argo CD's automation did."""

    phase: Phase
    message: str = ""
    started: str = ""
    finished: str = ""
    revision: str = ""
    resources: tuple[ResourceResult, ...] = ()
    by: str = ""
    dry_run: bool = False

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Operation:
        """Return the operation described by ``status.operationState``."""
        result, asked = raw.get("syncResult") or {}, raw.get("operation") or {}
        return cls(
            phase=_phase(raw.get("phase")),
            message=raw.get("message", ""),
            started=raw.get("startedAt") or "",
            finished=raw.get("finishedAt") or "",
            revision=result.get("revision") or (asked.get("sync") or {}).get("revision", ""),
            resources=tuple(ResourceResult.from_json(r) for r in result.get("resources") or ()),
            by=(asked.get("initiatedBy") or {}).get("username", ""),
            dry_run=bool((asked.get("sync") or {}).get("dryRun")),
        )

    @property
    def done(self) -> bool:
        """Is it over, well or not?"""
        return self.phase in ("Succeeded", "Failed", "Error")

    def __repr__(self) -> str:
        return f"Operation({self.phase}, revision {self.revision[:8] or '?'}, {len(self.resources)} resources)"


@dataclass(frozen=True, repr=False)
class Deployed:
    """One entry of the history: which revision, when, and by whom (``automated`` when nobody asked)."""

    id: int
    revision: str
    at: str
    by: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Deployed:
        """Return the entry described by one object of ``status.history``."""
        asked = raw.get("initiatedBy") or {}
        by = asked.get("username") or ("automated" if asked.get("automated") else "")
        return cls(int(raw.get("id") or 0), raw.get("revision", ""), raw.get("deployedAt") or "", by)

    def __repr__(self) -> str:
        return f"Deployed({self.id}: {self.revision[:8]} at {self.at})"


@dataclass(frozen=True, repr=False)
class Application(Displayed):
    """An application: what it should be, what it is, what was done.

    Attributes:
        namespace: where the Application object itself lives (``argocd``); its resources go to *destination_namespace*.
        revision: commit that the last comparison was made with; *target_revision* is what was asked for (a branch).
        operation: the last sync, running or done; ``None`` before the first.
        raw: the API's JSON.
    """

    name: str
    project: str = "default"
    namespace: str = "argocd"
    sync: Sync = "Unknown"
    health: Health = "Unknown"
    revision: str = ""
    target_revision: str = ""
    repo_url: str = ""
    path: str = ""
    images: tuple[str, ...] = ()
    resources: tuple[ResourceStatus, ...] = ()
    conditions: tuple[Condition, ...] = ()
    operation: Operation | None = None
    history: tuple[Deployed, ...] = ()
    destination_namespace: str = ""
    reconciled_at: str = ""
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Application:
        """Return the application described by the API's JSON; of many sources the first is shown."""
        meta, spec, status = (raw.get(key) or {} for key in ("metadata", "spec", "status"))
        compared = status.get("sync") or {}
        source: Mapping[str, Any] = spec.get("source") or next(iter(spec.get("sources") or ()), {})
        operation = status.get("operationState")
        return cls(
            name=meta.get("name", ""),
            project=spec.get("project") or "default",
            namespace=meta.get("namespace", ""),
            sync=_sync(compared.get("status")),
            health=_health(status.get("health")),
            revision=compared.get("revision") or next(iter(compared.get("revisions") or ()), ""),
            target_revision=source.get("targetRevision") or "HEAD",
            repo_url=source.get("repoURL", ""),
            path=source.get("path", ""),
            images=tuple((status.get("summary") or {}).get("images") or ()),
            resources=tuple(ResourceStatus.from_json(r) for r in status.get("resources") or ()),
            conditions=tuple(Condition.from_json(c) for c in status.get("conditions") or ()),
            operation=Operation.from_json(operation) if operation else None,
            history=tuple(Deployed.from_json(h) for h in status.get("history") or ()),
            destination_namespace=(spec.get("destination") or {}).get("namespace", ""),
            reconciled_at=status.get("reconciledAt") or "",
            raw=dict(raw),
        )

    @property
    def children(self) -> tuple[str, ...]:
        """Names of the applications that this one manages (App-of-Apps)."""
        return tuple(r.name for r in self.resources if r.kind == "Application" and r.group == "argoproj.io")

    def __repr__(self) -> str:
        return f"Application({self.name}: {self.sync}, {self.health}, revision {self.revision[:8] or '?'})"


@dataclass(frozen=True, repr=False)
class ResourceDiff(Displayed):
    """One resource live beside Git. *live* is ``None`` when it is missing, *desired* when Git does not have it."""

    group: str
    kind: str
    namespace: str
    name: str
    live: dict[str, Any] | None
    desired: dict[str, Any] | None
    changes: tuple[FieldChange, ...] = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ResourceDiff:
        """Return the comparison described by one item of ``/managed-resources``.

        Argo CD's normalised live state and predicted live state are compared where it gives them: they leave out what
        it was told to ignore, and defaults of the server.
        """
        live = _state(raw.get("normalizedLiveState")) or _state(raw.get("liveState"))
        target = _state(raw.get("targetState"))
        # Without a target there is nothing to predict: the resource is to be pruned.
        desired = (_state(raw.get("predictedLiveState")) or target) if target and live else target
        group, kind, namespace, name = (raw.get(key) or "" for key in ("group", "kind", "namespace", "name"))
        return cls(group, kind, namespace, name, live, desired, changes_between(live, desired))

    @property
    def status(self) -> Difference:
        """How the two differ."""
        return difference(self.live, self.desired, self.changes)

    def __repr__(self) -> str:
        where = f"{self.kind} {_path(self.namespace, self.name)}"
        return f"ResourceDiff({where}: {self.status}, {len(self.changes)} changes)"


def _state(given: Any) -> dict[str, Any] | None:
    """Return a manifest that is JSON inside JSON; ``null`` and nothing are none."""
    try:
        found = json.loads(given) if isinstance(given, str) and given else given
    except ValueError:
        return None
    return mask_secret(found) if isinstance(found, dict) and found else None


@dataclass(frozen=True, repr=False)
class Node:
    """One node of the tree of resources; *parents* are the ids of the nodes that own it, *health* may be empty."""

    uid: str
    kind: str
    name: str
    namespace: str = ""
    health: Health | Literal[""] = ""
    parents: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    group: str = ""
    message: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Node:
        """Return the node described by one entry of ``nodes``."""
        return cls(
            uid=raw.get("uid", ""),
            kind=raw.get("kind", ""),
            name=raw.get("name", ""),
            namespace=raw.get("namespace", ""),
            health=_health(raw["health"]) if raw.get("health") else "",
            parents=tuple(p.get("uid", "") for p in raw.get("parentRefs") or ()),
            images=tuple(raw.get("images") or ()),
            group=raw.get("group", ""),
            message=(raw.get("health") or {}).get("message", ""),
        )

    def __repr__(self) -> str:
        return f"Node({self.kind} {_path(self.namespace, self.name)}{f': {self.health}' if self.health else ''})"


@dataclass(frozen=True, repr=False)
class ResourceTree(Displayed):
    """All resources of an application, with those that Kubernetes made from them (ReplicaSets, Pods)."""

    nodes: tuple[Node, ...] = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ResourceTree:
        """Return the tree described by ``/resource-tree``."""
        return cls(tuple(Node.from_json(node) for node in raw.get("nodes") or ()))

    def __repr__(self) -> str:
        return f"ResourceTree({len(self.nodes)} resources)"


@dataclass(frozen=True, repr=False)
class ApplicationEvent:
    """One change of an application (``ADDED``, ``MODIFIED``, ``DELETED``), and when we heard of it."""

    kind: str
    application: Application
    at: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], at: str = "") -> ApplicationEvent:
        """Return the event of one line of ``/api/v1/stream/applications``."""
        found = raw.get("result") or raw
        return cls(found.get("type", ""), Application.from_json(found.get("application") or {}), at)

    def __repr__(self) -> str:
        return f"ApplicationEvent({self.kind} {self.application!r})"
