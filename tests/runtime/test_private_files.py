"""What authenticates is not taken from a file that others may have read, or put there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.clients.forge.local import ForgeDirectory
from helpers.clients.registry import Registry
from helpers.compliance.audit.witnesses import Witness
from helpers.core.files import NotPrivate, read_private
from helpers.course.workspace.secret import secret
from helpers.runtime import cloud_access, services, trust
from helpers.runtime.services.gitops.accounts import password
from helpers.wrappers.cosign.sigstore import Sigstore


def issuer(folder: Path) -> Sigstore:
    nowhere = "https://127.0.0.1:9"
    return Sigstore(nowhere, nowhere, nowhere, nowhere, folder, folder, folder)


#: Reads what authenticates, with where its file is in the state directory.
READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "the cloud's key": ("services/cloud/data/access.json", lambda _: cloud_access.local_key()),
    "the account at the OCI registry": ("services/oci/docker/config.json", lambda _: trust.registry_account()),
    "the registry's administrator": ("services/registry/data/admin.token", lambda _: Registry.local()),
    "a lab's password": ("secrets/lab1/key", lambda _: secret("lab1", "key")),
    "a person's token": ("forge/people/ada/token", lambda state: ForgeDirectory(state / "forge").token("ada")),
    "a witness's token": ("w/token", lambda state: Witness(state / "w", "w").token()),
    "an account of Argo CD": ("argo/accounts/admin", lambda state: password(state / "argo", "admin")),
    "an identity at the issuer": ("sig/keys/identities.json", lambda state: issuer(state / "sig").token("ada")),
}


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotPrivate, match="It is not a file"):
        read_private(tmp_path)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("planted", ["mode", "link"])
def test_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, planted: str) -> None:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path))
    # Nothing is started, and nothing is asked: the file is read first.
    monkeypatch.setattr(services, "ensure", lambda name: SimpleNamespace(url="https://127.0.0.1:9"))
    place, read = READERS[name]
    file = tmp_path / place
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_text('{"access_key_id": "local", "secret_access_key": "planted"}')
    file.chmod(0o644 if planted == "mode" else 0o600)
    if planted == "link":
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotPrivate):
        read(tmp_path)
