"""What a fresh cluster gets: GPU nodes and the rights of the GitOps controllers."""

from __future__ import annotations

from typing import Any

from helpers.runtime.services.control_plane.access import write_kubeconfig
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.spec import ServiceContext

#: Simulated machines: eight GPUs each, as the platform team buys them.
NODES = ("gpu-1", "gpu-2", "gpu-3", "gpu-4")
MANAGER = "course"


def node(name: str) -> dict[str, Any]:
    """Return the manifest of one GPU node."""
    size = {"cpu": "64", "memory": "512Gi", "pods": "110", "nvidia.com/gpu": "8"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.acme.test/pool": "gpu",
                "nvidia.com/gpu.product": "H100",
            },
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": size, "capacity": size},
    }


#: Argo CD and Flux may do everything in the cluster, as in their own installations; AppProjects and
#: service accounts narrow down what a team may do through them.
GITOPS_ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "platform:gitops"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "platform:gitops"}],
}


def provision(context: ServiceContext) -> None:
    """Put nodes and rights into the cluster; what is there already stays as it is."""
    config = write_kubeconfig(context.directory, f"https://127.0.0.1:{context.ports['api']}", "admin")
    with Rest(config) as api:
        for name in NODES:
            api.create("/api/v1/nodes", node(name))
        api.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", GITOPS_ROLE)
        api.until("/api/v1/namespaces/default/serviceaccounts/default")
