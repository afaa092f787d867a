"""The client of Flux, service ``flux``: sources and Kustomizations, as the ``flux`` command has them.

Flux has no API of its own: everything is an object in the cluster, and its controller says in the object's status how
it went. Flux looks at the cluster when it reconciles (at its interval, at a new revision, or when asked), and not in
between; Argo CD watches the cluster all the time.

>>> flux = Flux()
>>> flux.source("shop", "http://127.0.0.1:21234/shop.git", credentials=Forge("argocd").credentials("shop"))
>>> flux.kustomization("shop", "shop", "apps/shop", prune=True, interval="10m")
>>> flux.wait("shop")
Kustomization(shop: ready at main@1a2b3c4d)

Source: Flux documentation, "Kustomization", "External Artifacts" (RFC-0012), and ``flux reconcile``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from helpers.clients.flux import source_declaration as d
from helpers.clients.flux._base import token
from helpers.clients.flux._sources import SourceCommands, source_fault
from helpers.clients.flux.types import (
    BuildFailed,
    FluxError,
    Kustomization,
    Kustomizations,
    PathNotFound,
    Suspended,
    TimedOut,
    fault_of,
    same_revision,
    short,
)
from helpers.clients.kubernetes import Events, Object, ObjectNotFound
from helpers.clients.kubernetes import TimedOut as _ClusterTimedOut
from helpers.core.errors import BadInput

_GROUP = "kustomize.toolkit.fluxcd.io"
_KUSTOMIZATION = f"Kustomization.{_GROUP}"


class Flux(SourceCommands):
    """Flux in one namespace of a cluster.

    Args:
        cluster: by default the course's own, as its administrator; service ``flux`` starts if it must.
        namespace: of the objects; ``flux-system``, or a team's own.

    Raises (every method):
        ObjectNotFound, Forbidden, Unreachable ...: see `helpers.clients.kubernetes`. FluxDown: nobody reconciles.
    """

    def kustomization(
        self,
        name: str,
        source: str,
        path: str = "./",
        *,
        prune: bool = True,
        interval: str = "10m",
        target_namespace: str = "",
        suspend: bool = False,
        wait: bool = False,
        depends_on: Sequence[str] = (),
        service_account: str = "",
    ) -> Kustomization:
        """Have Flux apply a directory of a source, and return the Kustomization as it is right then.

        Args:
            source: name of the source, in the same namespace. path: the directory in it.
            prune: delete what goes from Git. interval: how often to compare and heal, a duration of Go.
            target_namespace: of every object; it must be there or be among the manifests.
            suspend: apply nothing yet. wait: it is ready only when its objects are.
            depends_on: Kustomizations that must be ready first.
            service_account: act as this one of the namespace, with no rights but its own (a team's).

        Raises:
            BadInput: the interval is none.
        """
        d.seconds(interval)
        spec: dict[str, Any] = {
            "sourceRef": {"apiVersion": f"{d.GROUP}/{d.VERSION}", "kind": d.KIND, "name": source},
            "path": path,
            "prune": prune,
            "interval": interval,
            "suspend": suspend,
            "wait": wait,
            # A failure is tried again before the interval is over.
            "retryInterval": "20s",
            "timeout": "1m",
        }
        spec |= {"targetNamespace": target_namespace} if target_namespace else {}
        spec |= {"serviceAccountName": service_account} if service_account else {}
        spec |= {"dependsOn": [{"name": other} for other in depends_on]} if depends_on else {}
        meta = self._meta(name)
        self.apply({"apiVersion": f"{_GROUP}/v1", "kind": "Kustomization", "metadata": meta, "spec": spec})
        return self.get(name)

    def get(self, name: str) -> Kustomization:
        """Return a Kustomization."""
        return Kustomization.of(self.cluster.get(_KUSTOMIZATION, name, namespace=self.namespace))

    def kustomizations(self) -> Kustomizations:
        """Return the Kustomizations of the namespace."""
        found = self.cluster.get(_KUSTOMIZATION, namespace=self.namespace)
        return Kustomizations(Kustomization.of(one) for one in found)

    def delete(self, name: str, *, timeout: float = 60) -> None:
        """Delete a Kustomization and wait; with *prune* Flux deletes what it applied, unless it is suspended."""
        self.cluster.delete(_KUSTOMIZATION, name, namespace=self.namespace, wait=True, timeout=timeout)

    def suspend(self, name: str) -> Kustomization:
        """Have Flux leave a Kustomization alone: drift stays, new revisions wait."""
        return self._change(name, {"spec": {"suspend": True}})

    def resume(self, name: str, *, timeout: float = 60) -> Kustomization:
        """Have Flux take it up again, and wait for the reconciliation. Errors as `reconcile`."""
        self._change(name, {"spec": {"suspend": False}})
        return self.reconcile(name, with_source=False, timeout=timeout)

    def reconcile(self, name: str, *, with_source: bool = True, timeout: float = 60) -> Kustomization:
        """Have Flux reconcile now, wait until it has, and return what came of it.

        Args:
            with_source: look at the repository first. timeout: seconds for each of the two.

        Raises:
            NotReady: the reconciliation failed: BuildFailed, PathNotFound, ... Suspended: Flux leaves it alone.
            SourceNotReady: the repository cannot be had. TimedOut: no answer in time.
        """
        before = self.get(name)
        if before.suspended:
            raise self._suspended(before)
        fetched = (
            self.reconcile_source(before.source.name, timeout=timeout) if self._ours(before, with_source) else None
        )
        requested = token()
        self._change(name, {"metadata": {"annotations": {d.REQUESTED: requested}}})

        def done(found: Object) -> bool:
            now = Kustomization.of(found)
            new = fetched is None or now.failed or now.attempted_revision == fetched.revision
            return now.suspended or (now.handled == requested and new and (now.ready or now.failed))

        now = self._until(name, done, timeout, "")
        if now.suspended:
            raise self._suspended(now)
        if not now.ready:
            raise self._fault(now)
        return now

    def wait(self, name: str, *, ready: bool = True, revision: str | None = None, timeout: float = 60) -> Kustomization:
        """Wait until a Kustomization is ready (or, with ``ready=False``, has failed) and return it.

        Args:
            revision: it must have applied (or failed with) this commit: an id, its beginning, ``main@sha1:ID``.

        Raises:
            BuildFailed, PathNotFound: the wanted revision can never become ready. NotReady: it failed until the end.
            SourceNotReady: its source cannot be had. Suspended: and not there yet. TimedOut: still under way.
        """
        if revision == "":
            raise BadInput("The revision is empty", why="It names no commit.", next="revision=commit.sha")

        def met(now: Kustomization) -> bool:
            at = now.applied_revision if ready else now.attempted_revision
            state = now.ready if ready else now.failed
            return state and not now.reconciling and (revision is None or same_revision(at, revision))

        def decided(found: Object) -> bool:
            now = Kustomization.of(found)
            return met(now) or (revision is not None and _hopeless(now, revision)) or now.suspended

        now = self._until(name, decided, timeout, revision or "")
        if met(now):
            return now
        raise self._suspended(now) if now.suspended else self._fault(now)

    def events(self, name: str) -> Events:
        """Return what Flux told about a Kustomization, oldest first."""
        found = self.cluster.events(self.namespace, about=name)
        return Events(e for e in found if e.about.kind == "Kustomization" and e.about.name == name)

    def _change(self, name: str, patch: dict[str, Any]) -> Kustomization:
        changed = self.cluster.patch(_KUSTOMIZATION, name, patch, namespace=self.namespace, type="merge")
        return Kustomization.of(changed)

    def _ours(self, found: Kustomization, with_source: bool) -> bool:
        return with_source and found.source.kind == d.KIND and found.source.namespace == self.namespace

    def _until(self, name: str, test: Callable[[Object], bool], timeout: float, revision: str) -> Kustomization:
        where: dict[str, Any] = {"namespace": self.namespace, "timeout": timeout}
        try:
            return Kustomization.of(self.cluster.wait(_KUSTOMIZATION, name, condition=test, **where))
        except _ClusterTimedOut:
            self._check_up()
            raise self._late(self.get(name), timeout, revision) from None

    def _late(self, now: Kustomization, timeout: float, revision: str) -> FluxError:
        """Return why it did not happen in time."""
        if now.failed:
            return self._fault(now)
        if self._ours(now, True):
            try:
                origin = self.get_source(now.source.name)
            except ObjectNotFound as error:
                return self._no_source(now.source.name, error)
            if not origin.ready and not (revision and same_revision(origin.revision, revision)):
                return source_fault(origin)
        at = f"It is at {short(now.applied_revision)}. " if now.applied_revision else ""
        return TimedOut(
            f"{now.name} is not {'at ' + short(revision) if revision else 'as asked'} after {timeout:g} s",
            now,
            why=f"{at}{now.message}",
            next=f"flux.reconcile({now.name!r})   # or wait for its interval, {now.interval}",
        )

    def _fault(self, now: Kustomization) -> FluxError:
        """Return the error of a reconciliation that failed: its own, or that of its source."""
        fault = fault_of(now)
        if now.reason == "ArtifactFailed" and not isinstance(fault, PathNotFound) and self._ours(now, True):
            try:
                origin = self.get_source(now.source.name)
            except ObjectNotFound as error:
                return self._no_source(now.source.name, error)
            if not origin.ready:
                return source_fault(origin)
        return fault

    @staticmethod
    def _suspended(now: Kustomization) -> Suspended:
        at = f" It stays at {short(now.applied_revision)}." if now.applied_revision else ""
        why = f"Flux neither applies nor heals it.{at}"
        return Suspended(f"{now.name} is suspended", now, why=why, next=f"flux.resume({now.name!r})")


def _hopeless(now: Kustomization, revision: str) -> bool:
    """Return whether the wanted revision was tried and can never work, however often it is tried."""
    tried = same_revision(now.attempted_revision, revision)
    return now.failed and tried and isinstance(fault_of(now), BuildFailed | PathNotFound)
