"""Changes a cluster: apply, patch, scale, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from helpers.clients.kubernetes._apply import Apply, secrets_of
from helpers.clients.kubernetes._read_commands import ReadCommands
from helpers.clients.kubernetes.errors import KubernetesError, ObjectNotFound
from helpers.clients.kubernetes.manifests import Manifests, read
from helpers.clients.kubernetes.types import Applied, Object, ObjectDiffs, reveal
from helpers.core.errors import BadInput

_PATCHES = {
    "strategic": "application/strategic-merge-patch+json",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}


class WriteCommands(ReadCommands):
    """Methods that change objects."""

    def apply(
        self,
        manifests: Manifests,
        *,
        dry_run: bool = False,
        field_manager: str = "course",
        force: bool = True,
        namespace: str | None = None,
    ) -> tuple[Applied, ...]:
        """Apply manifests by server-side apply, in the order they need: Namespaces and definitions of kinds first.

        Args:
            manifests: YAML text, a file or directory (`Path`), a dict, an `Object`, or a list of these.
            dry_run: have the server check and answer, but keep nothing.
            field_manager: whose the fields become. force: take over fields that belong to another manager.
            namespace: of manifests that name none.

        Returns:
            What was done, object by object, in the order it was done; with the server's warnings.

        Raises:
            BadInput: a manifest cannot be read; nothing was sent. Invalid, AdmissionRefused, QuotaExceeded: an object
            was refused. Conflict: others own the fields, with force=False. Its ``applied`` has what went before.
        """
        apply = self._apply(field_manager, force, namespace)
        return tuple(apply.all(read(manifests), dry_run=dry_run))

    def diff(self, manifests: Manifests, *, field_manager: str = "course", namespace: str | None = None) -> ObjectDiffs:
        """Return each live object beside what `apply` would make of it (server-side dry run). Nothing is changed.

        Raises:
            as `apply`: what would be refused is refused here.
        """
        return ObjectDiffs(self._apply(field_manager, True, namespace).diff(read(manifests)))

    def _apply(self, field_manager: str, force: bool, namespace: str | None) -> Apply:
        return Apply(self._connection, namespace or self.namespace, field_manager, force)

    def patch(
        self,
        kind: str,
        name: str,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        namespace: str | None = None,
        type: Literal["strategic", "merge", "json"] | None = None,
        subresource: str = "",
        dry_run: bool = False,
        field_manager: str = "course",
    ) -> Object:
        """Change parts of an object and return it.

        Args:
            patch: the parts, or a list of operations (JSON Patch, RFC 6902).
            type: by default ``json`` for a list, else ``strategic``, and ``merge`` for kinds that know no strategic
                merge (custom resources). subresource: ``status``, ``scale``.
        """
        found, path = self._path(kind, name, namespace, subresource)
        is_list = not isinstance(patch, Mapping)
        asked = f"patch {self._ref(found, name, namespace)}"
        query = [("fieldManager", field_manager), ("fieldValidation", "Strict")]
        query += [("dryRun", "All")] if dry_run else []
        body = [reveal(item) for item in patch] if is_list else reveal(patch)
        hide = secrets_of({"kind": found.kind, "data": body})

        def send(sort: str) -> Object:
            answer = self._connection.request(
                "patch", path, asked=asked, body=body, query=query, content_type=_PATCHES[sort], hide=hide
            )
            return Object.from_json(answer.data)

        try:
            return send(type or ("json" if is_list else "strategic"))
        except KubernetesError as error:
            if error.status != 415 or type is not None or is_list:
                raise
        return send("merge")

    def scale(self, kind: str, name: str, replicas: int, *, namespace: str | None = None) -> Object:
        """Set the number of replicas of a workload (its ``scale`` subresource) and return the workload."""
        if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
            raise BadInput("The number of replicas is not valid", why=f"It is {replicas!r}.", next="replicas=3")
        found, _ = self._path(kind, name, namespace)
        if "scale" not in found.subresources:
            why = "Deployments, ReplicaSets and StatefulSets have replicas."
            raise BadInput(f"{found.kind} cannot be scaled", why=why, next=f'scale("Deployment", {name!r}, {replicas})')
        self.patch(kind, name, {"spec": {"replicas": replicas}}, namespace=namespace, type="merge", subresource="scale")
        return self.get(kind, name, namespace=namespace)

    def delete(
        self,
        kind: str,
        name: str,
        *,
        namespace: str | None = None,
        propagation: Literal["background", "foreground", "orphan"] = "background",
        wait: bool = False,
        timeout: float = 60,
        missing_ok: bool = False,
    ) -> None:
        """Delete an object.

        Args:
            propagation: what happens to what it owns: deleted after it, before it, or kept.
            wait: until it is gone, at most *timeout* seconds. missing_ok: be content if it is not there.

        Raises:
            ObjectNotFound: it is not there. TimedOut: it is still there; the error names its finalizers.
        """
        found, path = self._path(kind, name, namespace)
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation.capitalize()}
        try:
            self._connection.request("delete", path, asked=f"delete {self._ref(found, name, namespace)}", body=body)
        except ObjectNotFound:
            if not missing_ok:
                raise
            return
        if wait:
            self.wait(kind, name, namespace=namespace, deleted=True, timeout=timeout)
