"""What Flux says in the status of its objects, as types in its own words, and what goes wrong, as typed errors.

Source of the fields: the Kustomization API (``kustomize.toolkit.fluxcd.io/v1``), the ExternalArtifact API
(``source.toolkit.fluxcd.io/v1``) and the reasons of Flux's ``meta`` package. Unknown fields are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.clients.flux.source_declaration import BRANCH, INTERVAL, PATH, URL
from helpers.clients.kubernetes.types import Object, Ref
from helpers.core.display import Displayed
from helpers.core.errors import CourseError

#: The controller names its own temporary directory; what counts is the path in the repository.
_UNPACKED = re.compile(r"\S*/kustomization-\d+/")
#: Reasons that Flux gives while it still works.
_UNDER_WAY = ("Progressing", "ProgressingWithRetry")


@dataclass(frozen=True)
class _Ready:
    """The Ready condition, as far as it is about the object as it is now."""

    status: str
    reason: str
    message: str

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> _Ready:
        generation = int((raw.get("metadata") or {}).get("generation") or 0)
        for one in (raw.get("status") or {}).get("conditions") or ():
            if one.get("type") == "Ready":
                seen = int(one.get("observedGeneration") or 0)
                said = _UNPACKED.sub("", str(one.get("message", ""))).strip()
                if seen >= generation:
                    return cls(str(one.get("status", "Unknown")), str(one.get("reason", "")), said)
                return cls("Unknown", "Progressing", "Its controller has not seen the last change yet.")
        return cls("Unknown", "", "Its controller has said nothing yet.")


@dataclass(frozen=True, repr=False)
class Kustomization(Displayed):
    """A directory of a source that Flux applies, and how that went.

    Attributes:
        ready: the last reconciliation went well, with the object as it is now. Between two reconciliations Flux does
            not look at the cluster: a live edit leaves it ready.
        reconciling: Flux works on it, or has not begun.
        reason, message: of the Ready condition: ``ReconciliationSucceeded``, ``BuildFailed``, ...
        applied_revision: ``main@sha1:COMMIT`` of the last reconciliation that went well.
        attempted_revision: of the last one.
        suspended: Flux leaves it alone.
        inventory: the objects that it applied; with *prune*, one that goes from Git is deleted.
        source: where the manifests come from. path: the directory in it.
        interval: how often Flux compares and heals, as a duration of Go.
        raw: the object's JSON.
    """

    name: str
    namespace: str
    ready: bool
    reason: str
    message: str
    applied_revision: str
    attempted_revision: str
    suspended: bool
    inventory: tuple[Ref, ...]
    source: Ref
    path: str
    interval: str
    prune: bool
    reconciling: bool = False
    raw: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Object) -> Kustomization:
        """Return the Kustomization that the API server describes."""
        spec, status, ready = found.spec, found.status, _Ready.of(found.raw)
        origin = spec.get("sourceRef") or {}
        entries = (status.get("inventory") or {}).get("entries") or ()
        suspended = bool(spec.get("suspend"))
        applied, attempted = (str(status.get(f"last{word}Revision", "")) for word in ("Applied", "Attempted"))
        # The controller writes its conditions a moment before the rest of the status.
        whole = bool(applied) and applied == attempted
        under_way = ready.status == "Unknown" or ready.reason in _UNDER_WAY or (ready.status == "True" and not whole)
        return cls(
            name=found.name,
            namespace=found.namespace,
            ready=ready.status == "True" and whole,
            reason=ready.reason,
            message=ready.message,
            applied_revision=applied,
            attempted_revision=attempted,
            suspended=suspended,
            inventory=tuple(sorted((_entry(one) for one in entries), key=str)),
            source=Ref(
                "",
                str(origin.get("kind", "")),
                str(origin.get("name", "")),
                str(origin.get("namespace") or found.namespace),
            ),
            path=str(spec.get("path") or "./"),
            interval=str(spec.get("interval", "")),
            prune=bool(spec.get("prune")),
            reconciling=under_way and not suspended,
            raw=found.raw,
        )

    @property
    def failed(self) -> bool:
        """The last reconciliation failed; Flux tries again by itself."""
        return not self.ready and not self.reconciling and bool(self.reason)

    @property
    def handled(self) -> str:
        """The last request for a reconciliation that Flux has dealt with."""
        return str((self.raw.get("status") or {}).get("lastHandledReconcileAt", ""))

    def __repr__(self) -> str:
        at = f" at {short(self.applied_revision)}" if self.applied_revision else ""
        return f"Kustomization({self.name}: {_word(self)}{', suspended' if self.suspended else ''}{at})"


@dataclass(frozen=True, repr=False)
class Source(Displayed):
    """A branch of a Git repository as the course's source gives it to Flux (an ``ExternalArtifact``).

    Attributes:
        ready: the last look at the repository went well.
        reason, message: of the Ready condition: ``Succeeded``, ``GitServerDown``, ``AuthenticationFailed``, ...
        revision: ``main@sha1:COMMIT`` of what Flux is given; stays when the repository cannot be reached.
        digest: of the archive.
        url, branch, path, interval: what is fetched, and how often.
        raw: the object's JSON.
    """

    name: str
    namespace: str
    ready: bool
    reason: str
    message: str
    revision: str
    digest: str
    url: str
    branch: str
    path: str
    interval: str
    raw: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Object) -> Source:
        """Return the source that the API server describes."""
        ready, artifact = _Ready.of(found.raw), found.status.get("artifact") or {}
        notes = found.metadata.get("annotations") or {}
        return cls(
            found.name,
            found.namespace,
            ready.status == "True",
            ready.reason,
            ready.message,
            str(artifact.get("revision", "")),
            str(artifact.get("digest", "")),
            notes.get(URL, ""),
            notes.get(BRANCH, "main"),
            notes.get(PATH, ""),
            notes.get(INTERVAL, ""),
            found.raw,
        )

    @property
    def reconciling(self) -> bool:
        """Nobody has looked yet."""
        return not self.ready and (not self.reason or self.reason in _UNDER_WAY)

    def __repr__(self) -> str:
        at = f" at {short(self.revision)}" if self.revision else ""
        return f"Source({self.name}: {_word(self)}{at})"


class Kustomizations(tuple[Kustomization, ...], Displayed):
    """Kustomizations of a namespace."""


class Sources(tuple[Source, ...], Displayed):
    """Sources of a namespace."""


def _word(one: Kustomization | Source) -> str:
    return "ready" if one.ready else "reconciling" if one.reconciling else f"not ready, {one.reason or 'untouched'}"


def short(revision: str) -> str:
    """Return a revision as people write it: ``main@1a2b3c4d``."""
    branch, _, commit = revision.partition("@")
    return f"{branch}@{commit.rpartition(':')[2][:8]}" if commit else revision


def same_revision(found: str, wanted: str) -> bool:
    """Return whether ``main@sha1:COMMIT`` is the wanted revision: the same text, a commit, or its beginning."""
    commit = wanted.rpartition(":")[2].lower()
    return bool(commit) and (found == wanted or ("@" not in wanted and found.rpartition(":")[2].startswith(commit)))


def _entry(raw: Mapping[str, Any]) -> Ref:
    """Return an object of the inventory; its id is ``NAMESPACE_NAME_GROUP_KIND``, and ``__`` is a colon of the name."""
    rest, group, kind = str(raw.get("id", "")).rsplit("_", 2)
    namespace, _, name = rest.partition("_")
    version = str(raw.get("v", ""))
    return Ref(f"{group}/{version}" if group else version, kind, name.replace("__", ":"), namespace)


class FluxError(CourseError):
    """Base of the errors of this package."""

    code = "flux-error"


class NotReady(FluxError):
    """The reconciliation failed; *kustomization* says how."""

    code = "flux-not-ready"

    def __init__(self, what: str, kustomization: Kustomization, *, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.kustomization = kustomization


class BuildFailed(NotReady):
    """The manifests in Git are broken: Kustomize cannot build them. Nothing was applied."""

    code = "flux-build-failed"


class PathNotFound(NotReady):
    """The revision has no such directory. Nothing was applied."""

    code = "flux-path-not-found"


class TimedOut(NotReady):
    """It did not happen in time; Flux still works on it, or waits for its interval."""

    code = "flux-timed-out"


class Suspended(NotReady):
    """It is suspended: Flux does nothing with it."""

    code = "flux-suspended"


class SourceNotReady(FluxError):
    """The source cannot be had; *source* says why (``None``: there is none). What was applied stays as it is."""

    code = "flux-source-not-ready"

    def __init__(self, what: str, source: Source | None = None, *, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.source = source


class FluxDown(FluxError):
    """A process of the service does not run: nobody reconciles."""

    code = "flux-down"


def fault_of(found: Kustomization) -> NotReady:
    """Return the typed error of a reconciliation that failed."""
    missing = found.reason == "ArtifactFailed" and "path not found" in found.message
    kind = PathNotFound if missing else {"BuildFailed": BuildFailed}.get(found.reason, NotReady)
    if missing:
        what = f"{found.name}: the source has no directory {found.path}"
        return kind(what, found, why=found.message, next="Correct spec.path, or commit the directory.")
    next = {
        "BuildFailed": "Correct the manifests in Git; course gates shows the same before a push.",
        "DependencyNotReady": "Look at what it depends on: flux.kustomizations()",
        "HealthCheckFailed": 'Look at the objects of its inventory: cluster.events("NAMESPACE")',
    }.get(found.reason, f"Correct it in Git, then flux.reconcile({found.name!r}).")
    at = f" at {short(found.attempted_revision)}" if found.attempted_revision else ""
    return kind(f"{found.name} is not ready{at}: {found.reason}", found, why=found.message, next=next)
