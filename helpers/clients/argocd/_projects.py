"""Projects of Argo CD and their sync windows: what a tenant may use, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, repr=False)
class SyncWindow:
    """When syncs of a project are allowed or denied: a cron *schedule*, a *duration*, and for which applications.

    *active* says whether it is open now; ``None`` where nobody asked (`ArgoCD.sync_windows` does).
    """

    kind: Literal["allow", "deny"]
    schedule: str
    duration: str
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual_sync: bool = False
    time_zone: str = "UTC"
    active: bool | None = field(default=None, compare=False)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> SyncWindow:
        """Return the window described by one entry of ``spec.syncWindows``."""
        return cls(
            kind="deny" if raw.get("kind") == "deny" else "allow",
            schedule=raw.get("schedule", ""),
            duration=raw.get("duration", ""),
            applications=tuple(raw.get("applications") or ()),
            namespaces=tuple(raw.get("namespaces") or ()),
            clusters=tuple(raw.get("clusters") or ()),
            manual_sync=bool(raw.get("manualSync")),
            time_zone=raw.get("timeZone") or "UTC",
        )

    def __repr__(self) -> str:
        active = {True: ", active", False: ", not active", None: ""}[self.active]
        return f"SyncWindow({self.kind} {self.schedule!r} for {self.duration} {self.time_zone}{active})"


@dataclass(frozen=True, repr=False)
class Project:
    """What a tenant may use: repositories, destinations (server and namespace), and kinds."""

    name: str
    description: str = ""
    source_repos: tuple[str, ...] = ()
    destinations: tuple[tuple[str, str], ...] = ()
    sync_windows: tuple[SyncWindow, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Project:
        """Return the project described by the API's JSON."""
        spec = raw.get("spec") or {}
        return cls(
            name=(raw.get("metadata") or {}).get("name", ""),
            description=spec.get("description", ""),
            source_repos=tuple(spec.get("sourceRepos") or ()),
            destinations=tuple(
                (d.get("server") or d.get("name") or "", d.get("namespace", "")) for d in spec.get("destinations") or ()
            ),
            sync_windows=tuple(SyncWindow.from_json(w) for w in spec.get("syncWindows") or ()),
            raw=dict(raw),
        )

    def __repr__(self) -> str:
        namespaces = ", ".join(namespace for _, namespace in self.destinations)
        return f"Project({self.name}: namespaces {namespaces or 'none'})"
