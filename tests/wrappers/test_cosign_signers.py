"""Who may sign what, and certificates that had ended when they were used."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.course.scenarios.signing import SigningScenario
from helpers.runtime import services
from helpers.runtime.services.sigstore.authorities import fulcio_authority
from helpers.wrappers.cosign import Cause, Keyless, NotAllowed, SignerPolicy, SignerRule
from tests.wrappers.sigstore_world import Signer

ADA, GRACE = "ada@acme.test", "grace@acme.test"


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyless]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("state")))
        made = Keyless(tmp_path_factory.mktemp("signed"))
        (made.workdir / "file").write_text("module workspace 1.0.0\n")
        made.sign_blob("file", identity=ADA)
        yield made
        services.stop("all")


def test_only_who_may_sign_a_subject_is_taken(keyless: Keyless) -> None:
    site = keyless.sigstore
    policy = SignerPolicy(
        [
            SignerRule("modules/*", (ADA, GRACE), site.people),
            SignerRule("policies/*", (GRACE,), site.people),
            SignerRule("images/*", (ADA,), site.workloads),
        ]
    )
    assert policy.require(keyless, "modules/workspace", "file").key == ADA
    with pytest.raises(NotAllowed, match="policies/gates") as caught:
        policy.require(keyless, "policies/gates", "file")
    assert ADA in caught.value.why and GRACE in caught.value.next
    with pytest.raises(NotAllowed) as caught:
        policy.require(keyless, "images/inference", "file")
    assert "issuer" in caught.value.why
    with pytest.raises(NotAllowed, match="No one is allowed to sign"):
        policy.require(keyless, "else", "file")


def test_a_signer_may_not_state_and_the_reverse(keyless: Keyless, tmp_path: Path) -> None:
    site, type = keyless.sigstore, "https://acme.test/review/v1"
    keyless.attest_blob("file", identity=GRACE, predicate={"good": True}, type=type)
    policy = SignerPolicy(
        [
            SignerRule("modules/*", (ADA,), site.people),
            SignerRule("modules/*", (GRACE,), site.people, type),
        ]
    )
    roots = keyless.trusted_root(tmp_path / "roots.json")
    assert policy.require(keyless, "modules/workspace", "file", roots=roots).key == ADA
    assert policy.require(keyless, "modules/workspace", "file", type=type, roots=roots).predicate == {"good": True}
    keyless.attest_blob("file", identity=ADA, predicate={"good": True}, type=type, bundle="own.json")
    with pytest.raises(NotAllowed, match="not signed by one who may"):
        policy.require(keyless, "modules/workspace", "file", type=type, bundle="own.json")
    with pytest.raises(NotAllowed, match="No one is allowed to state"):
        policy.require(keyless, "modules/workspace", "file", type=type + "x")


def test_a_certificate_that_had_ended_when_it_was_used_is_refused(keyless: Keyless, tmp_path: Path) -> None:
    now, ten, content = dt.datetime.now(dt.UTC), dt.timedelta(minutes=10), (keyless.workdir / "file").read_bytes()
    bundle, site = tmp_path / "b.json", keyless.sigstore
    who = {"certificate_oidc_issuer": site.people, "certificate_identity": ADA}
    bundle.write_text(Signer(site, ADA, now - ten, now + ten).bundle(content))
    assert keyless.verify_blob("file", bundle=bundle, **who)
    for begin, word in ((now - 6 * ten, "ended"), (now + 6 * ten, "begins")):
        bundle.write_text(Signer(site, ADA, begin, begin + ten).bundle(content))
        found = keyless.verify_blob("file", bundle=bundle, **who)
        assert not found and found.cause is Cause.EXPIRED_CERTIFICATE and word in found.reason


def test_an_image_whose_signer_used_an_ended_certificate_is_refused(keyless: Keyless, tmp_path: Path) -> None:
    now, ten, site = dt.datetime.now(dt.UTC), dt.timedelta(minutes=10), keyless.sigstore
    world = SigningScenario("acme/expired", tmp_path)
    image = world.push("1", "weights 1")
    (tmp_path / "b.json").write_text(Signer(site, ADA, now - 6 * ten, now - 5 * ten).image_bundle(image))
    world.attach(tmp_path / "b.json", image)
    found = keyless.verify(image, certificate_identity=ADA, certificate_oidc_issuer=site.people)
    assert not found and found.cause is Cause.EXPIRED_CERTIFICATE and "ended" in found.reason
    other = dataclasses.replace(site, fulcio_chain=fulcio_authority(tmp_path)[0].cert)
    (tmp_path / "b.json").write_text(Signer(site, ADA, now - ten, now + ten).image_bundle(image))
    world.attach(tmp_path / "b.json", image)
    who = {"certificate_identity": ADA, "certificate_oidc_issuer": site.people}
    stranger = Keyless(tmp_path, sigstore=other).verify(image, **who)
    assert not stranger and stranger.cause is Cause.UNTRUSTED_CERTIFICATE
    (tmp_path / "b.json").write_text(Signer(site, ADA, now - ten, now + ten).image_bundle(image))
    world.attach(tmp_path / "b.json", image)
    assert keyless.verify(image, certificate_identity=ADA, certificate_oidc_issuer=site.people)
