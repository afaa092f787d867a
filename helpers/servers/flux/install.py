"""What Flux needs in the cluster before its processes start: its types and its namespace."""

from __future__ import annotations

from pathlib import Path

from helpers.clients.flux.source_declaration import NAMESPACE
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.control_plane.types import install_types

_SERVED = {
    "/apis/kustomize.toolkit.fluxcd.io/v1": ("kustomizations",),
    "/apis/source.toolkit.fluxcd.io/v1": ("externalartifacts", "gitrepositories", "ocirepositories", "buckets"),
}


def install(api: Rest, folder: Path) -> None:
    """Apply the namespace and the types of *directory*."""
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    install_types(api, folder, NAMESPACE, _SERVED)
