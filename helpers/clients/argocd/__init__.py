"""Argo CD over its REST API: typed calls, typed answers, live events.

>>> from helpers import argocd
>>> argo = argocd.ArgoCD("vision")
>>> argo.wait("inference-dev")
Application(inference-dev: Synced, Healthy, revision 3f2a91bc)
"""

from __future__ import annotations

from helpers.clients.argocd._events import Events
from helpers.clients.argocd.client import ArgoCD
from helpers.clients.argocd.errors import (
    ArgoError,
    ArgoNotFound,
    Cancelled,
    ComparisonFailed,
    Invalid,
    NotLoggedIn,
    PermissionDenied,
    ProjectForbids,
    RepositoryRefused,
    SyncFailed,
    SyncRefused,
    TimedOut,
    Unreachable,
)

__all__ = [
    "ArgoCD",
    "ArgoError",
    "ArgoNotFound",
    "Cancelled",
    "ComparisonFailed",
    "Events",
    "Invalid",
    "NotLoggedIn",
    "PermissionDenied",
    "ProjectForbids",
    "RepositoryRefused",
    "SyncFailed",
    "SyncRefused",
    "TimedOut",
    "Unreachable",
]
