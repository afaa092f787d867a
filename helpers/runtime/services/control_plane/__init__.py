"""The Kubernetes control plane as plain processes on loopback: etcd, API server, controllers, scheduler, kwok.

Everyone proves who they are by a certificate of the plane's own authority; RBAC decides what they may do. Nodes and
pods are simulated by kwok: a Deployment becomes ready, its containers do not run.

Source: the Kubernetes project's "Kubernetes The Hard Way" lists the same parts; flags are those of each binary's help.
"""

from __future__ import annotations

from helpers.runtime.services.control_plane.access import kubeconfig
from helpers.runtime.services.control_plane.spec import SPEC

__all__ = ["SPEC", "kubeconfig"]
