"""Which kinds a cluster has. Asked once by aggregated discovery, kept in memory, asked again for a kind that is new.

Source: Kubernetes documentation, "API Discovery" (``apidiscovery.k8s.io/v2``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from helpers.clients.kubernetes.errors import KubernetesError, UnknownKind
from helpers.clients.kubernetes.manifests import check_name
from helpers.core.errors import BadInput

ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#: The namespace that stands for all of them.
ALL = "*"


@dataclass(frozen=True)
class Kind:
    """One kind of a cluster: its API group and version, its names, and whether its objects live in namespaces."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    names: frozenset[str] = field(default_factory=frozenset)
    subresources: frozenset[str] = field(default_factory=frozenset)

    @property
    def api_version(self) -> str:
        """As in a manifest: ``apps/v1``, or ``v1`` of the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, name: str = "", namespace: str = "", subresource: str = "") -> str:
        """Return the path of a request for one object, or for all of a namespace (`ALL`: of every namespace).

        Raises:
            BadInput: a name that is none, or one in all namespaces.
        """
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if name and self.namespaced and namespace == ALL:
            why = "A named object is in exactly one namespace."
            raise BadInput("The name does not select a single object", why=why, next='namespace="vision"')
        if self.namespaced and namespace != ALL:
            check_name(namespace)
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        if name:
            check_name(name)
            parts.append(name)
        return "/" + "/".join(quote(part, safe="") for part in parts) + (f"/{subresource}" if subresource else "")


class Discovery:
    """The kinds of one cluster as one user sees them. The signature is the client library's for its discoverers."""

    def __init__(self, client: object, cache_file: object = None) -> None:
        self._kinds: tuple[Kind, ...] = ()
        self._lock = threading.Lock()

    def find(
        self, ask: Callable[[str, str], dict[str, Any]], kind: str, api_version: str = "", *, fresh: bool = False
    ) -> Kind:
        """Return the kind of that name; of several groups or versions the one the server prefers.

        Args:
            ask: makes a request: path, what to accept.
            kind: ``Deployment``, ``deployments``, ``deploy``, ``Deployment.apps``.
            api_version: as in a manifest; empty for any.
            fresh: ask the server even if the kind is known.

        Raises:
            UnknownKind: there is none.
        """
        with self._lock:
            found = None if fresh else self._look(kind, api_version)
            if found is None:
                self._kinds = tuple(_kinds(ask("/api", ACCEPT))) + tuple(_kinds(ask("/apis", ACCEPT)))
                found = self._look(kind, api_version)
        if found is None:
            named = f"{api_version}, kind {kind}" if api_version else kind
            raise UnknownKind(
                f"The cluster has no kind {named}",
                kind,
                why=self._others(kind, api_version),
                next="Correct it, or install its CustomResourceDefinition first.",
            )
        return found

    def _look(self, kind: str, api_version: str) -> Kind | None:
        name, _, group = kind.lower().partition(".")
        for one in self._kinds:
            right = one.api_version == api_version if api_version else one.group == group or not group
            if right and name in one.names:
                return one
        return None

    def _others(self, kind: str, api_version: str) -> str:
        name = kind.lower().partition(".")[0]
        same = [one.api_version for one in self._kinds if name in one.names]
        if same:
            return f"It has {kind.partition('.')[0]} in {', '.join(same)}."
        return "No API group of the cluster has a kind of that name."


def _kinds(found: Mapping[str, Any]) -> Iterator[Kind]:
    """Yield the kinds of one aggregated discovery document, preferred versions first."""
    if found.get("kind") != "APIGroupDiscoveryList":
        raise KubernetesError(
            "The API server does not list its kinds in one document",
            why="Aggregated discovery is part of Kubernetes from 1.30 on.",
            next="Use a newer cluster.",
        )
    groups = [(item, version) for item in found.get("items") or () for version in item.get("versions") or ()]
    for group, version in groups:
        for raw in version.get("resources") or ():
            kind = (raw.get("responseKind") or {}).get("kind", "")
            plural = raw.get("resource", "")
            names = {kind, plural, raw.get("singularResource") or kind, *(raw.get("shortNames") or ())}
            yield Kind(
                (group.get("metadata") or {}).get("name", ""),
                version.get("version", ""),
                kind,
                plural,
                raw.get("scope") == "Namespaced",
                frozenset(name.lower() for name in names),
                frozenset(sub.get("subresource", "") for sub in raw.get("subresources") or ()),
            )
