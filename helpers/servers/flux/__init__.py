"""Flux as plain processes beside the control plane: its kustomize-controller, and a source of ours.

kustomize-controller is Flux's own. source-controller, which gives it the content of Git, cannot be built here: the
course's `helpers.servers.flux.source` stands in for it, by the interface that Flux has for sources of others (Flux
RFC-0012, ``ExternalArtifact``). Flux's other types, GitRepository among them, are defined in the cluster, so that
manifests of them are checked; nobody acts on those.

Source: the flags and types of kustomize-controller's and source-controller's own modules.
"""

from __future__ import annotations

from helpers.clients.flux.source_declaration import NAMESPACE
from helpers.servers.flux.spec import SPEC

__all__ = ["NAMESPACE", "SPEC"]
