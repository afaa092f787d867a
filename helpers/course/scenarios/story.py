"""The story's GitOps repository (``iac/gitops``), set up for people and keys of this machine."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.wrappers.base import StrPath
from helpers.wrappers.crane import Crane, write_layer
from helpers.wrappers.git import AllowedSigner, Git, SshKey

#: Name of the service's image in manifests. The registry of this machine stands in for the host.
IMAGE = "images.acme.test/vision/inference"


def push_image(registry: str, version: str) -> str:
    """Push the image of the inference service and return its digest, which is the same on every machine.

    Args:
        registry: ``HOST:PORT`` of the registry that stands in for the story's. version: for example ``1.0.0``.

    Raises:
        RegistryError: see `helpers.wrappers.crane`.
    """
    content = f"inference {version}\n".encode()
    with tempfile.TemporaryDirectory() as aside:
        layer = write_layer(Path(aside) / "layer.tar", {"model.txt": content})
        pushed = Crane(aside).append([layer], f"{registry}/{IMAGE.partition('/')[2]}:{version}")
    return pushed.partition("@")[2]


def write_repository(folder: StrPath, *, signers: Mapping[str, SshKey], image_key: StrPath) -> Git:
    """Write the story's repository into a new directory, trusting these people and this key; nothing is committed yet.

    Args:
        signers: mail address -> the key that person signs with. image_key: public key of the image pipeline.

    Raises:
        BadInput: there is something at *folder* already.
    """
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise BadInput(f"{target.name} is not empty", why="It would be written over.", next="Choose another directory.")
    shutil.copytree(IAC / "gitops", target, dirs_exist_ok=True)
    lines = [AllowedSigner(mail, key.text, 'namespaces="git"').line() for mail, key in signers.items()]
    (target / "trust/allowed_signers").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    shutil.copyfile(image_key, target / "trust/cosign.pub")
    return Git(target).init()
