"""Puts the kinds of the External Secrets API, and what the controller may do, into a cluster."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from helpers.clients.kubernetes import Cluster
from helpers.core import yaml_reader

#: User that the controller is to the API server.
USER = "external-secrets"
_STORES = "secretstores.external-secrets.io"


def manifests() -> list[dict[str, Any]]:
    """Return everything to install; a ClusterSecretStore is a SecretStore without a namespace."""
    found: list[dict[str, Any]] = yaml_reader.load_all(Path(__file__).with_name("crds.yaml").read_text())
    cluster_wide = copy.deepcopy(next(one for one in found if one["metadata"]["name"] == _STORES))
    cluster_wide["metadata"]["name"] = "clustersecretstores.external-secrets.io"
    cluster_wide["spec"]["scope"] = "Cluster"
    cluster_wide["spec"]["names"] |= {
        "kind": "ClusterSecretStore",
        "listKind": "ClusterSecretStoreList",
        "plural": "clustersecretstores",
        "singular": "clustersecretstore",
        "shortNames": ["css"],
    }
    return [*found, cluster_wide]


def install(cluster: Cluster | None = None) -> None:
    """Install into *cluster*, by default the course's own; safe to repeat."""
    cluster = cluster or Cluster()
    wanted = manifests()
    cluster.apply(wanted, field_manager="external-secrets-install")
    for one in wanted:
        if one["kind"] == "CustomResourceDefinition":
            cluster.wait("CustomResourceDefinition", one["metadata"]["name"], condition="Established", timeout=30)
