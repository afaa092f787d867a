"""The story's GitOps repository (``iac/gitops``), set up for people and keys of this machine."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from helpers._paths import IAC
from helpers._wrapper import StrPath
from helpers.crane import Crane
from helpers.errors import BadInput
from helpers.git import AllowedSigner, Git, SshKey

#: Name of the service's image in manifests. The registry of this machine stands in for the host.
IMAGE = "images.acme.test/vision/inference"


def push_image(registry: str, version: str) -> str:
    """Push the image of the inference service and return its digest, which is the same on every machine.

    Args:
        registry: ``HOST:PORT`` of the registry that stands in for the story's. version: for example ``1.0.0``.

    Raises:
        RegistryError: see `helpers.crane`.
    """
    content = f"inference {version}\n".encode()
    with tempfile.TemporaryDirectory() as aside:
        # Neither time nor user goes into the layer, or the digest would change with them.
        with tarfile.open(Path(aside) / "layer.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
            member = tarfile.TarInfo("model.txt")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
        pushed = Crane(aside).append(["layer.tar"], f"{registry}/{IMAGE.partition('/')[2]}:{version}")
    return pushed.partition("@")[2]


def write(folder: StrPath, *, signers: Mapping[str, SshKey], image_key: StrPath) -> Git:
    """Write the story's repository into a new folder, trusting these people and this key; nothing is committed yet.

    Args:
        signers: mail address -> the key that person signs with. image_key: public key of the image pipeline.

    Raises:
        BadInput: there is something at *folder* already.
    """
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise BadInput(f"{target.name} is not empty", why="It would be written over.", next="Choose another folder.")
    shutil.copytree(IAC / "gitops", target, dirs_exist_ok=True)
    lines = [AllowedSigner(mail, key.text, 'namespaces="git"').line() for mail, key in signers.items()]
    (target / "trust/allowed_signers").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    shutil.copyfile(image_key, target / "trust/cosign.pub")
    return Git(target).init()
