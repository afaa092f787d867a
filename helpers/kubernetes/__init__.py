"""The Kubernetes API, as kubectl uses it: typed calls, typed answers."""

from __future__ import annotations

from helpers.kubernetes._discovery import ALL
from helpers.kubernetes.cluster import Cluster
from helpers.kubernetes.errors import (
    AdmissionRefused,
    AlreadyExists,
    BadKubeconfig,
    Conflict,
    FieldConflict,
    FieldError,
    Forbidden,
    Invalid,
    KubernetesError,
    NotFound,
    QuotaExceeded,
    TimedOut,
    UnknownKind,
    Unreachable,
)
from helpers.kubernetes.types import (
    Applied,
    Change,
    Event,
    Events,
    Object,
    ObjectDiff,
    ObjectDiffs,
    Objects,
    Ref,
    WatchEvent,
    reveal,
)

__all__ = [
    "ALL", "AdmissionRefused", "AlreadyExists", "Applied", "BadKubeconfig", "Change", "Cluster", "Conflict", "Event",
    "Events", "FieldConflict", "FieldError", "Forbidden", "Invalid", "KubernetesError", "NotFound", "Object",
    "ObjectDiff", "ObjectDiffs", "Objects", "QuotaExceeded", "Ref", "TimedOut", "UnknownKind", "Unreachable",
    "WatchEvent", "reveal",
]  # fmt: skip
