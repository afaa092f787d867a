"""What every part of `helpers.clients.kubernetes.Cluster` needs: whose cluster it is, the connection, paths."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.clients.kubernetes._discovery import Kind
from helpers.clients.kubernetes.manifests import check_name
from helpers.clients.kubernetes.types import Ref
from helpers.core.errors import BadInput
from helpers.runtime.services.control_plane import kubeconfig as local_kubeconfig

if TYPE_CHECKING:
    from typing import Self

    from helpers.clients.kubernetes._connection import Connection

#: Labels or fields to select by: as text (``app=web,tier!=cache``) or a mapping.
Selector = str | Mapping[str, str]


class ClusterBase:
    """A cluster seen by one user; `helpers.clients.kubernetes.Cluster` says what it takes."""

    def __init__(
        self,
        user: str = "admin",
        *,
        kubeconfig: Path | str | None = None,
        namespace: str = "default",
        timeout: float = 30,
        context: str | None = None,
    ) -> None:
        if not timeout > 0:
            raise BadInput("The time limit must be more than 0 s", why=f"It is {timeout!r}.", next="timeout=30")
        check_name(namespace)
        self.user, self.namespace, self.timeout = user, namespace, timeout
        self._kubeconfig = Path(kubeconfig).expanduser() if kubeconfig is not None else None
        self._context = context

    @cached_property
    def _connection(self) -> Connection:
        # The client library takes 0.4 s to import; whoever never asks a cluster need not wait for it.
        from helpers.clients.kubernetes._connection import Connection

        path = self._kubeconfig or local_kubeconfig(self.user)
        return Connection.open(path, self._context, timeout=self.timeout)

    def _with(self, connection: Connection, user: str, namespace: str | None = None) -> Self:
        other = type(self)(user, namespace=namespace or self.namespace, timeout=self.timeout)
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


def selectors(labels: Selector | None, fields: Selector | None) -> list[tuple[str, str]]:
    """Return the query that selects by labels and fields."""
    found = []
    for name, given in (("labelSelector", labels), ("fieldSelector", fields)):
        text = given if isinstance(given, str) else ",".join(f"{k}={v}" for k, v in (given or {}).items())
        found += [(name, text)] if text else []
    return found
