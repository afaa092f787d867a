"""Images signed with keys that were rotated, revoked or stolen, in a real registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.course.scenarios.signing import SigningScenario
from helpers.runtime import services
from helpers.wrappers.cosign import Bundle, Cause, KeyPair, Keyring, Refused, Verified
from helpers.wrappers.cosign.timestamp import stamped_at
from helpers.wrappers.crane import NotInRegistry

PASSWORD, TYPE = "correct-horse-208", "https://acme.test/review/v1"
LONG_AGO, SECOND = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.timedelta(seconds=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningScenario]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("state")))
        made = SigningScenario("acme/inference", tmp_path_factory.mktemp("work"))
        made.cosign.trusted_root("roots.json")
        yield made
        services.stop("all")


@pytest.fixture(scope="module")
def old(world: SigningScenario) -> KeyPair:
    return world.cosign.generate_key_pair(password=PASSWORD, name="old")


@pytest.fixture(scope="module")
def new(world: SigningScenario) -> KeyPair:
    return world.cosign.generate_key_pair(password=PASSWORD, name="new")


@pytest.fixture(scope="module")
def ring(old: KeyPair, new: KeyPair) -> Keyring:
    both = Keyring().add(old, name="2025", owner="grace@acme.test", valid_from=LONG_AGO)
    return both.add(new, name="2026", owner="ada@acme.test", valid_from=LONG_AGO)


def verify(world: SigningScenario, ring: Keyring, image: str) -> Verified | Refused:
    return ring.verify(world.cosign, image, roots="roots.json")


def cause(found: Verified | Refused) -> Cause | None:
    return None if isinstance(found, Verified) else found.cause


def test_a_rotated_key_leaves_what_it_signed_before(
    world: SigningScenario, old: KeyPair, new: KeyPair, ring: Keyring
) -> None:
    image = world.push("1", "weights 1")
    assert cause(verify(world, ring, image)) is Cause.NO_SIGNATURE
    world.cosign.sign(image, key=old, password=PASSWORD, timestamp=True)
    at = stamped_at(world.cosign.bundles(image)[0].stamps[0])
    found = verify(world, ring.revoke("2025", reason="superseded", at=at + SECOND), f"{world.address}:1")
    assert isinstance(found, Verified) and image.endswith(found.digest) and found.signed_at == at
    revoked = ring.revoke("2025", reason="superseded", at=at)
    stolen = ring.revoke("2025", reason="key-compromise", at=at + SECOND)
    assert cause(verify(world, revoked, image)) is Cause.KEY_REVOKED
    assert cause(verify(world, stolen, image)) is Cause.KEY_COMPROMISED
    # A second signature, with the key that counts, is enough; the first one stays beside it.
    world.cosign.sign(image, key=new, password=PASSWORD, timestamp=True)
    again = verify(world, stolen, image)
    assert len(world.cosign.bundles(image)) == 2 and isinstance(again, Verified) and again.key == new.fingerprint


def test_a_signature_without_a_signed_time_or_a_key_of_ours_is_refused(
    world: SigningScenario, new: KeyPair, ring: Keyring
) -> None:
    image = world.push("2", "weights 2")
    world.cosign.sign(image, key=new, password=PASSWORD)
    assert cause(verify(world, ring, image)) is Cause.NO_TIMESTAMP
    assert cause(verify(world, Keyring(ring.keys[:1]), image)) is Cause.WRONG_KEY
    assert world.cosign.verify(image, key=new), "a bare key asks for no time"


def test_statements_are_judged_alike_and_are_no_signatures(world: SigningScenario, new: KeyPair, ring: Keyring) -> None:
    image = world.push("3", "weights 3")
    world.cosign.attest(image, key=new, password=PASSWORD, predicate={"by": "ada"}, type=TYPE, timestamp=True)
    found = ring.verify_attestation(world.cosign, image, type=TYPE, roots="roots.json")
    assert isinstance(found, Verified) and found.predicate == {"by": "ada"}
    revoked = ring.revoke("2026", reason="affiliation-changed", at=LONG_AGO)
    assert cause(revoked.verify_attestation(world.cosign, image, type=TYPE, roots="roots.json")) is Cause.KEY_REVOKED
    other = ring.verify_attestation(world.cosign, image, type=TYPE + "x", roots="roots.json")
    assert cause(other) is Cause.WRONG_TYPE and cause(verify(world, ring, image)) is Cause.WRONG_TYPE
    # What else lies beside an image does not hide why its signature is refused.
    world.cosign.sign(image, key=new, password=PASSWORD, timestamp=True)
    world.cosign.attest(image, key=new, password=PASSWORD, predicate={"by": "ada"}, type=TYPE, timestamp=True)
    assert verify(world, ring, image) and cause(verify(world, revoked, image)) is Cause.KEY_REVOKED


def test_the_signature_of_another_image_is_refused(
    world: SigningScenario, new: KeyPair, ring: Keyring, tmp_path: Path
) -> None:
    image, other = world.push("4", "weights 4"), world.push("5", "weights of an intruder")
    world.cosign.sign(image, key=new, password=PASSWORD, timestamp=True)
    (tmp_path / "b.json").write_bytes(world.cosign.bundles(image)[0].content)
    assert Bundle.read(tmp_path / "b.json").digest == image.rpartition(":")[2]
    world.attach(tmp_path / "b.json", other)
    assert verify(world, ring, image) and cause(verify(world, ring, other)) is Cause.TAMPERED
    with pytest.raises(NotInRegistry):
        verify(world, ring, f"{world.address}@sha256:{'0' * 64}")
