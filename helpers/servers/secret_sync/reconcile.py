"""Brings one ExternalSecret to what it asks for: reads the store, writes the Secret, says so in the status."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.clients.kubernetes import ObjectNotFound
from helpers.clients.secret_sync.errors import NotInStore, TargetProblem
from helpers.clients.secret_sync.kinds import API, version_of
from helpers.core.errors import CourseError
from helpers.servers.secret_sync import providers
from helpers.servers.secret_sync.stores import Stores, explained

if TYPE_CHECKING:
    from helpers.clients.kubernetes import Cluster, Object

#: Who writes the fields of the Secrets.
MANAGER = "external-secrets"
#: Label of the Secrets that are kept as they should be.
MANAGED = "reconcile.external-secrets.io/managed"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Return a Go duration (``1h30m``, ``15s``) in seconds; ``0`` is 0."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|s|m|h)", text))


def condition(status: str, reason: str, message: str, before: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """Return the condition Ready; its time is that of the last change between True and False."""
    old = next((one for one in (before or {}).get("conditions") or () if one["type"] == "Ready"), None)
    at = old["lastTransitionTime"] if old and old["status"] == status else now()
    return [{"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": at}]


def now() -> str:
    """Return the time as Kubernetes writes it."""
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Outcome:
    """What a reconciliation did.

    Attributes:
        changed: whether the Secret was written with something new.
        error: why it failed; None when it did not.
        again: seconds until it is due again by its refresh interval; None for never.
    """

    changed: bool = False
    error: CourseError | None = None
    again: float | None = None


def digests(data: Mapping[str, str]) -> dict[str, str]:
    """Return the SHA-256 of each value, for a comparison in memory; they go nowhere else."""
    return {key: hashlib.sha256(value.encode()).hexdigest() for key, value in data.items()}


class Reconciler:
    """Reconciles the ExternalSecrets of a cluster.

    Args:
        cluster: as the controller's user.
        stores: where values come from.
        expect: told what a Secret is about to hold, as `digests`, before it is written.
    """

    def __init__(self, cluster: Cluster, stores: Stores, expect: Callable[[Object, Mapping[str, str]], None]) -> None:
        self._cluster, self._stores, self._expect = cluster, stores, expect

    def run(self, item: Object) -> Outcome:
        """Reconcile one ExternalSecret."""
        spec, status = item.raw["spec"], item.raw.get("status") or {}
        interval = seconds(spec["refreshInterval"]) if spec["refreshPolicy"] == "Periodic" else 0.0
        again = interval or None
        if self._settled(item, spec, status):
            return Outcome(again=again)
        try:
            values = self._values(item)
        except NotInStore as error:
            if spec["target"]["deletionPolicy"] != "Delete":
                return self._failed(item, error, again)
            changed = self._delete(item)
            self._say(item, "True", "SecretDeleted", "secret deleted: the store no longer has it", synced=True)
            return Outcome(changed, again=again)
        except CourseError as error:
            return self._failed(item, error, again)
        try:
            changed = self._write(item, values)
        except CourseError as error:
            return self._failed(item, error, again)
        self._say(item, "True", "SecretSynced", "secret synced", synced=True)
        if changed:
            self._event(item, "Normal", "Updated", "secret updated")
        return Outcome(changed, again=again)

    def _settled(self, item: Object, spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
        """Return whether its policy says to leave it alone."""
        if spec["refreshPolicy"] == "Periodic" or not status.get("refreshTime"):
            return False
        there = spec["target"]["creationPolicy"] == "None" or self._live(item) is not None
        same = spec["refreshPolicy"] == "CreatedOnce" or status.get("syncedResourceVersion") == version_of(item.raw)
        return there and same

    def _values(self, item: Object) -> dict[str, str]:
        """Return what the Secret is to hold; a store that no longer knows our login is logged in to once more."""
        store = self._stores.find(item.raw["spec"]["secretStoreRef"], item.namespace)
        try:
            return self._read(item, self._stores.provider(store))
        except NotInStore:
            raise
        except CourseError:
            if not self._stores.forget(store):
                raise
        return self._read(item, self._stores.provider(store))

    def _read(self, item: Object, provider: providers.Provider) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in item.raw["spec"].get("dataFrom", ()):
            found |= providers.values(provider, source["extract"])
        for entry in item.raw["spec"].get("data", ()):
            found[entry["secretKey"]] = providers.value(provider, entry["remoteRef"])
        wrong = [key for key in found if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key)]
        if wrong:
            raise TargetProblem(
                "A Secret cannot have such keys",
                why=f"Not letters, digits, '-', '_' or '.': {', '.join(map(repr, wrong))}.",
                next="Name the keys by data and secretKey.",
            )
        return found

    def target(self, item: Object) -> str:
        """Return the name of the Secret."""
        return str(item.raw["spec"]["target"].get("name") or item.name)

    def _live(self, item: Object) -> Object | None:
        try:
            return self._cluster.get("Secret", self.target(item), namespace=item.namespace)
        except ObjectNotFound:
            return None

    def _write(self, item: Object, values: Mapping[str, str]) -> bool:
        target, live = item.raw["spec"]["target"], self._live(item)
        policy = target["creationPolicy"]
        if policy == "None":
            return False
        if policy == "Merge" and live is None:
            raise TargetProblem(
                f"There is no Secret {self.target(item)} to merge into", why="creationPolicy is Merge.", next=""
            )
        if live is not None and policy == "Owner":
            self._check_owner(item, live)
        secret = self._secret(item, values, live)
        # Said before it is done, so that an edit by somebody else right afterwards is not taken for ours.
        self._expect(item, digests(secret["data"]))
        applied = self._cluster.apply(secret, field_manager=MANAGER, namespace=item.namespace)
        return applied[0].action != "unchanged"

    def _check_owner(self, item: Object, live: Object) -> None:
        for owner in live.raw["metadata"].get("ownerReferences", ()):
            if owner.get("controller") and owner["uid"] != item.raw["metadata"]["uid"]:
                raise TargetProblem(
                    f"The Secret {live.name} belongs to {owner['kind']} {owner['name']}",
                    why="Two owners would overwrite each other.",
                    next="Choose another target.name, or creationPolicy: Merge.",
                )

    def _secret(self, item: Object, values: Mapping[str, str], live: Object | None) -> dict[str, Any]:
        target = item.raw["spec"]["target"]
        template = target.get("template") or {}
        meta = template.get("metadata") or {}
        metadata: dict[str, Any] = {
            "name": self.target(item),
            "namespace": item.namespace,
            "labels": {**meta.get("labels", {}), MANAGED: "true"},
        }
        if meta.get("annotations"):
            metadata["annotations"] = dict(meta["annotations"])
        if target["creationPolicy"] == "Owner":
            metadata["ownerReferences"] = [
                {
                    "apiVersion": API,
                    "kind": "ExternalSecret",
                    "name": item.name,
                    "uid": item.raw["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ]
        # The type of a Secret never changes: one that is merged into keeps its own.
        kind = live.raw.get("type") if live is not None and target["creationPolicy"] == "Merge" else None
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": kind or template.get("type", "Opaque"),
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in values.items()},
        }

    def _delete(self, item: Object) -> bool:
        live = self._live(item)
        owners = live.raw["metadata"].get("ownerReferences", ()) if live is not None else ()
        if not any(owner["uid"] == item.raw["metadata"]["uid"] for owner in owners):
            return False
        self._cluster.delete("Secret", self.target(item), namespace=item.namespace, missing_ok=True)
        return True

    def _failed(self, item: Object, error: CourseError, again: float | None) -> Outcome:
        message = explained(error)
        old = [one.get("message") for one in (item.raw.get("status") or {}).get("conditions") or ()]
        self._say(item, "False", "SecretSyncedError", message, synced=False)
        if message not in old:
            self._event(item, "Warning", "UpdateFailed", message)
        return Outcome(error=error, again=again)

    def _say(self, item: Object, ready: str, reason: str, message: str, *, synced: bool) -> None:
        status: dict[str, Any] = {"conditions": condition(ready, reason, message, item.raw.get("status"))}
        if synced:
            status |= {
                "refreshTime": now(),
                "syncedResourceVersion": version_of(item.raw),
                "binding": {"name": self.target(item)},
            }
        try:
            self._cluster.patch(
                "ExternalSecret",
                item.name,
                {"status": status},
                namespace=item.namespace,
                subresource="status",
                type="merge",
                field_manager=MANAGER,
            )
        except ObjectNotFound:
            return  # deleted meanwhile

    def _event(self, item: Object, kind: str, reason: str, message: str) -> None:
        at, meta = now(), item.raw["metadata"]
        name = f"{item.name[:200]}.{dt.datetime.now(dt.UTC).timestamp():.6f}".replace(".", "-")
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": item.namespace},
            "involvedObject": {
                "apiVersion": API,
                "kind": "ExternalSecret",
                "name": item.name,
                "namespace": item.namespace,
                "uid": meta["uid"],
                "resourceVersion": meta["resourceVersion"],
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "source": {"component": MANAGER},
            "reportingComponent": MANAGER,
        }
        # News for people; what it tells has happened, whether it can be written or not.
        with contextlib.suppress(CourseError):
            self._cluster.apply(event, field_manager=MANAGER)
