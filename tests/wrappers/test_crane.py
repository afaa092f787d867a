"""crane and Conftest's push and pull against a real registry on loopback."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.crane import BadReference, Crane, NotInRegistry, RegistryUnreachable, write_layer
from tests.wrappers.registry import registry

NOBODY = "127.0.0.1:9/acme/app:1"


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with registry() as address:
        yield address


@pytest.fixture
def crane(tmp_path: Path) -> Crane:
    write_layer(tmp_path / "-layer one.tar", {"model/weights": b"weights"})
    return Crane(tmp_path)


def test_an_image_goes_up_and_comes_down(host: str, crane: Crane) -> None:
    pushed = crane.append(["-layer one.tar"], f"{host}/acme/up:1")
    digest = crane.digest(f"{host}/acme/up:1")
    assert pushed == f"{host}/acme/up@{digest}"
    manifest = crane.manifest(f"{host}/acme/up:1")
    assert len(manifest.layers) == 1 and manifest.config is not None and "manifest" in manifest.media_type
    assert manifest.layers[0].digest in manifest.raw["layers"][0]["digest"]
    assert crane.config(f"{host}/acme/up:1")["rootfs"]["type"] == "layers"
    two = crane.append(["-layer one.tar"], f"{host}/acme/up:2", base=f"{host}/acme/up:1")
    assert len(crane.manifest(two).layers) == 2
    saved = crane.pull(f"{host}/acme/up:1", "-saved.tar")
    assert saved.stat().st_size > 0
    assert crane.push("-saved.tar", f"{host}/acme/again:1").endswith(digest)
    assert crane.validate(f"{host}/acme/up:1").valid and crane.validate(tarball="-saved.tar").valid


@pytest.mark.parametrize("size", [0, 1, 65_000, 200_000])
def test_a_layer_goes_up_as_it_was_written(host: str, crane: Crane, tmp_path: Path, size: int) -> None:
    """So the Go that crane was built with does not choose the digest: versions of Go compress differently."""
    written = write_layer(tmp_path / "layer.tar", {"model/weights": os.urandom(size)})
    with tarfile.open(written) as tar:
        assert tar.getmember("model/weights").size == size
    pushed = crane.append([written], f"{host}/acme/kept:{size}")
    assert crane.manifest(pushed).layers[0].digest == f"sha256:{hashlib.sha256(written.read_bytes()).hexdigest()}"


def test_tags_copies_and_catalogue(host: str, crane: Crane) -> None:
    crane.append(["-layer one.tar"], f"{host}/acme/tags:1")
    crane.tag(f"{host}/acme/tags:1", "stable")
    assert crane.tags(f"{host}/acme/tags") == ("1", "stable")
    assert crane.copy(f"{host}/acme/tags:1", f"{host}/acme/copied:1") == crane.digest(f"{host}/acme/tags:1")
    assert {"acme/tags", "acme/copied"} <= set(crane.catalog(host))
    crane.delete(f"{host}/acme/copied:1")
    with pytest.raises(NotInRegistry):
        crane.digest(f"{host}/acme/copied:1")


def test_faults_are_typed(host: str, crane: Crane, tmp_path: Path) -> None:
    with pytest.raises(NotInRegistry):
        crane.tags(f"{host}/nowhere")
    with pytest.raises(NotInRegistry):
        crane.validate(f"{host}/nowhere:1")
    with pytest.raises(RegistryUnreachable) as caught:
        crane.digest(NOBODY)
    assert "services" in caught.value.next
    for bad in ("Not A Reference", "", "--help", f"{host}/x@sha256:abc"):
        with pytest.raises(BadReference):
            crane.manifest(bad)
    with pytest.raises(BadInput):
        crane.push("nowhere.tar", f"{host}/acme/up:3")
    (tmp_path / "cut.tar").write_bytes((tmp_path / "-layer one.tar").read_bytes()[:100])
    assert not crane.validate(tarball="cut.tar").valid


def test_policies_travel_by_registry(host: str, tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "main.rego").write_text('package main\n\ndeny contains "no" if input.bad\n')
    conftest = Conftest(tmp_path)
    digest = conftest.push(f"{host}/acme/policies:1", tls=False)
    assert digest == Crane(tmp_path).digest(f"{host}/acme/policies:1")
    for target in ("a copy", tmp_path / "another"):
        pulled = conftest.pull(f"{host}/acme/policies:1", policy=target, tls=False)
        assert pulled == tmp_path / target
        assert not conftest.test(document={"bad": True}, policies=[target]).passed
    with pytest.raises(NotInRegistry):
        conftest.pull(f"{host}/acme/nothing:1", policy="x", tls=False)
    with pytest.raises(RegistryUnreachable):
        conftest.push(NOBODY, tls=False)
    with pytest.raises(BadReference):
        conftest.push(f"{host}/BAD name:1", tls=False)


def test_a_layer_is_the_same_bytes_on_every_machine(tmp_path: Path) -> None:
    layer = write_layer(tmp_path / "layer.tar", {"model.txt": b"inference 1.0.0\n"})
    found = hashlib.sha256(layer.read_bytes()).hexdigest()
    assert found == "70632777a0eba45f309449513946c17412e4d42ae5dafc4e1d18f9aa17e51798"
