"""What the lecture on signatures stands on: an attacker's tools that work, and a sweep that would show a hole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers import lectures_signing, services
from helpers.cosign import Cause, KeyPair
from helpers.crane import RegistryError
from helpers.lectures_signing import World

PASSWORD = "a long password"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("s")))
        patch.setenv("MOD208_WORKSPACE", str(tmp_path_factory.mktemp("w")))
        try:
            yield lectures_signing.begin()
        finally:
            services.stop("all")


@pytest.fixture(scope="module")
def key(world: World) -> KeyPair:
    return world.cosign.generate_key_pair(password=PASSWORD)


@pytest.fixture(scope="module")
def image(world: World, key: KeyPair) -> str:
    return world.cosign.sign(world.push("1", "one"), key=key, password=PASSWORD, annotations={"env": "dev"})


def test_the_same_content_has_the_same_digest(world: World) -> None:
    assert world.push("a", "same") == world.push("b", "same") != world.push("a", "other")


def test_a_copied_signature_is_named_tampered(world: World, key: KeyPair, image: str) -> None:
    other = world.push("2", "two")
    assert world.cosign.verify(other, key=key).cause is Cause.NO_SIGNATURE  # type: ignore[union-attr]
    world.attach(world.fetch(image)[1], other)
    refused = world.cosign.verify(other, key=key)
    assert not refused and refused.cause is Cause.TAMPERED


def test_what_is_attached_unchanged_is_still_a_signature(world: World, key: KeyPair, image: str) -> None:
    world.attach(world.fetch(image)[1], image)
    assert world.cosign.verify(image, key=key)


def test_every_byte_that_is_signed_counts(world: World, key: KeyPair, image: str) -> None:
    manifest, bundle = world.fetch(image)
    assert lectures_signing.judge(world.cosign, manifest, bundle, key.public) == "verified"
    shown = repr(lectures_signing.sweep(manifest, bundle, key.public, flips=9)).splitlines()[1:]
    rows = {row.split(" | ")[0]: row.split(" | ")[1:] for row in shown}
    assert rows.pop("hint of the key") == ["9", "0", "verified"]
    assert len(rows) == 5 and all(row[:2] == ["9", "9"] for row in rows.values())
    assert lectures_signing.judge(world.cosign, manifest, lectures_signing.twin(bundle), key.public) == "verified"


def test_cosign_does_not_read_layers_and_the_one_who_pulls_does(world: World, key: KeyPair, image: str) -> None:
    with world.damaged(image):
        assert world.cosign.verify(image, key=key)
        with pytest.raises(RegistryError):
            world.crane.pull(image, "image.tar")
    assert world.crane.pull(image, "image.tar").is_file()


def test_flags_are_given_to_cosign_as_they_are(world: World, key: KeyPair, image: str) -> None:
    quiet = "--insecure-ignore-tlog=true"
    said = {flags: world.ask(image, key, *flags)[0] for flags in ((), (quiet,), (quiet, "-a=env=prod"))}
    assert list(said.values()) == [False, True, False]
    assert "log entries" in world.ask(image, key)[1]


def test_a_second_run_has_a_repository_of_its_own(world: World, image: str) -> None:
    again = lectures_signing.begin()
    assert again.repository != world.repository and not list(Path(again.folder).iterdir())
