"""Client of the module registry: publish, look up, and what goes wrong as typed errors.

>>> registry = Registry.local()
>>> registry.publish("workspace/gpu-workspace", "1.0.0", namespace="vision", name="gpu-workspace", provider="aws",
...                  key="cosign.key")
"""

from __future__ import annotations

from helpers.registry.client import HOST, Registry
from helpers.registry.errors import (
    NoPermission,
    NotFound,
    Problem,
    PublishRefused,
    RegistryError,
    RegistryUnreachable,
    Tampered,
    VersionTaken,
)
from helpers.registry.package import LEFT_OUT, STATE, members, pack, sign
from helpers.registry.types import Module, Signature

__all__ = [
    "HOST", "LEFT_OUT", "STATE", "Module", "NoPermission", "NotFound", "Problem", "PublishRefused", "Registry",
    "RegistryError", "RegistryUnreachable", "Signature", "Tampered", "VersionTaken", "members", "pack", "sign",
]  # fmt: skip
