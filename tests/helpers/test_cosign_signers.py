"""Who may sign what, and certificates that had ended when they were used."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from helpers import services
from helpers.cosign import Cause, Keyless
from helpers.cosign.signers import NotAllowed, SignerPolicy, SignerRule

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
    policy = SignerPolicy([
        SignerRule("modules/*", (ADA, GRACE), site.people),
        SignerRule("policies/*", (GRACE,), site.people),
        SignerRule("images/*", (ADA,), site.workloads),
    ])  # fmt: skip
    assert policy.require(keyless, "modules/workspace", "file").key == ADA
    with pytest.raises(NotAllowed, match="policies/gates") as caught:
        policy.require(keyless, "policies/gates", "file")
    assert ADA in caught.value.why and GRACE in caught.value.next
    with pytest.raises(NotAllowed) as caught:
        policy.require(keyless, "images/inference", "file")
    assert "issuer" in caught.value.why
    with pytest.raises(NotAllowed, match="Nobody may sign"):
        policy.require(keyless, "else", "file")


def test_a_signer_may_not_state_and_the_reverse(keyless: Keyless, tmp_path: Path) -> None:
    site, type = keyless.sigstore, "https://acme.test/review/v1"
    keyless.attest_blob("file", identity=GRACE, predicate={"good": True}, type=type)
    policy = SignerPolicy([
        SignerRule("modules/*", (ADA,), site.people),
        SignerRule("modules/*", (GRACE,), site.people, type),
    ])  # fmt: skip
    roots = keyless.trusted_root(tmp_path / "roots.json")
    assert policy.require(keyless, "modules/workspace", "file", roots=roots).key == ADA
    assert policy.require(keyless, "modules/workspace", "file", type=type, roots=roots).predicate == {"good": True}
    keyless.attest_blob("file", identity=ADA, predicate={"good": True}, type=type, bundle="own.json")
    with pytest.raises(NotAllowed, match="not signed by one who may"):
        policy.require(keyless, "modules/workspace", "file", type=type, bundle="own.json")
    with pytest.raises(NotAllowed, match="Nobody may state"):
        policy.require(keyless, "modules/workspace", "file", type=type + "x")


def forged(keyless: Keyless, begin: dt.datetime, end: dt.datetime) -> bytes:
    """Return a bundle as one who took Fulcio's key could make it: a certificate of any time, stamped now."""
    site = keyless.sigstore
    keys, content = site.folder / "keys", (keyless.workdir / "file").read_bytes()
    signer = serialization.load_pem_private_key(
        (keys / "fulcio.key").read_bytes(), (keys / "fulcio.password").read_bytes()
    )
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    root, key = x509.load_pem_x509_certificate(site.fulcio_chain.read_bytes()), ec.generate_private_key(ec.SECP256R1())
    issuer = site.people.encode()
    oid = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
    cert = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([])).issuer_name(root.subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
        .add_extension(x509.KeyUsage(True, *[False] * 8), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(ADA)]), critical=True)
        .add_extension(x509.UnrecognizedExtension(oid, bytes([12, len(issuer)]) + issuer), critical=False)
        .sign(signer, hashes.SHA256())
    )  # fmt: skip
    signature = key.sign(content, ec.ECDSA(hashes.SHA256()))
    # An RFC 3161 request: version 1, SHA-256 of the signature, with certificates.
    asked = bytes.fromhex("30390201013031300d060960864801650304020105000420")
    asked += hashlib.sha256(signature).digest() + bytes.fromhex("0101ff")
    kind = {"Content-Type": "application/timestamp-query"}
    answer = requests.post(site.tsa, data=asked, headers=kind, timeout=20)
    answer.raise_for_status()
    raw = json.loads((keyless.workdir / "file.sigstore.json").read_text())
    material = raw["verificationMaterial"]
    material["certificate"]["rawBytes"] = _text(cert.public_bytes(serialization.Encoding.DER))
    material["timestampVerificationData"]["rfc3161Timestamps"] = [{"signedTimestamp": _text(answer.content)}]
    raw["messageSignature"]["signature"] = _text(signature)
    return json.dumps(raw).encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_certificate_that_had_ended_when_it_was_used_is_refused(keyless: Keyless, tmp_path: Path) -> None:
    now, ten = dt.datetime.now(dt.UTC), dt.timedelta(minutes=10)
    bundle, who = tmp_path / "b.json", {"certificate_oidc_issuer": keyless.sigstore.people}
    bundle.write_bytes(forged(keyless, now - ten, now + ten))
    assert keyless.verify_blob("file", bundle=bundle, certificate_identity=ADA, **who)
    for begin in (now - 6 * ten, now + 6 * ten):
        bundle.write_bytes(forged(keyless, begin, begin + ten))
        found = keyless.verify_blob("file", bundle=bundle, certificate_identity=ADA, **who)
        assert not found and found.cause is Cause.UNTRUSTED_CERTIFICATE
