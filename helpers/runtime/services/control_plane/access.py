"""Who may talk to the API server: certificates and the kubeconfig files around them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.core.files import write_private
from helpers.runtime import services
from helpers.runtime.services.pki import Authority

#: Users the plane itself needs: file -> (user, groups). `system:` names have their RBAC roles from the API server.
PARTS = {
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "kwok": ("kwok", ("system:masters",)),
    "argocd": ("argocd", ("platform:gitops",)),
    "flux": ("flux", ("platform:gitops",)),
    "admin": ("admin", ("system:masters",)),
}


def authority(directory: Path) -> Authority:
    """Return the authority of the plane whose service lives in *directory*."""
    return Authority(directory / "pki", "acme control plane CA")


def write_kubeconfig(directory: Path, server: str, user: str, *, namespace: str = "default") -> Path:
    """Write the kubeconfig of one of `PARTS` or of a tenant (mode 0600) and return its path.

    Args:
        directory: directory of the service.
        server: URL of the API server.
        user: one of `PARTS`; any other name becomes a user in the group ``tenants``.
        namespace: what its context points at.
    """
    ca = authority(directory)
    name, groups = PARTS.get(user, (user, ("tenants",)))
    pair = ca.issue(user, name, groups=groups)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": user,
        "clusters": [{"name": "course", "cluster": {"server": server, "certificate-authority": str(ca.cert)}}],
        "users": [{"name": user, "user": {"client-certificate": str(pair.cert), "client-key": str(pair.key)}}],
        "contexts": [{"name": user, "context": {"cluster": "course", "user": user, "namespace": namespace}}],
    }
    path = directory / "kubeconfig" / f"{user}.json"
    path.parent.mkdir(exist_ok=True, mode=0o700)
    # JSON is YAML, and needs no library here.
    write_private(path, json.dumps(config, indent=1).encode())
    return path


def kubeconfig(user: str = "admin", *, namespace: str = "default") -> Path:
    """Return the kubeconfig of a user of the running plane; starts the service when it is stopped.

    Args:
        user: ``admin``, or the name of a tenant, who may do what RBAC grants to that user or to group ``tenants``.
        namespace: where its commands go by default.

    Raises:
        BadInput: *user* is not a valid name, or is one of the plane's own parts.
    """
    private = user in PARTS and user not in ("admin", "argocd", "flux")
    if private or not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", user):
        raise BadInput(
            f"{user!r} cannot be the name of a user",
            why="A name has small letters, digits and dashes, and is none of the control plane's own.",
            next='kubeconfig("vision")',
        )
    service = services.ensure("kubernetes")
    return write_kubeconfig(service.data.parent, service.url, user, namespace=namespace)
