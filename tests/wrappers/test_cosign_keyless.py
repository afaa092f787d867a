"""Keyless signing with a real Fulcio and timestamp authority: who, when and what, each refused when wrong."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.core.errors import BadInput
from helpers.runtime import services
from helpers.runtime.services.sigstore.authorities import fulcio_authority, timestamp_authority
from helpers.wrappers.cosign import CannotVerify, Cause, Keyless
from helpers.wrappers.cosign.sigstore import NoToken
from tests.waits import until

ADA, BOT = "ada@acme.test", "spiffe://acme.test/pipeline/inference"
TYPE = "https://acme.test/review/v1"
MATERIAL = "verificationMaterial"


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyless]:
    """A folder with a file signed by a person and by a pipeline; tests only read these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("state")))
        folder = tmp_path_factory.mktemp("signed")
        (folder / "file").write_text("module workspace 1.0.0\n")
        made = Keyless(folder)
        made.sign_blob("file", identity=ADA)
        made.sign_blob("file", identity=BOT, bundle="bot.json")
        made.attest_blob("file", identity=BOT, predicate={"reviewer": "ada"}, type=TYPE)
        yield made
        services.stop("all")


def verify(keyless: Keyless, bundle: str | Path | None = None, file: str | Path = "file", **who: str) -> Any:
    if not who:
        who = {"certificate_identity": ADA}
    who.setdefault("certificate_oidc_issuer", keyless.sigstore.people)
    return keyless.verify_blob(file, bundle=bundle or keyless.workdir / "file.sigstore.json", **who)  # type: ignore[arg-type]


def test_who_signed_is_verified(keyless: Keyless) -> None:
    assert verify(keyless).key == ADA
    site = keyless.sigstore
    assert verify(keyless, "bot.json", certificate_identity=BOT, certificate_oidc_issuer=site.workloads)
    assert verify(keyless, certificate_identity="grace@acme.test").cause is Cause.WRONG_IDENTITY
    assert verify(keyless, certificate_identity=ADA, certificate_oidc_issuer=site.workloads).cause is Cause.WRONG_ISSUER
    with pytest.raises(NoToken):
        keyless.sign_blob("file", identity="mallory@acme.test", bundle="never.json")
    assert not (keyless.workdir / "never.json").exists()
    with pytest.raises(BadInput):
        verify(keyless, certificate_identity=ADA, certificate_identity_regexp=".*")


def test_a_pattern_that_is_not_anchored_takes_more_than_was_meant(keyless: Keyless) -> None:
    # Meant: Ada's colleague "da@acme.test".
    assert verify(keyless, certificate_identity_regexp="da@acme.test")
    assert verify(keyless, certificate_identity_regexp="^da@acme\\.test$").cause is Cause.WRONG_IDENTITY


def test_statements_are_of_a_type_and_no_signatures(keyless: Keyless) -> None:
    who = {"certificate_identity": BOT, "certificate_oidc_issuer": keyless.sigstore.workloads}
    found = keyless.verify_blob_attestation("file", type=TYPE, **who)
    assert found and found.predicate == {"reviewer": "ada"}
    other = keyless.verify_blob_attestation("file", type="https://acme.test/other/v1", **who)
    assert not other and other.cause is Cause.WRONG_TYPE
    assert verify(keyless, "file.attestation.json").cause is Cause.WRONG_TYPE


def test_a_bundle_without_signed_time_is_refused(keyless: Keyless, tmp_path: Path) -> None:
    keyless.sign_blob("file", identity=ADA, bundle=tmp_path / "b.json", timestamp=False)
    assert verify(keyless, tmp_path / "b.json").cause is Cause.NO_TIMESTAMP
    raw = json.loads((keyless.workdir / "file.sigstore.json").read_text())
    del raw[MATERIAL]["timestampVerificationData"]
    (tmp_path / "b.json").write_text(json.dumps(raw))
    assert verify(keyless, tmp_path / "b.json").cause is Cause.NO_TIMESTAMP


def test_other_authorities_are_not_trusted(keyless: Keyless, tmp_path: Path) -> None:
    fulcio, tsa = fulcio_authority(tmp_path)[0].cert, timestamp_authority(tmp_path)[0].cert
    for change, cause in (
        ({"fulcio_chain": fulcio}, Cause.UNTRUSTED_CERTIFICATE),
        ({"tsa_chain": tsa}, Cause.BAD_TIMESTAMP),
    ):
        stranger = Keyless(keyless.workdir, sigstore=dataclasses.replace(keyless.sigstore, **change))
        assert verify(stranger).cause is cause


def test_a_trusted_root_is_all_that_a_verifier_needs(
    keyless: Keyless, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, roots = keyless.sigstore, keyless.trusted_root(tmp_path / "roots.json")
    strange = dataclasses.replace(site, fulcio_chain=fulcio_authority(tmp_path)[0].cert)
    others = Keyless(tmp_path, sigstore=strange).trusted_root("others.json")
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    elsewhere, who = Keyless(keyless.workdir), {"certificate_oidc_issuer": site.people, "certificate_identity": ADA}
    found = elsewhere.verify_blob("file", roots=roots, **who)
    assert found and found.key == ADA
    assert found.signed_at and abs(dt.datetime.now(dt.UTC) - found.signed_at) < dt.timedelta(hours=1)
    bot = {"certificate_oidc_issuer": site.workloads, "certificate_identity": BOT}
    assert elsewhere.verify_blob_attestation("file", type=TYPE, roots=roots, **bot)
    other = elsewhere.verify_blob("file", roots=others, **who)
    assert not other and other.cause is Cause.UNTRUSTED_CERTIFICATE
    other = elsewhere.verify_blob("file", roots=roots, **{**who, "certificate_identity": "grace@acme.test"})
    assert not other and other.cause is Cause.WRONG_IDENTITY
    (tmp_path / "half.json").write_text(roots.read_text()[:100])
    for broken in ("half.json", "nowhere.json", "."):
        with pytest.raises(CannotVerify):
            elsewhere.verify_blob("file", roots=tmp_path / broken, **who)
    assert not (tmp_path / "state" / "services").exists()


def _flip(text: str, share: float) -> str:
    content = bytearray(base64.b64decode(text))
    content[int(len(content) * share)] ^= 1
    return base64.b64encode(content).decode()


def _place(raw: Any, part: str) -> tuple[Any, str]:
    stamps = raw[MATERIAL]["timestampVerificationData"]["rfc3161Timestamps"]
    return {
        "certificate": (raw[MATERIAL]["certificate"], "rawBytes"),
        "timestamp": (stamps[0], "signedTimestamp"),
        "signature": (raw["messageSignature"], "signature"),
        "digest": (raw["messageSignature"]["messageDigest"], "digest"),
    }[part]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97])
@pytest.mark.parametrize(
    ("part", "causes"),
    [
        ("certificate", {Cause.UNTRUSTED_CERTIFICATE, Cause.EXPIRED_CERTIFICATE, Cause.MALFORMED_BUNDLE}),
        ("timestamp", {Cause.BAD_TIMESTAMP}),
        ("signature", {Cause.BAD_TIMESTAMP}),
        ("digest", {Cause.TAMPERED}),
    ],
)
def test_a_changed_byte_is_refused(
    keyless: Keyless, tmp_path: Path, part: str, causes: set[Cause], share: float
) -> None:
    raw = json.loads((keyless.workdir / "file.sigstore.json").read_text())
    inside, name = _place(raw, part)
    inside[name] = _flip(inside[name], share)
    (tmp_path / "b.json").write_text(json.dumps(raw))
    assert verify(keyless, tmp_path / "b.json").cause in causes


def _swapped(keyless: Keyless, bundle: str, part: str, other: str) -> dict[str, Any]:
    """Return a bundle with a part of another."""
    raw, stranger = (json.loads((keyless.workdir / name).read_text()) for name in (bundle, other))
    raw[MATERIAL][part] = stranger[MATERIAL][part]
    return raw  # type: ignore[no-any-return]


def test_parts_of_another_bundle_are_refused(keyless: Keyless, tmp_path: Path) -> None:
    mine, bots, wrong = "file.sigstore.json", "bot.json", tmp_path / "b.json"
    site = keyless.sigstore
    bot = {"certificate_identity": BOT, "certificate_oidc_issuer": site.workloads}
    # Ada's certificate is the older one: it was valid when the pipeline signed.
    wrong.write_text(json.dumps(_swapped(keyless, bots, "certificate", mine)))
    assert verify(keyless, wrong).cause is Cause.BAD_SIGNATURE
    assert verify(keyless, wrong, **bot).cause is Cause.BAD_SIGNATURE
    stamps = "timestampVerificationData"
    wrong.write_text(json.dumps(_swapped(keyless, mine, stamps, bots)))
    assert verify(keyless, wrong).cause is Cause.BAD_TIMESTAMP


def test_a_certificate_younger_than_the_signature_is_refused(keyless: Keyless, tmp_path: Path) -> None:
    # A certificate begins at a whole second, and this one in a later second than the signatures above.
    second = int(time.time())
    until(lambda: int(time.time()) > second)
    keyless.sign_blob("file", identity=ADA, bundle=tmp_path / "later.json")
    raw = _swapped(keyless, "file.sigstore.json", "certificate", str(tmp_path / "later.json"))
    (tmp_path / "b.json").write_text(json.dumps(raw))
    found = verify(keyless, tmp_path / "b.json")
    assert found.cause is Cause.EXPIRED_CERTIFICATE and "The certificate begins" in found.reason


def test_another_content_is_refused(keyless: Keyless, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("module workspace 1.0.1\n")
    assert verify(keyless, file=tmp_path / "file").cause is Cause.TAMPERED
