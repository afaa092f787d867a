"""Keys that were replaced together with the pack."""

from __future__ import annotations

import shutil
from pathlib import Path

from helpers.compliance.evidence import Keys, verify
from helpers.compliance.evidence.reading import sha256
from tests.compliance.forgeries.packs import Packs


def swapped(packs: Packs, name: str, content: bytes, tmp_path: Path) -> Path:
    """Return the auditor's directory with one file replaced, or one more."""
    keys = Path(shutil.copytree(packs.keys.directory, tmp_path / name.replace("/", "-")))
    (keys / name).write_bytes(content)
    return keys


def test_forgery(packs: Packs, tmp_path: Path) -> None:
    pin = packs.keys.pin()
    easier = (packs.keys.controls).read_bytes().replace(b"other_actor: true", b"other_actor: false")
    for name, content in (
        ("pack.pub", packs.signer.public.read_bytes()),
        ("signers/more.pub", packs.sealer.public.read_bytes()),
        ("controls.yaml", easier),
        ("roots.json", b"{}"),
        ("collectors", b"{}"),
    ):
        keys = swapped(packs, name, content, tmp_path)
        assert [one.kind for one in verify(packs.honest, keys=keys, pin=pin).findings] == ["swapped-keys"]


def test_forgery_by_a_name_with_two_lines(packs: Packs, tmp_path: Path) -> None:
    """The pin is the digest of a list; a name that holds the next line of it must not stand for two files."""
    honest = Path(shutil.copytree(packs.keys.directory, tmp_path / "honest"))
    (honest / "signers" / "second.pub").write_bytes(packs.sealer.public.read_bytes())
    pin = Keys(honest).pin()
    first, second = sorted((honest / "signers").iterdir())
    line = f"{sha256(second)}  signers/{second.name}"
    second.unlink()
    # The directory in the name has to be there.
    forged = honest / "signers" / f"{first.name}\n{line}"
    forged.parent.mkdir(parents=True, exist_ok=True)
    first.rename(forged)
    assert [one.kind for one in verify(packs.honest, keys=honest, pin=pin).findings] == ["swapped-keys"]


def test_forgery_by_keys_in_the_pack(packs: Packs) -> None:
    copy = packs.copy()
    shutil.copytree(packs.keys.directory, copy / "keys")
    assert [one.kind for one in verify(copy, keys=copy / "keys").findings] == ["swapped-keys"]


def test_honest_twin(packs: Packs, tmp_path: Path) -> None:
    keys = Path(shutil.copytree(packs.keys.directory, tmp_path / "keys"))
    found = verify(packs.honest, keys=keys, pin=Keys(packs.keys.directory).pin())
    assert found.status == "valid" and not any("pin" in left for left in found.not_checked)
    # Without a pin the answer says what it leaves open.
    assert any("pin" in left for left in verify(packs.honest, keys=keys).not_checked)
