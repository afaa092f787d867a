"""What Flux needs in the cluster before its processes start: its types and its namespace."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from helpers.services.control_plane.rest import Rest
from helpers.services.flux.declaration import NAMESPACE

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_MARKER = f"/api/v1/namespaces/{NAMESPACE}/configmaps/course-crds"
_SERVED = (
    "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
    *(f"/apis/source.toolkit.fluxcd.io/v1/{name}"
      for name in ("externalartifacts", "gitrepositories", "ocirepositories", "buckets")),
)  # fmt: skip


def install(api: Rest, folder: Path) -> None:
    """Apply the types of *folder* unless these very ones are there: they are large, and a restart should be quick."""
    import yaml

    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    files = sorted(folder.glob("*.yaml"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    marker = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "course-crds"}, "data": {"digest": digest}}
    found = api.get(_MARKER)
    if found is not None and found["data"] == marker["data"]:
        return
    for path in files:
        crd: dict[str, Any] = yaml.safe_load(path.read_bytes())
        api.apply(f"{_CRDS}/{crd['metadata']['name']}", crd)
    for served in _SERVED:
        api.until(served)
    api.apply(_MARKER, marker)
