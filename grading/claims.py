"""What a learner's module registry says was published, offered to the judge's own registry.

The learner was the administrator of that registry and could write anything into it. So its packages, signatures and
marks are claims; the judge's registry takes each by its own rules or refuses it.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from grading.places import CLAIMS
from helpers.clients.registry import Registry
from helpers.compliance.module_rules import versions
from helpers.core.errors import CourseError
from helpers.core.files import write_private
from helpers.core.paths import state_dir
from helpers.runtime import cloud_access, services

#: More packages than a lab publishes.
MOST = 40


def offer(claims: Path = Path(CLAIMS)) -> None:
    """Publish again what is claimed, version by version; what is refused is left out, and nothing is said."""
    modules = sorted({path.parent for path in (claims / "modules").glob("*/*/*/*")})[:MOST]
    if not modules:
        return
    registry = Registry.local()
    for namespace, keys in _keys(claims).items():
        for key in list(keys.values())[:MOST]:
            _add_key(registry, str(namespace), key)
    for module in modules:
        address = module.relative_to(claims / "modules").as_posix()
        names = [path.name for path in module.iterdir() if path.is_dir()][:MOST]
        for version in reversed(versions.ordered(names)):
            _publish(registry, address, version, module / version)


def pin_cloud() -> None:
    """Let scripts that the judge starts find its cloud: they see no process of it, so they cannot look it up."""
    here = {service.name: service for service in services.status()}
    if "cloud" in here and here["cloud"].status == "running":
        pinned = cloud_access.pinned()
        for name in ("MOD208_CLOUD_KEY", "MOD208_CLOUD_CA"):
            copy = state_dir() / f"cloud-{name.rpartition('_')[2].lower()}"
            write_private(copy, Path(pinned[name]).read_bytes())
            pinned[name] = str(copy)
        os.environ.update(pinned)


def _keys(claims: Path) -> dict[str, dict[str, Any]]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        data = json.loads((claims / "access.json").read_text())
        if isinstance(data, dict) and isinstance(data.get("keys"), dict):
            return {name: keys for name, keys in data["keys"].items() if isinstance(keys, dict)}
    return {}


def _add_key(registry: Registry, namespace: str, key: Any) -> None:
    if not isinstance(key, dict):
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pub") as file, contextlib.suppress(CourseError):
        file.write(str(key.get("pem", "")))
        file.flush()
        registry.add_key(namespace, str(key.get("name", "")), file.name)


def _publish(registry: Registry, address: str, version: str, folder: Path) -> None:
    with contextlib.suppress(CourseError, OSError):
        package, bundle = (folder / "module.tar.gz").read_bytes(), (folder / "bundle.json").read_bytes()
        registry.publish_package(package, bundle, version, address)
        for flag, reason in _flags(folder).items():
            if flag == "yanked":
                registry.yank(address, version, reason)
            elif flag == "deprecated":
                registry.deprecate(address, version, reason)


def _flags(folder: Path) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        data = json.loads((folder / "flags.json").read_text())
        if isinstance(data, dict):
            return {str(name): str(reason) for name, reason in data.items()}
    return {}


__all__ = ["offer", "pin_cloud"]
