"""What the lecture on signatures stands on: an attacker's tools that work, and a sweep that would show a hole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.course.scenarios import signing
from helpers.course.scenarios.signing import SigningScenario
from helpers.runtime import services
from helpers.wrappers.cosign import Cause, KeyPair
from helpers.wrappers.crane import RegistryError

PASSWORD = "a long password"


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningScenario]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("s")))
        patch.setenv("MOD208_WORKSPACE", str(tmp_path_factory.mktemp("w")))
        try:
            yield signing.set_up()
        finally:
            services.stop("all")


@pytest.fixture(scope="module")
def key(scenario: SigningScenario) -> KeyPair:
    return scenario.cosign.generate_key_pair(password=PASSWORD)


@pytest.fixture(scope="module")
def image(scenario: SigningScenario, key: KeyPair) -> str:
    return scenario.cosign.sign(scenario.push("1", "one"), key=key, password=PASSWORD, annotations={"env": "dev"})


def test_the_same_content_has_the_same_digest(scenario: SigningScenario) -> None:
    assert scenario.push("a", "same") == scenario.push("b", "same") != scenario.push("a", "other")


def test_a_copied_signature_is_named_tampered(scenario: SigningScenario, key: KeyPair, image: str) -> None:
    other = scenario.push("2", "two")
    assert scenario.cosign.verify(other, key=key).cause is Cause.NO_SIGNATURE  # type: ignore[union-attr]
    scenario.attach(scenario.fetch(image)[1], other)
    refused = scenario.cosign.verify(other, key=key)
    assert not refused and refused.cause is Cause.TAMPERED


def test_what_is_attached_unchanged_is_still_a_signature(scenario: SigningScenario, key: KeyPair, image: str) -> None:
    scenario.attach(scenario.fetch(image)[1], image)
    assert scenario.cosign.verify(image, key=key)


def test_every_byte_that_is_signed_counts(scenario: SigningScenario, key: KeyPair, image: str) -> None:
    manifest, bundle = scenario.fetch(image)
    assert signing.verdict(scenario.cosign, manifest, bundle, key.public) == "verified"
    shown = repr(signing.flip_bits(manifest, bundle, key.public, flips=9)).splitlines()[1:]
    rows = {row.split(" | ")[0]: row.split(" | ")[1:] for row in shown}
    assert rows.pop("hint of the key") == ["9", "0", "verified"]
    assert len(rows) == 5 and all(row[:2] == ["9", "9"] for row in rows.values())
    assert signing.verdict(scenario.cosign, manifest, signing.malleable_copy(bundle), key.public) == "verified"


def test_cosign_does_not_read_layers_but_a_pull_does(scenario: SigningScenario, key: KeyPair, image: str) -> None:
    with scenario.damaged(image):
        assert scenario.cosign.verify(image, key=key)
        with pytest.raises(RegistryError):
            scenario.crane.pull(image, "image.tar")
    assert scenario.crane.pull(image, "image.tar").is_file()


def test_flags_are_given_to_cosign_as_they_are(scenario: SigningScenario, key: KeyPair, image: str) -> None:
    quiet = "--insecure-ignore-tlog=true"
    said = {flags: scenario.run_verify(image, key, *flags)[0] for flags in ((), (quiet,), (quiet, "-a=env=prod"))}
    assert list(said.values()) == [False, True, False]
    assert "log entries" in scenario.run_verify(image, key)[1]


def test_a_second_run_has_a_repository_of_its_own(scenario: SigningScenario, image: str) -> None:
    again = signing.set_up()
    assert again.repository != scenario.repository and not list(Path(again.folder).iterdir())
