"""Argo CD over its REST API: typed calls, typed answers, live events.

>>> from helpers.argocd import ArgoCD
>>> argo = ArgoCD("vision")
>>> argo.wait("inference-dev")
Application(inference-dev: Synced, Healthy, revision 3f2a91bc)
"""

from __future__ import annotations

from helpers.argocd._events import Events
from helpers.argocd.client import ArgoCD
from helpers.argocd.errors import (
    ArgoError,
    Cancelled,
    ComparisonFailed,
    Invalid,
    NotFound,
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
    "ArgoCD", "ArgoError", "Cancelled", "ComparisonFailed", "Events", "Invalid", "NotFound", "NotLoggedIn",
    "PermissionDenied", "ProjectForbids", "RepositoryRefused", "SyncFailed", "SyncRefused", "TimedOut", "Unreachable",
]  # fmt: skip
