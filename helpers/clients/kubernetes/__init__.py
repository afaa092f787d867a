"""The Kubernetes API, as kubectl uses it: typed calls, typed answers."""

from __future__ import annotations

from helpers.clients.kubernetes._discovery import ALL
from helpers.clients.kubernetes.cluster import Cluster
from helpers.clients.kubernetes.errors import (
    AdmissionRefused,
    AlreadyExists,
    BadKubeconfig,
    Conflict,
    FieldConflict,
    FieldError,
    Forbidden,
    Invalid,
    KubernetesError,
    ObjectNotFound,
    QuotaExceeded,
    TimedOut,
    UnknownKind,
    Unreachable,
)
from helpers.clients.kubernetes.manifests import Manifests
from helpers.clients.kubernetes.types import (
    Applied,
    Event,
    Events,
    FieldChange,
    Object,
    ObjectDiff,
    ObjectDiffs,
    Objects,
    Ref,
    WatchEvent,
    reveal,
)

__all__ = [
    "ALL",
    "AdmissionRefused",
    "AlreadyExists",
    "Applied",
    "BadKubeconfig",
    "Cluster",
    "Conflict",
    "Event",
    "Events",
    "FieldChange",
    "FieldConflict",
    "FieldError",
    "Forbidden",
    "Invalid",
    "KubernetesError",
    "Manifests",
    "Object",
    "ObjectDiff",
    "ObjectDiffs",
    "ObjectNotFound",
    "Objects",
    "QuotaExceeded",
    "Ref",
    "TimedOut",
    "UnknownKind",
    "Unreachable",
    "WatchEvent",
    "reveal",
]
