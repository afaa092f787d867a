"""`Cluster`: one API server as one user. What kubectl does, as typed calls; kubectl itself is not used."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from helpers.errors import BadInput
from helpers.kubernetes import _wait
from helpers.kubernetes._discovery import Kind
from helpers.kubernetes._manifests import Manifests, check_name, read
from helpers.kubernetes.errors import KubernetesError, NotFound, Unreachable
from helpers.kubernetes.types import Applied, Event, Events, Object, ObjectDiffs, Objects, Ref, WatchEvent, reveal
from helpers.terraform.types import Sensitive

if TYPE_CHECKING:
    from helpers.kubernetes._apply import Apply
    from helpers.kubernetes._connection import Connection

Selector = str | Mapping[str, str]
_PATCHES = {
    "strategic": "application/strategic-merge-patch+json", "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}  # fmt: skip


class Cluster:
    """A Kubernetes cluster, seen by one user. Connects at the first call; safe to use from several threads.

    A *kind* is named as in kubectl: ``Deployment``, ``deployments``, ``deploy``, ``applications.argoproj.io``. A
    *namespace* of ``"*"`` means all of them; by default it is the cluster's *namespace*. Values of Secrets are masked
    in everything that comes back (`helpers.kubernetes.types.reveal`).

    Args:
        user: of the course's own cluster: ``admin``, or a tenant (``vision``); the service starts if it must.
        kubeconfig: path of another kubeconfig; *user* is not used then.
        namespace: where calls go that name none.
        timeout: seconds that one request may take.
        context: of *kubeconfig*; by default its current one.

    Raises (every method):
        Unreachable: the API server does not answer. BadKubeconfig: or does not accept the credentials.
        Forbidden: RBAC says no. KubernetesError: its subclasses tell the rest; see `helpers.kubernetes.errors`.
    """

    def __init__(
        self, user: str = "admin", *, kubeconfig: Path | str | None = None, namespace: str = "default",
        timeout: float = 30, context: str | None = None,
    ) -> None:  # fmt: skip
        if not timeout > 0:
            raise BadInput("The time limit must be more than 0 s", why=f"It is {timeout!r}.", next="timeout=30")
        check_name(namespace)
        self.user, self.namespace, self.timeout = user, namespace, timeout
        self._kubeconfig = Path(kubeconfig).expanduser() if kubeconfig is not None else None
        self._context = context

    @cached_property
    def _connection(self) -> Connection:
        from helpers.kubernetes import _connection, _credentials

        path = self._kubeconfig
        if path is None:
            from helpers.services.control_plane import kubeconfig

            path = kubeconfig(self.user)
        return _connection.Connection(_credentials.load(path, self._context), timeout=self.timeout)

    def _with(self, connection: Connection, user: str, namespace: str | None = None) -> Cluster:
        other = Cluster(user, namespace=namespace or self.namespace, timeout=self.timeout)
        other.__dict__["_connection"] = connection
        return other

    @property
    def server(self) -> str:
        """URL of the API server."""
        return self._connection.server

    def version(self) -> str:
        """Return the version of the API server, for example ``v1.37.2``."""
        return str(self._connection.request("get", "/version", asked="ask for the version").data.get("gitVersion"))

    def whoami(self) -> tuple[str, tuple[str, ...]]:
        """Return the user and the groups the API server takes us for (SelfSubjectReview)."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        info = self._connection.request("post", path, asked="ask who we are", body=body).data["status"]["userInfo"]
        return str(info["username"]), tuple(info.get("groups") or ())

    def apply(
        self, manifests: Manifests, *, dry_run: bool = False, field_manager: str = "course", force: bool = True,
        namespace: str | None = None,
    ) -> tuple[Applied, ...]:  # fmt: skip
        """Apply manifests by server-side apply, in the order they need: Namespaces and definitions of kinds first.

        Args:
            manifests: YAML text, a file or folder (`Path`), a dict, an `Object`, or a list of these.
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

    def diff(
        self, manifests: Manifests, *, field_manager: str = "course", namespace: str | None = None
    ) -> ObjectDiffs:  # fmt: skip
        """Return each live object beside what `apply` would make of it (server-side dry run). Nothing is changed.

        Raises:
            as `apply`: what would be refused is refused here.
        """
        return ObjectDiffs(self._apply(field_manager, True, namespace).diff(read(manifests)))

    def _apply(self, field_manager: str, force: bool, namespace: str | None) -> Apply:
        from helpers.kubernetes._apply import Apply

        return Apply(self._connection, namespace or self.namespace, field_manager, force)

    @overload
    def get(self, kind: str, name: str, *, namespace: str | None = None) -> Object: ...

    @overload
    def get(
        self, kind: str, name: None = None, *, namespace: str | None = None, selector: Selector | None = None,
        fields: Selector | None = None,
    ) -> Objects: ...  # fmt: skip

    def get(
        self, kind: str, name: str | None = None, *, namespace: str | None = None, selector: Selector | None = None,
        fields: Selector | None = None,
    ) -> Object | Objects:  # fmt: skip
        """Return one object by name, or all of a kind.

        Args:
            selector: labels, as text (``app=web,tier!=cache``) or a mapping. fields: fields the server can select by.

        Raises:
            NotFound: there is no object of that name. UnknownKind: the cluster has no such kind.
        """
        from helpers.kubernetes._watch import named

        found, path = self._path(kind, name, namespace)
        if name is not None:
            if selector or fields:
                why = "A name finds one object already."
                raise BadInput("A name and a selector together", why=why, next='fields={"metadata.name": ...}')
            ref = self._ref(found, name, namespace)
            return Object.from_json(self._connection.request("get", path, asked=f"get {ref}").data)
        query = _selectors(selector, fields)
        listed = self._connection.request("get", path, asked=f"list {found.plural}", query=query).data
        return Objects(Object.from_json(named(raw, found)) for raw in listed.get("items") or ())

    def exists(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Return whether there is such an object."""
        with contextlib.suppress(NotFound):
            return bool(self.get(kind, name, namespace=namespace))
        return False

    def patch(
        self, kind: str, name: str, patch: Mapping[str, Any] | Sequence[Mapping[str, Any]], *,
        namespace: str | None = None, type: Literal["strategic", "merge", "json"] | None = None,
        subresource: str = "", dry_run: bool = False, field_manager: str = "course",
    ) -> Object:  # fmt: skip
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
        hide = _hidden(found.kind, body)

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
            raise BadInput("The number of replicas is none", why=f"It is {replicas!r}.", next="replicas=3")
        found, _ = self._path(kind, name, namespace)
        if "scale" not in found.subresources:
            why = "Deployments, ReplicaSets and StatefulSets have replicas."
            raise BadInput(f"{found.kind} cannot be scaled", why=why, next=f'scale("Deployment", {name!r}, {replicas})')
        self.patch(kind, name, {"spec": {"replicas": replicas}}, namespace=namespace, type="merge", subresource="scale")
        return self.get(kind, name, namespace=namespace)

    def delete(
        self, kind: str, name: str, *, namespace: str | None = None,
        propagation: Literal["background", "foreground", "orphan"] = "background", wait: bool = False,
        timeout: float = 60, missing_ok: bool = False,
    ) -> None:  # fmt: skip
        """Delete an object.

        Args:
            propagation: what happens to what it owns: deleted after it, before it, or kept.
            wait: until it is gone, at most *timeout* seconds. missing_ok: be content if it is not there.

        Raises:
            NotFound: it is not there. TimedOut: it is still there; the error names its finalizers.
        """
        found, path = self._path(kind, name, namespace)
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation.capitalize()}
        try:
            self._connection.request(
                "delete", path, asked=f"delete {self._ref(found, name, namespace)}", body=body
            )  # fmt: skip
        except NotFound:
            if not missing_ok:
                raise
            return
        if wait:
            self.wait(kind, name, namespace=namespace, deleted=True, timeout=timeout)

    def events(self, namespace: str | None = None, *, about: str | None = None) -> Events:
        """Return the events of a namespace, oldest first; *about*: only of objects of that name and what it owns."""
        found, path = self._path("Event", None, namespace, api_version="v1")
        listed = self._connection.request("get", path, asked=f"list {found.plural}").data
        # Times are whole seconds; within one the order of writing decides.
        raws = sorted(listed.get("items") or (), key=lambda raw: int(raw["metadata"].get("resourceVersion", 0)))
        events = (Event.from_json(raw) for raw in raws)
        mine = (e for e in events if about is None or e.about.name == about or e.about.name.startswith(f"{about}-"))
        return Events(sorted(mine, key=lambda event: event.last))

    def wait(
        self, kind: str, name: str, *, condition: str | Callable[[Object], bool] | None = None, ready: bool = True,
        deleted: bool = False, namespace: str | None = None, timeout: float = 60,
    ) -> Object:  # fmt: skip
        """Wait for an object and return it. An API server that restarts meanwhile is waited for as well.

        Args:
            condition: ``Available``, ``Progressing=False``, or a function that says yes to the object. Without one
                the object must be *ready* in the sense of its kind (replicas up to date and available, a Ready
                condition, ...); with ``ready=False`` it only must be there.
            deleted: wait until it is gone instead; the last state is returned.

        Raises:
            TimedOut: it did not happen in *timeout* seconds; the error says what is missing and the last events.
        """
        test: Callable[[Object], bool] | str | None = condition
        if condition is None and not ready and not deleted:
            test = bool
        state, missing_of = _wait.test_for(test, deleted)
        found, path = self._path(kind, name, namespace)
        ref = self._ref(found, name, namespace)
        deadline, pause = time.monotonic() + timeout, 0.05
        last: Object | None = None
        while True:
            try:
                now, lost = self._look(path, ref), None
                missing = missing_of(now)
            except Unreachable as error:
                now, lost, missing = last, error, [error.what]
            if not missing:
                return now or last or Object(ref.api_version, ref.kind, ref.name, ref.namespace)
            last = now or last
            if time.monotonic() + pause > deadline:
                events = () if lost else self._telling(ref)
                raise _wait.timed_out(ref, state, timeout, missing, now, events) from None
            time.sleep(pause)
            pause = min(1.5 * pause, 0.5)

    def _look(self, path: str, ref: Ref) -> Object | None:
        with contextlib.suppress(NotFound):
            return Object.from_json(self._connection.request("get", path, asked=f"get {ref}").data)
        return None

    def _telling(self, ref: Ref) -> Sequence[Event]:
        """Return the last events about an object, warnings before others; none when they cannot be read."""
        with contextlib.suppress(KubernetesError):
            found = self.events(ref.namespace or "default", about=ref.name)
            return ([e for e in found if e.type == "Warning"] or list(found))[-3:]
        return ()

    def watch(
        self, kind: str, name: str | None = None, *, namespace: str | None = None, selector: Selector | None = None,
        timeout: float | None = None,
    ) -> Iterator[WatchEvent]:  # fmt: skip
        """Yield what is there (``ADDED``), then every change, until *timeout* seconds are over or the caller stops.

        A connection that breaks, or a server that restarts, is taken up where it was; nothing is told twice.

        Raises:
            Unreachable: the server is not there, or has been away for a minute.
        """
        found, path = self._path(kind, None, namespace)
        query = _selectors(selector, {"metadata.name": name} if name is not None else None)
        from helpers.kubernetes._watch import Watch

        return iter(Watch(self._connection, found, path, query, timeout))

    def can_i(
        self, verb: str, resource: str, *, namespace: str | None = None, name: str = "", user: str = "",
        groups: Sequence[str] = (),
    ) -> bool:  # fmt: skip
        """Return whether RBAC allows *verb* on *resource* (``deployments``, ``pods/log``).

        Args:
            user: ask for another user (who asks must be allowed to); groups: the user's groups.
        """
        from helpers.kubernetes._access import can_i

        return can_i(self._connection, verb, resource, namespace or self.namespace, name, user, groups)

    def as_user(self, name: str, groups: Sequence[str] = ()) -> Cluster:
        """Return the cluster as another user sees it (impersonation; who asks must be allowed to)."""
        if not name or isinstance(groups, str) or not all((*groups, name)) or not all(map(_header, (name, *groups))):
            raise BadInput("That is no user", why="A name, and a list of groups.", next='as_user("jo", ["vision"])')
        from helpers.kubernetes._connection import Impersonated

        return self._with(self._connection.as_user(Impersonated(name, tuple(groups))), name)

    def service_account(self, namespace: str, name: str, *, seconds: int = 600) -> Cluster:
        """Return the cluster as a service account sees it, by a token that ends after *seconds* (at least 600).

        The token is bound to the account, lives in memory only, and is taken anew before it ends.

        Raises:
            NotFound: there is no such account. Forbidden: who asks may not have its token.
        """
        from helpers.kubernetes._access import Token
        from helpers.kubernetes._connection import Connection

        token = Token(self._connection, namespace, name, seconds)
        connection = Connection(token.configuration, timeout=self.timeout)
        return self._with(connection, f"system:serviceaccount:{namespace}:{name}", namespace)

    def token_request(
        self, namespace: str, name: str, *, audiences: Sequence[str] = (), seconds: int = 600
    ) -> Sensitive:  # fmt: skip
        """Return a short-lived token of a service account, masked; ``reveal()`` gives it.

        Args:
            audiences: who may be shown it (``vault``); by default the API server.

        Raises:
            as `service_account`, which is enough to talk to this cluster.
        """
        from helpers.kubernetes._access import take_token

        return Sensitive(take_token(self._connection, namespace, name, seconds, audiences))

    def _path(
        self, kind: str, name: str | None, namespace: str | None, subresource: str = "", api_version: str = ""
    ) -> tuple[Kind, str]:
        if not isinstance(kind, str) or not kind:
            raise BadInput("A kind is needed", why=f"It is {kind!r}.", next='get("Deployment")')
        if name == "":
            raise BadInput("The name is empty", why="It names no object.", next='get("Pod", "web")')
        found = self._connection.kind(kind, api_version)
        return found, found.path(name or "", namespace or self.namespace, subresource)

    def _ref(self, kind: Kind, name: str, namespace: str | None) -> Ref:
        return Ref(kind.api_version, kind.kind, name, (namespace or self.namespace) if kind.namespaced else "")

    def __repr__(self) -> str:
        connection = self.__dict__.get("_connection")
        where = connection.server if connection else "not connected yet"
        who = self._kubeconfig.name if self._kubeconfig else self.user
        return f"Cluster({who}, namespace {self.namespace}, {where})"


def _selectors(labels: Selector | None, fields: Selector | None) -> list[tuple[str, str]]:
    found = []
    for name, given in (("labelSelector", labels), ("fieldSelector", fields)):
        text = given if isinstance(given, str) else ",".join(f"{k}={v}" for k, v in (given or {}).items())
        found += [(name, text)] if text else []
    return found


def _header(text: Any) -> bool:
    return isinstance(text, str) and text.isprintable()


def _hidden(kind: str, body: Any) -> tuple[str, ...]:
    from helpers.kubernetes._apply import secrets_of

    return secrets_of({"kind": kind, "data": body})
