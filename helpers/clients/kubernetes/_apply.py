"""Server-side apply: order, what it did, what it would do. Source: Kubernetes documentation, "Server-Side Apply"."""

from __future__ import annotations

import base64
import binascii
import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from helpers.clients.kubernetes._discovery import Kind
from helpers.clients.kubernetes.errors import Conflict, KubernetesError, ObjectNotFound, TimedOut, UnknownKind
from helpers.clients.kubernetes.manifests import Manifest
from helpers.clients.kubernetes.types import Applied, ObjectDiff, Ref, reveal, without_server_fields
from helpers.core.polling import wait_until
from helpers.core.redact import forms

if TYPE_CHECKING:
    from helpers.clients.kubernetes._connection import Connection

_DEFINITION = "CustomResourceDefinition"
#: What others need to be there first; everything else keeps the order it was given in.
_FIRST = (
    "Namespace",
    _DEFINITION,
    "PriorityClass",
    "ResourceQuota",
    "LimitRange",
    "ServiceAccount",
    "ClusterRole",
    "Role",
    "ClusterRoleBinding",
    "RoleBinding",
    "Secret",
    "ConfigMap",
)
#: Seconds for the API server to serve a kind that was just defined.
_ESTABLISH = 30.0
#: How often to repeat an apply that met somebody else's change.
_TRIES = 10
#: The object before, after, and the server's warnings.
Exchange = tuple[dict[str, Any] | None, dict[str, Any], tuple[str, ...]]


@dataclass(frozen=True)
class Apply:
    """How to apply; one keyword of `Cluster.apply` each."""

    connection: Connection
    namespace: str
    field_manager: str = "course"
    force: bool = True

    def all(self, manifests: Sequence[Manifest], *, dry_run: bool) -> Iterator[Applied]:
        """Apply in order and yield what was done, object by object."""
        ordered, done = in_order(manifests), []
        for index, manifest in enumerate(ordered):
            try:
                done.append(self._would(manifest, ordered) if dry_run else self._one(manifest))
                if not dry_run and _last_definition(ordered, index):
                    self._establish([one.ref for one in ordered if one.ref.kind == _DEFINITION])
            except KubernetesError as error:
                if done and not dry_run:
                    error.applied = tuple(done)
                    names = ", ".join(str(one.ref) for one in done)
                    error.why = f"{error.why}\nApplied before it: {names}.".strip()
                raise
            yield done[-1]

    def diff(self, manifests: Sequence[Manifest]) -> Iterator[ObjectDiff]:
        """Yield each live object beside what an apply would make of it."""
        ordered = in_order(manifests)
        for manifest in ordered:
            live, desired, _ = self._dry(manifest, ordered)
            old = None if live is None else without_server_fields(live)
            yield ObjectDiff.between(old, without_server_fields(desired))

    def _one(self, manifest: Manifest) -> Applied:
        kind = self.connection.kind(manifest.ref.kind, manifest.ref.api_version)
        before, after, warnings = self._exchange(kind, manifest, dry_run=False)
        return Applied(self._ref(kind, manifest), _action(before, after), warnings)

    def _would(self, manifest: Manifest, batch: Sequence[Manifest]) -> Applied:
        live, desired, warnings = self._dry(manifest, batch)
        ref = Ref.of(desired)
        if live is None:
            return Applied(ref, "created", warnings)
        # A dry run never has a new resourceVersion: only the content tells.
        same = without_server_fields(live) == without_server_fields(desired)
        return Applied(ref, "unchanged" if same else "configured", warnings)

    def _dry(self, manifest: Manifest, batch: Sequence[Manifest]) -> Exchange:
        """Return the live object, what it would become, and warnings.

        What the same batch defines or makes first (kinds, namespaces) is not there yet; then the manifest itself
        is what the object would become.
        """
        try:
            kind = self.connection.kind(manifest.ref.kind, manifest.ref.api_version)
        except UnknownKind:
            if not any(_defines(one.raw, manifest.ref) for one in batch):
                raise
            return None, manifest.raw, ()
        try:
            return self._exchange(kind, manifest, dry_run=True)
        except ObjectNotFound:
            namespace = self._namespace(kind, manifest)
            if not any(one.ref.kind == "Namespace" and one.ref.name == namespace for one in batch):
                raise
            return None, {**manifest.raw, "metadata": {**manifest.raw["metadata"], "namespace": namespace}}, ()

    def _exchange(self, kind: Kind, manifest: Manifest, *, dry_run: bool) -> Exchange:
        """Return the object before and after an apply, with nobody else's change between the two."""
        for attempt in range(_TRIES):
            before = self._live(kind, manifest)
            version = str(((before or {}).get("metadata") or {}).get("resourceVersion", ""))
            try:
                return before, *self._patch(kind, manifest, version, dry_run=dry_run)
            except Conflict as error:
                # A controller wrote between the two requests. What the manifest itself asks for is not ours to repeat.
                mine = "resourceVersion" in manifest.raw["metadata"]
                if error.conflicts or mine or attempt == _TRIES - 1:
                    raise
        raise AssertionError("the loop returns or raises")

    def _namespace(self, kind: Kind, manifest: Manifest) -> str:
        return (manifest.ref.namespace or self.namespace) if kind.namespaced else ""

    def _ref(self, kind: Kind, manifest: Manifest) -> Ref:
        return Ref(kind.api_version, kind.kind, manifest.ref.name, self._namespace(kind, manifest))

    def _live(self, kind: Kind, manifest: Manifest) -> dict[str, Any] | None:
        ref = self._ref(kind, manifest)
        with contextlib.suppress(ObjectNotFound):
            return self.connection.request("get", kind.path(ref.name, ref.namespace), asked=f"get {ref}").data
        return None

    def _patch(
        self, kind: Kind, manifest: Manifest, version: str, *, dry_run: bool
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        body = reveal(manifest.raw)
        body["metadata"] = {**({"resourceVersion": version} if version else {}), **body["metadata"]}
        ref = self._ref(kind, manifest)
        query = [("fieldManager", self.field_manager), ("force", self.force), ("fieldValidation", "Strict")]
        place = f" ({manifest.place})" if manifest.place else ""
        answer = self.connection.request(
            "patch",
            kind.path(ref.name, ref.namespace),
            asked=f"apply {ref}{place}",
            body=body,
            query=[*query, *([("dryRun", "All")] if dry_run else [])],
            content_type="application/apply-patch+yaml",
            hide=secrets_of(manifest.raw),
        )
        return answer.data, answer.warnings

    def _establish(self, definitions: Sequence[Ref]) -> None:
        """Wait until the API server serves the kinds that were just defined."""
        path = self.connection.kind(_DEFINITION, "apiextensions.k8s.io/v1").path
        deadline = time.monotonic() + _ESTABLISH
        for ref in definitions:
            self._await_served(ref, path(ref.name), deadline - time.monotonic())

    def _await_served(self, ref: Ref, path: str, seconds: float) -> None:
        found: dict[str, Any] = {}

        def served() -> bool:
            nonlocal found
            found = self.connection.request("get", path, asked=f"get {ref}").data
            return self._served(found)

        def late() -> TimedOut:
            conditions = (found.get("status") or {}).get("conditions") or ()
            lines = [f"{c.get('type')}={c.get('status')}: {c.get('message', '')}" for c in conditions]
            return TimedOut(f"{ref} is not established after {_ESTABLISH:.0f} s", lines, why="\n".join(lines))

        wait_until(f"{ref} is established", served, seconds, every=0.05, on_timeout=late)

    def _served(self, definition: Mapping[str, Any]) -> bool:
        conditions = (definition.get("status") or {}).get("conditions") or ()
        if not any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions):
            return False
        spec = definition.get("spec") or {}
        versions = [v["name"] for v in spec.get("versions") or () if v.get("served")]
        try:
            # Discovery follows a little later.
            for version in versions:
                self.connection.kind(spec["names"]["kind"], f"{spec['group']}/{version}", fresh=True)
        except UnknownKind:
            return False
        return True


def in_order(manifests: Sequence[Manifest]) -> list[Manifest]:
    """Return manifests with those first that others need: Namespaces, definitions of kinds, quotas, accounts, ..."""
    rank = {kind: index for index, kind in enumerate(_FIRST)}
    return sorted(manifests, key=lambda one: rank.get(one.ref.kind, len(_FIRST)))


def _action(before: dict[str, Any] | None, after: dict[str, Any]) -> Literal["created", "configured", "unchanged"]:
    if before is None:
        return "created"
    same = before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion")
    return "unchanged" if same else "configured"


def _last_definition(ordered: Sequence[Manifest], index: int) -> bool:
    following = ordered[index + 1].ref.kind if index + 1 < len(ordered) else ""
    return ordered[index].ref.kind == _DEFINITION and following != _DEFINITION


def _defines(raw: Mapping[str, Any], ref: Ref) -> bool:
    spec = raw.get("spec") if raw.get("kind") == _DEFINITION else None
    if not isinstance(spec, Mapping):
        return False
    return spec.get("group") == ref.group and (spec.get("names") or {}).get("kind") == ref.kind


def secrets_of(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the spellings of the values of a Secret, which an error must not repeat; of other kinds none."""
    if raw.get("kind") != "Secret":
        return ()
    found: set[str] = set()
    for key in ("data", "stringData"):
        for text in _leaves(reveal(raw.get(key))):
            found.add(text)
            with contextlib.suppress(ValueError, binascii.Error):
                found.add(base64.b64decode(text, validate=True).decode())
    return forms(found)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield str(value)
