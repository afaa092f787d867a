"""The image of the story's ranking worker: a Python environment in two versions, the same bytes on every machine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from helpers.runtime import services
from helpers.wrappers.crane import Crane, write_layer

REPOSITORY = "ranking/worker"
_SITE = "opt/worker/lib/python3.11/site-packages"
_KEPT = {
    "certifi": ("2024.8.30", "MPL-2.0"),
    "click": ("8.1.7", "BSD-3-Clause"),
    "requests": ("2.32.3", "Apache-2.0"),
    "urllib3": ("2.2.3", "MIT"),
}
#: Version of the image -> package -> version and what its author says of the licence.
PACKAGES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "1.0.0": {
        **_KEPT,
        "acme-feature-store": ("2.3.0", "MIT"),
        "acme-queue-client": ("1.4.1", "Apache-2.0"),
        "packaging": ("24.1", "Apache-2.0 OR BSD-2-Clause"),
        "pyyaml": ("6.0.2", "MIT"),
        "vector-tiles": ("0.9.2", "MIT"),
    },
    "1.1.0": {
        **_KEPT,
        "acme-feature-store": ("2.4.0", "MIT"),
        "acme-queue-client": ("1.3.2", "Apache-2.0"),
        "packaging": ("24.2", "Apache-2.0 OR BSD-2-Clause"),
        "msgspec": ("0.18.6", "BSD-3-Clause"),
        "quick-ranker": ("0.1.0", ""),
        "vector-tiles": ("1.0.0", "BUSL-1.1"),
    },
}


def image(version: str) -> str:
    """Push a version of the image to the lab's registry; return its reference, by digest.

    Raises:
        RegistryError: see `helpers.wrappers.crane`.
    """
    registry = services.ensure("oci").address
    with tempfile.TemporaryDirectory() as aside:
        layer = write_layer(Path(aside) / "layer.tar", dict(_files(PACKAGES[version])))
        return Crane(aside).append([layer], f"{registry}/{REPOSITORY}:{version}")


def _files(packages: Mapping[str, tuple[str, str]]) -> list[tuple[str, bytes]]:
    """Return what pip leaves behind of each package."""
    found = []
    for name, (version, licence) in sorted(packages.items()):
        stem = f"{_SITE}/{name.replace('-', '_')}"
        said = f"License-Expression: {licence}\n" if licence else ""
        metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{said}"
        found += [
            (f"{stem}/__init__.py", f'__version__ = "{version}"\n'.encode()),
            (f"{stem}-{version}.dist-info/METADATA", metadata.encode()),
            (f"{stem}-{version}.dist-info/RECORD", f"{name.replace('-', '_')}/__init__.py,,\n".encode()),
        ]
    return found
