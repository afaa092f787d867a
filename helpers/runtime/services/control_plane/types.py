"""Custom resource types that a service brings into the cluster."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.core.polling import wait_until
from helpers.runtime.services.control_plane.rest import Rest, not_ready
from helpers.runtime.services.errors import NotReady

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def install_types(api: Rest, directory: Path, namespace: str, served: Mapping[str, Sequence[str]]) -> None:
    """Apply the types of *directory* unless these very ones are there: they are large, and a restart should be quick.

    Args:
        api: the control plane.
        directory: definitions, one a file.
        namespace: of the service; it keeps there which types it has applied.
        served: path of a group's version -> plural names to wait for.

    Raises:
        NotReady: the API server refuses one, or does not serve it within a minute.
    """
    files = sorted(directory.glob("*.yaml"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    path = f"/api/v1/namespaces/{namespace}/configmaps/course-crds"
    marker = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "course-crds"}, "data": {"digest": digest}}
    found = api.get(path)
    if found is not None and found["data"] == marker["data"]:
        return
    for file in files:
        crd: dict[str, Any] = yaml_reader.load(file.read_bytes())
        api.apply(f"{_CRDS}/{crd['metadata']['name']}", crd)
    for group, names in served.items():
        _discovered(api, group, set(names))
    # The server makes room for a type when it is first asked for it, and says "later" for a second.
    with ThreadPoolExecutor() as pool:
        list(pool.map(api.until, [f"{group}/{name}" for group, names in served.items() for name in names]))
    api.apply(path, marker)


def _discovered(api: Rest, group: str, wanted: set[str], seconds: float = 60.0) -> None:
    """Wait until the API server tells others of the types."""

    def served() -> bool:
        return wanted <= {one["name"] for one in (api.get(group) or {}).get("resources", ())}

    def late() -> NotReady:
        return not_ready(f"The types of {group.removeprefix('/apis/')} are not served", f"Waited {seconds:.0f} s.")

    wait_until(f"the types of {group} are served", served, seconds, on_timeout=late)
