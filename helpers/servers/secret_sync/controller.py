"""A small stand-in for the External Secrets operator.

It is **not** the operator: that one cannot be built from the package registries the course lives on. It serves the same
kinds, so the manifests of the course are valid for the operator, in the part of its API that `crds.yaml` describes: the
providers Vault (kv version 2) and AWS Secrets Manager, ``data`` and ``dataFrom.extract``, refresh by interval and by
annotation, creation and deletion policies, conditions. It has no templates of values, no generators, no push, and runs
once.

It watches ExternalSecrets, stores and the Secrets it wrote. A change of any of them, or the end of a refresh interval,
makes the ExternalSecrets concerned due; one worker takes them in turn. All state is in the cluster, so a kill at any
moment loses nothing.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.clients.kubernetes import ObjectNotFound
from helpers.clients.kubernetes.types import reveal
from helpers.clients.secret_sync.kinds import version_of
from helpers.core import logs
from helpers.core.errors import CourseError
from helpers.servers.secret_sync.reconcile import MANAGED, MANAGER, Outcome, Reconciler, condition, digests
from helpers.servers.secret_sync.stores import MAX_AGE, Stores, explained

if TYPE_CHECKING:
    from helpers.clients.kubernetes import Cluster, Object, WatchEvent

log = logs.logger(__name__)

#: Kind ("ExternalSecret" or of a store), namespace, name.
Key = tuple[str, str, str]
#: Seconds to the second try after a failure, and at most.
_BACKOFF, _BACKOFF_MAX = 1.0, 60.0
STORES = ("SecretStore", "ClusterSecretStore")


class Due:
    """What is to be done and when: each key once, at its earliest time."""

    def __init__(self) -> None:
        self._at: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []
        self._changed = threading.Condition()

    def add(self, key: Key, after: float = 0.0) -> None:
        """Make *key* due in *after* seconds, or sooner if it is already."""
        with self._changed:
            at = time.monotonic() + after
            if at < self._at.get(key, float("inf")):
                self._at[key] = at
                heapq.heappush(self._heap, (at, key))
                self._changed.notify()

    def take(self) -> Key:
        """Wait for the next key that is due and return it."""
        with self._changed:
            while True:
                while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
                    heapq.heappop(self._heap)  # was made due sooner, or taken
                left = self._heap[0][0] - time.monotonic() if self._heap else None
                if left is not None and left <= 0:
                    _, key = heapq.heappop(self._heap)
                    del self._at[key]
                    return key
                self._changed.wait(left)


class Controller:
    """Serves the ExternalSecrets of a cluster until its process ends.

    Args:
        cluster: as the user that may do what `crds.yaml` grants.
        directory: for the certificates of stores' authorities.
    """

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self._cluster = cluster
        self._stores = Stores(cluster, directory)
        self._reconciler = Reconciler(cluster, self._stores, self._expect)
        self._due = Due()
        self._seen: dict[Key, str] = {}
        self._uses: dict[Key, Key] = {}
        self._failures: dict[Key, int] = {}
        #: Secret -> the ExternalSecret it is of, and the digests of what it is to hold of us.
        self._written: dict[tuple[str, str], tuple[Key, Mapping[str, str]]] = {}

    def facts(self) -> dict[str, int]:
        """Return how many objects are served and how many of them fail now."""
        return {"objects": len(self._seen), "failing": len(self._failures)}

    def run(self) -> None:
        """Watch and work; does not return."""
        for kind, take in (("ExternalSecret", self._on_external), *((kind, self._on_store) for kind in STORES)):
            self._watch(kind, take)
        self._watch("Secret", self._on_secret, selector={MANAGED: "true"})
        while True:
            key = self._due.take()
            try:
                self._work(key)
            except CourseError as error:
                # The API server itself: what is due stays due.
                log.warning("%s: %s", "/".join(key), explained(error))
                self._due.add(key, self._backoff(key))

    def _watch(self, kind: str, take: Callable[[WatchEvent], None], selector: dict[str, str] | None = None) -> None:
        def follow() -> None:
            while True:
                try:
                    for event in self._cluster.watch(kind, namespace="*", selector=selector):
                        take(event)
                except CourseError as error:
                    log.warning("watch of %s: %s", kind, explained(error))
                    time.sleep(2)

        threading.Thread(target=follow, name=f"watch {kind}", daemon=True).start()

    def _on_external(self, event: WatchEvent) -> None:
        item = event.object
        key = ("ExternalSecret", item.namespace, item.name)
        if event.type == "DELETED":
            for known in (self._seen, self._uses, self._failures):
                known.pop(key, None)
            self._written.pop((item.namespace, self._reconciler.target(item)), None)
            return
        ref = item.raw["spec"]["secretStoreRef"]
        store = ref.get("kind", "SecretStore")
        self._uses[key] = (store, item.namespace if store == "SecretStore" else "", ref["name"])
        self._written.setdefault((item.namespace, self._reconciler.target(item)), (key, {}))
        # Our own change of the status changes neither generation nor annotations.
        if self._seen.get(key) != version_of(item.raw):
            self._seen[key] = version_of(item.raw)
            self._due.add(key)

    def _on_store(self, event: WatchEvent) -> None:
        store = event.object
        key = (store.kind, store.namespace, store.name)
        version = version_of(store.raw) if event.type != "DELETED" else ""
        if self._seen.get(key) == version:
            return
        self._seen[key] = version
        self._stores.forget(store)
        if event.type == "DELETED":
            del self._seen[key]
        else:
            self._due.add(key)
        for user, used in list(self._uses.items()):
            if used == key:
                self._due.add(user)

    def _expect(self, item: Object, wanted: Mapping[str, str]) -> None:
        key = ("ExternalSecret", item.namespace, item.name)
        self._written[item.namespace, self._reconciler.target(item)] = (key, wanted)

    def _on_secret(self, event: WatchEvent) -> None:
        """Put a Secret of ours right when it is gone or holds something else than we wrote."""
        found = self._written.get((event.object.namespace, event.object.name))
        if found is None:
            return
        key, wanted = found
        live = digests(reveal(event.object.raw.get("data") or {}))
        if event.type == "DELETED" or any(live.get(name) != digest for name, digest in wanted.items()):
            self._due.add(key)

    def _work(self, key: Key) -> None:
        if key[0] in STORES:
            self._validate(key)
        else:
            self._reconcile(key)

    def _reconcile(self, key: Key) -> None:
        _, namespace, name = key
        try:
            item = self._cluster.get("ExternalSecret", name, namespace=namespace)
        except ObjectNotFound:
            return
        if item.raw["metadata"].get("deletionTimestamp"):
            return
        outcome = self._reconciler.run(item)
        self._log(key, outcome)
        if outcome.error is not None:
            wait = self._backoff(key)
            self._due.add(key, min(wait, outcome.again or wait))
            return
        self._failures.pop(key, None)
        if outcome.again is not None:
            self._due.add(key, outcome.again)

    def _log(self, key: Key, outcome: Outcome) -> None:
        if outcome.error is not None:
            log.warning("%s/%s: %s", key[1], key[2], explained(outcome.error))
        elif outcome.changed:
            log.info("%s/%s: secret updated", key[1], key[2])

    def _backoff(self, key: Key) -> float:
        self._failures[key] = self._failures.get(key, 0) + 1
        return float(min(_BACKOFF * 2 ** min(self._failures[key] - 1, 10), _BACKOFF_MAX))

    def _validate(self, key: Key) -> None:
        """Try the login of a store and say in its status whether it works."""
        kind, namespace, name = key
        try:
            store = self._cluster.get(kind, name, namespace=namespace or None)
        except ObjectNotFound:
            return
        ready, reason, message = "True", "Valid", "store validated"
        try:
            self._stores.provider(store)
        except CourseError as error:
            ready, reason, message = "False", "ValidationFailed", explained(error)
        conditions = condition(ready, reason, message, store.raw.get("status"))
        self._cluster.patch(
            kind,
            name,
            {"status": {"capabilities": "ReadOnly", "conditions": conditions}},
            namespace=namespace or None,
            subresource="status",
            type="merge",
            field_manager=MANAGER,
        )
        if ready == "True":
            self._failures.pop(key, None)
        self._due.add(key, MAX_AGE if ready == "True" else self._backoff(key))
