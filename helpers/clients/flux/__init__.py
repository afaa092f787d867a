"""Flux: Kustomizations and their sources."""

from helpers.clients.flux.client import Flux
from helpers.clients.flux.types import (
    BuildFailed,
    FluxDown,
    FluxError,
    Kustomization,
    Kustomizations,
    NotReady,
    PathNotFound,
    Source,
    SourceNotReady,
    Sources,
    Suspended,
    TimedOut,
)

__all__ = [
    "BuildFailed",
    "Flux",
    "FluxDown",
    "FluxError",
    "Kustomization",
    "Kustomizations",
    "NotReady",
    "PathNotFound",
    "Source",
    "SourceNotReady",
    "Sources",
    "Suspended",
    "TimedOut",
]
