"""Client of the module registry: publish, look up, and what goes wrong as typed errors.

>>> registry = Registry.local()
>>> registry.publish("workspace/gpu-workspace", "1.0.0", namespace="vision", name="gpu-workspace", provider="aws",
...                  key="cosign.key")
"""

from __future__ import annotations

from helpers.clients.registry.client import Registry
from helpers.clients.registry.errors import (
    NoPermission,
    PackageProblem,
    PublishRefused,
    RegistryError,
    RegistryNotFound,
    RegistryUnreachable,
    Tampered,
    VersionTaken,
)
from helpers.clients.registry.lifecycle import (
    Consumer,
    Exemption,
    Notice,
    RemovalRefused,
    RemovalVerdict,
    Use,
)
from helpers.clients.registry.types import Module, Signature
from helpers.wrappers.module_package import LEFT_OUT, STATE, members, pack, sign

__all__ = [
    "LEFT_OUT",
    "STATE",
    "Consumer",
    "Exemption",
    "Module",
    "NoPermission",
    "Notice",
    "PackageProblem",
    "PublishRefused",
    "Registry",
    "RegistryError",
    "RegistryNotFound",
    "RegistryUnreachable",
    "RemovalRefused",
    "RemovalVerdict",
    "Signature",
    "Tampered",
    "Use",
    "VersionTaken",
    "members",
    "pack",
    "sign",
]
