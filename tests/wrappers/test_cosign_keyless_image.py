"""Keyless signatures of images and statements about them, in a real registry."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.compliance.provenance import PROVENANCE, SBOM_TYPES, Statement
from helpers.core.errors import BadInput
from helpers.course.scenarios.signing import SIGNATURE, SigningScenario
from helpers.runtime import services, trust
from helpers.wrappers.cosign import Cause, Keyless, NotAllowed, Refused, SignerPolicy, SignerRule, Verified
from helpers.wrappers.crane import BadReference, RegistryUnreachable

ADA, GRACE, BOT = "ada@acme.test", "grace@acme.test", "spiffe://acme.test/pipeline/inference"
SBOM = SBOM_TYPES["cyclonedx"]
BILL = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "torch"}]}
BUILT = {
    "buildDefinition": {"buildType": "https://acme.test/image/v1", "externalParameters": {"tag": "1"}},
    "runDetails": {"builder": {"id": BOT}},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningScenario]:
    """A repository of a registry of our own, and a private Sigstore."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("state")))
        yield SigningScenario("acme/inference", tmp_path_factory.mktemp("work"))
        services.stop("all")


@pytest.fixture(scope="module")
def keyless(world: SigningScenario) -> Keyless:
    return Keyless(world.folder)


@pytest.fixture(scope="module")
def image(world: SigningScenario, keyless: Keyless) -> str:
    """An image that a pipeline signed, with an SBOM of a person and provenance of the pipeline; tests only read it."""
    reference = world.push("1", "weights 1")
    keyless.sign(reference, identity=BOT)
    keyless.attest(reference, identity=ADA, predicate=BILL, type=SBOM)
    keyless.attest(reference, identity=BOT, predicate=BUILT, type=PROVENANCE)
    return reference


def cause(found: Verified | Refused) -> Cause | None:
    return None if isinstance(found, Verified) else found.cause


def who(keyless: Keyless, identity: str) -> dict[str, Any]:
    return {"certificate_identity": identity, "certificate_oidc_issuer": keyless.sigstore.issuer(identity)}


def test_an_image_is_signed_by_a_pipeline_and_by_nobody_else(
    world: SigningScenario, keyless: Keyless, image: str
) -> None:
    site, bot = keyless.sigstore, who(keyless, BOT)
    found = keyless.verify(image, **bot)
    assert found and image.endswith(found.digest) and found.key == BOT
    # Ada made a statement about it, which is no signature, and the signature beside it is not hers.
    assert cause(keyless.verify(image, **who(keyless, ADA))) is Cause.WRONG_TYPE
    alone = world.push("5", "signed once")
    keyless.sign(alone, identity=BOT)
    assert cause(keyless.verify(alone, **{**bot, "certificate_identity": ADA})) is Cause.WRONG_IDENTITY
    assert cause(keyless.verify(alone, **{**bot, "certificate_oidc_issuer": site.people})) is Cause.WRONG_ISSUER
    pattern = {"certificate_identity": "", "certificate_identity_regexp": "^spiffe://acme\\.test/pipeline/[a-z]+$"}
    assert keyless.verify(image, **{**bot, **pattern})
    assert cause(keyless.verify(world.push("2", "unsigned"), **bot)) is Cause.NO_SIGNATURE
    with pytest.raises(BadReference):
        keyless.sign(f"{world.address}:1", identity=BOT)
    with pytest.raises(RegistryUnreachable):
        keyless.verify(f"127.0.0.1:9/acme/inference@{found.digest}", **bot)


def test_statements_about_an_image_are_of_a_type_and_of_a_signer(keyless: Keyless, image: str) -> None:
    ada, bot = who(keyless, ADA), who(keyless, BOT)
    bill = keyless.verify_attestation(image, type=SBOM, **ada)
    assert isinstance(bill, Verified) and bill.predicate == BILL and image.endswith(bill.digest)
    built = keyless.verify_attestation(image, type=PROVENANCE, **bot)
    # All that was stated came back: cosign drops what it does not know only under the short names of types.
    assert isinstance(built, Verified) and built.predicate == BUILT
    assert Statement("inference", built.digest, built.predicate_type, built.predicate).builder == BOT
    other = keyless.verify_attestation(image, type=SBOM, **bot)
    assert isinstance(other, Refused) and other.cause is Cause.WRONG_TYPE and BOT in other.reason
    assert cause(keyless.verify_attestation(image, type=SBOM_TYPES["spdx"], **ada)) is Cause.WRONG_TYPE
    assert not keyless.verify_attestation(image, type=SBOM, **who(keyless, GRACE))
    wrong = {**ada, "certificate_oidc_issuer": keyless.sigstore.workloads}
    assert not keyless.verify_attestation(image, type=SBOM, **wrong)
    with pytest.raises(BadInput, match="predicate type"):
        keyless.attest(image, identity=BOT, predicate=BUILT, type="slsaprovenance1")


def test_a_statement_is_no_signature(world: SigningScenario, keyless: Keyless) -> None:
    reference = world.push("3", "described, not signed")
    assert cause(keyless.verify_attestation(reference, type=SBOM, **who(keyless, ADA))) is Cause.NO_SIGNATURE
    keyless.attest(reference, identity=ADA, predicate=BILL, type=SBOM)
    assert cause(keyless.verify(reference, **who(keyless, ADA))) is Cause.WRONG_TYPE
    assert cause(keyless.verify_attestation(reference, type=SBOM, **who(keyless, GRACE))) is Cause.WRONG_IDENTITY
    wrong = {**who(keyless, ADA), "certificate_oidc_issuer": keyless.sigstore.workloads}
    assert cause(keyless.verify_attestation(reference, type=SBOM, **wrong)) is Cause.WRONG_ISSUER


def test_the_signature_of_another_image_is_refused(world: SigningScenario, keyless: Keyless, image: str) -> None:
    other = world.push("4", "weights of an intruder")
    _, bundle = world.fetch(image)
    world.attach(bundle, other)
    assert cause(keyless.verify(other, **who(keyless, BOT))) is Cause.TAMPERED
    assert cause(keyless.verify_attestation(other, type=SIGNATURE, **who(keyless, BOT))) is Cause.TAMPERED


def test_images_are_verified_with_a_trusted_root_and_no_sigstore(
    keyless: Keyless, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots, ada, bot = keyless.trusted_root(tmp_path / "roots.json"), who(keyless, ADA), who(keyless, BOT)
    # What a reader of the registry has: its authority and the account, and nothing of the issuer.
    known = tmp_path / "state" / "services"
    shutil.copytree(trust.authority_directory() / "trusted", known / "authority" / "trusted")
    shutil.copytree(trust.docker_config().parent, known / "oci" / "docker")
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    elsewhere = Keyless(tmp_path)
    assert elsewhere.verify(image, roots=roots, **bot)
    assert elsewhere.verify_attestation(image, type=SBOM, roots=roots, **ada)
    assert sorted(path.name for path in known.iterdir()) == ["authority", "oci"]


def test_only_who_may_sign_an_image_or_describe_it_is_taken(
    world: SigningScenario, keyless: Keyless, image: str
) -> None:
    site = keyless.sigstore
    policy = SignerPolicy(
        [
            SignerRule("*/acme/*", (GRACE, BOT), site.workloads),
            SignerRule("*/acme/*", (ADA, GRACE), site.people, SBOM),
            SignerRule("*/acme/*", (GRACE,), site.people, PROVENANCE),
        ]
    )
    assert policy.require_image(keyless, image).key == BOT
    assert policy.require_image(keyless, image, type=SBOM).key == ADA
    with pytest.raises(NotAllowed) as caught:
        policy.require_image(keyless, image, type=PROVENANCE)
    assert "grace" in caught.value.next and BOT in caught.value.why
    with pytest.raises(NotAllowed, match="No one is allowed to sign"):
        policy.require_image(keyless, image, subject="other/repository")
    with pytest.raises(NotAllowed, match="No one is allowed to state"):
        policy.require_image(keyless, image, type="https://acme.test/other/v1")
