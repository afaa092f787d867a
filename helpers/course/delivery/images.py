"""The images that the platform team's pipeline built and signed, in the registry of this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from helpers.course.delivery.errors import UnknownVersion
from helpers.course.scenarios import story
from helpers.course.workspace import Workspace
from helpers.wrappers.cosign import Cosign, KeyPair
from helpers.wrappers.crane import Crane, RegistryError

#: version -> what is told about it. 1.2.0 is signed and never becomes ready; 6.6.6 nobody signed.
VERSIONS = {
    "1.0.0": "signed",
    "1.1.0": "signed",
    "1.2.0": "signed",
    "6.6.6": "unsigned",
}


@dataclass(frozen=True)
class Images:
    """What was built.

    Attributes:
        digests: version -> ``sha256:...``, the same on every machine.
        key: the platform team's key pair; its public half is in the repository's ``trust/``.
    """

    digests: dict[str, str]
    key: KeyPair

    def reference(self, version: str) -> str:
        """Return the image as manifests name it, pinned by its digest.

        Raises:
            UnknownVersion: it was not built.
        """
        if version not in self.digests:
            raise UnknownVersion(
                f"There is no image of version {version!r}",
                why="Built are: " + ", ".join(self.digests) + ".",
                next='platform.image("1.0.0")',
            )
        return f"{story.IMAGE}@{self.digests[version]}"

    def version(self, digest: str) -> str:
        """Return the version of a digest; empty when it is none of ours."""
        return next((version for version, known in self.digests.items() if known == digest), "")


def ensure(lab: Workspace, home: Path, registry: str) -> Images:
    """Build and sign the images unless the registry has them.

    Args:
        lab: whose password protects the key.
        home: directory for the key pair, mode 0700.
        registry: ``HOST:PORT`` of the OCI registry.
    """
    password = lab.secret("image-key")
    cosign = Cosign(home)
    made = (home / "image.key").exists()
    key = cosign.key_pair(name="image") if made else cosign.generate_key_pair(password=password, name="image")
    stamp = home / "images.json"
    name = f"{registry}/{story.IMAGE.partition('/')[2]}"
    digests: dict[str, str] = json.loads(stamp.read_text()) if stamp.exists() else {}
    if set(digests) == set(VERSIONS) and set(VERSIONS) <= set(_tags(Crane(home), name)):
        return Images(digests, key)
    digests = {version: story.push_image(registry, version) for version in VERSIONS}
    for version, how in VERSIONS.items():
        if how == "signed":
            cosign.sign(f"{name}@{digests[version]}", key=key, password=password)
    stamp.write_text(json.dumps(digests))
    return Images(digests, key)


def _tags(crane: object, name: str) -> tuple[str, ...]:
    assert isinstance(crane, Crane)
    try:
        return crane.tags(name)
    except RegistryError:
        return ()
