"""What every part of `helpers.clients.flux.Flux` needs: the cluster, the namespace, whether anybody reconciles."""

from __future__ import annotations

import time
from typing import Any

from helpers.clients.flux import source_declaration as d
from helpers.clients.flux.types import FluxDown
from helpers.clients.kubernetes import Applied, Cluster, Manifests
from helpers.runtime import services


class FluxBase:
    """Flux in one namespace of a cluster; `helpers.clients.flux.Flux` says what it takes."""

    def __init__(self, cluster: Cluster | None = None, *, namespace: str = d.NAMESPACE) -> None:
        self.namespace, self._cluster, self._own = namespace, cluster, cluster is None

    @property
    def cluster(self) -> Cluster:
        """The cluster. Flux is started at the first use, and not again behind your back."""
        if self._cluster is None:
            services.ensure("flux")
            self._cluster = Cluster()
        return self._cluster

    def apply(self, manifests: Manifests) -> tuple[Applied, ...]:
        """Apply manifests of Flux's objects: YAML text, a Path, dicts. Errors as `Cluster.apply`."""
        return self.cluster.apply(manifests, namespace=self.namespace)

    def _meta(self, name: str) -> dict[str, Any]:
        return {"name": name, "namespace": self.namespace}

    def _check_up(self) -> None:
        if not self._own:
            return
        found = next(one for one in services.status() if one.name == "flux")
        if found.status != "running":
            why = f"The service is {found.status}."
            raise FluxDown("Flux is not running, so nothing is reconciled", why=why, next="course services start flux")

    def __repr__(self) -> str:
        return f"Flux(namespace {self.namespace})"


def token() -> str:
    """Return a new value of the annotation that requests a reconciliation."""
    return str(time.time_ns())
