"""cosign, the real one: what is verified, why it is refused, and when there is no answer."""

from __future__ import annotations

import base64
import datetime
import json
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.core.errors import BadInput
from helpers.core.process import CannotStart
from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.cosign import Bundle, CannotVerify, Cause, Cosign, CosignError, KeyPair, MalformedBundle
from helpers.wrappers.crane import BadReference, Crane, NotInRegistry, RegistryUnreachable, write_layer
from tests.repeats import examples
from tests.wrappers.registry import registry

PASSWORD = "correct-horse-208"
TYPE = "https://acme.test/review/v1"
CONTENT = b"module workspace 1.0.0\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[KeyPair, KeyPair]:
    folder = tmp_path_factory.mktemp("keys with space")
    cosign = Cosign(folder)
    return (
        cosign.generate_key_pair("a", password=PASSWORD),
        cosign.generate_key_pair("b", password=PASSWORD, name="-other"),
    )


@pytest.fixture
def cosign(tmp_path: Path, keys: tuple[KeyPair, KeyPair]) -> Cosign:
    (tmp_path / "-a file").write_bytes(CONTENT)
    return Cosign(tmp_path)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, keys: tuple[KeyPair, KeyPair]) -> Path:
    """Return a folder with a file, its signature and an attestation; tests only read it."""
    folder = tmp_path_factory.mktemp("signed")
    (folder / "file").write_bytes(CONTENT)
    cosign = Cosign(folder)
    cosign.sign_blob("file", key=keys[0], password=PASSWORD)
    cosign.attest_blob("file", key=keys[0], password=PASSWORD, predicate={"reviewer": "ada"}, type=TYPE)
    return folder


def edited(bundle: Path, target: Path, change: Any) -> Path:
    """Write a copy of a bundle with *change* applied to its JSON."""
    raw = json.loads(bundle.read_text())
    change(raw)
    target.write_text(json.dumps(raw))
    return target


def test_keys_are_private_and_never_replaced(tmp_path: Path) -> None:
    cosign = Cosign(tmp_path)
    pair = cosign.generate_key_pair("keys", password=PASSWORD)
    assert stat.S_IMODE(pair.private.stat().st_mode) == 0o600
    assert b"ENCRYPTED" in pair.private.read_bytes()
    assert sorted(p.name for p in pair.private.parent.iterdir()) == ["cosign.key", "cosign.pub"]
    assert cosign.key_pair("keys") == pair
    before = pair.private.read_bytes()
    for password, name in ((PASSWORD, "cosign"), ("hunter2", "new"), (PASSWORD, "../up"), (PASSWORD, "")):
        with pytest.raises(BadInput) as caught:
            cosign.generate_key_pair("keys", password=password, name=name)
        assert password not in str(caught.value)
    assert pair.private.read_bytes() == before


def test_a_file_is_signed_and_verified(cosign: Cosign, keys: tuple[KeyPair, KeyPair]) -> None:
    bundle = cosign.sign_blob("-a file", key=keys[0], password=PASSWORD)
    assert bundle.kind == "signature" and bundle.signed and bundle.tlog_entries == 0
    assert bundle.hint == keys[0].fingerprint and bundle.identity == ""
    assert "v0.3" in bundle.media_type and bundle.path == cosign.workdir / "-a file.sigstore.json"
    result = cosign.verify_blob("-a file", key=keys[0])
    assert result and result.verified and result.digest == f"sha256:{bundle.digest}"
    assert any("transparency log" in words for words in result.not_checked)
    assert "Signature" in (result._repr_html_() or "")
    assert sorted(p.name for p in cosign.workdir.iterdir()) == ["-a file", "-a file.sigstore.json"]


def test_an_empty_file_can_be_signed(cosign: Cosign, keys: tuple[KeyPair, KeyPair]) -> None:
    (cosign.workdir / "empty").touch()
    cosign.sign_blob("empty", key=keys[0], password=PASSWORD)
    assert cosign.verify_blob("empty", key=keys[0].public)


@examples(15)
@given(offset=st.integers(0, len(CONTENT) - 1), flip=st.integers(1, 255))
@example(offset=0, flip=1)
@example(offset=len(CONTENT) - 1, flip=128)
def test_any_changed_byte_is_refused(signed: Path, keys: tuple[KeyPair, KeyPair], offset: int, flip: int) -> None:
    changed = bytearray(CONTENT)
    changed[offset] ^= flip
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "file").write_bytes(changed)
        result = Cosign(folder).verify_blob("file", key=keys[0], bundle=signed / "file.sigstore.json")
        stated = Cosign(folder).verify_blob_attestation(
            "file", key=keys[0], bundle=signed / "file.attestation.json", type=TYPE
        )
    assert not result and result.cause is Cause.TAMPERED
    assert not stated and stated.cause is Cause.TAMPERED


@examples(15)
@given(st.data())
def test_any_truncated_bundle_is_refused(signed: Path, keys: tuple[KeyPair, KeyPair], data: st.DataObject) -> None:
    for name, verify in (
        ("file.sigstore.json", lambda b: Cosign(signed).verify_blob("file", key=keys[0], bundle=b)),
        (
            "file.attestation.json",
            lambda b: Cosign(signed).verify_blob_attestation("file", key=keys[0], bundle=b, type=TYPE),
        ),
    ):
        whole = (signed / name).read_bytes()
        cut = data.draw(st.integers(0, len(whole) - 1))
        with tempfile.NamedTemporaryFile() as file:
            file.write(whole[:cut])
            file.flush()
            result = verify(file.name)
        assert not result and result.cause is Cause.MALFORMED_BUNDLE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "mediaType",
                    "verificationMaterial",
                    "publicKey",
                    "hint",
                    "messageSignature",
                    "messageDigest",
                    "digest",
                    "signature",
                    "dsseEnvelope",
                    "payload",
                    "certificate",
                    "rawBytes",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@examples(200)
@given(JSON | st.binary(max_size=40))
def test_whatever_a_bundle_holds_it_is_read_or_malformed(raw: Any) -> None:
    if isinstance(raw, dict):
        raw = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", **raw}
    try:
        Bundle.parse(raw if isinstance(raw, bytes) else json.dumps(raw).encode())
    except MalformedBundle as error:
        assert error.why


def test_refusals_name_their_cause(signed: Path, tmp_path: Path, keys: tuple[KeyPair, KeyPair]) -> None:
    cosign, bundle = Cosign(signed), signed / "file.sigstore.json"

    def flip(raw: Any) -> None:
        signature = bytearray(base64.b64decode(raw["messageSignature"]["signature"]))
        signature[20] ^= 1
        raw["messageSignature"]["signature"] = base64.b64encode(signature).decode()

    def forget(raw: Any) -> None:
        flip(raw)
        raw["verificationMaterial"]["publicKey"].pop("hint")

    def unsign(raw: Any) -> None:
        raw["messageSignature"]["signature"] = ""

    found = {
        "other key": cosign.verify_blob("file", key=keys[1]),
        "no bundle": cosign.verify_blob("file", key=keys[0], bundle="nowhere.json"),
        "changed": cosign.verify_blob("file", key=keys[0], bundle=edited(bundle, tmp_path / "1", flip)),
        "no hint": cosign.verify_blob("file", key=keys[0], bundle=edited(bundle, tmp_path / "2", forget)),
        "unsigned": cosign.verify_blob("file", key=keys[0], bundle=edited(bundle, tmp_path / "3", unsign)),
        "statement": cosign.verify_blob("file", key=keys[0], bundle="file.attestation.json"),
    }
    assert {name: result.cause.value for name, result in found.items() if not result} == {
        "other key": "wrong-key",
        "no bundle": "no-signature",
        "changed": "bad-signature",
        "no hint": "could-not-tell",
        "unsigned": "no-signature",
        "statement": "wrong-type",
    }
    assert "refused" in (found["other key"]._repr_html_() or "")


def test_attestations(signed: Path, tmp_path: Path, keys: tuple[KeyPair, KeyPair]) -> None:
    cosign, bundle = Cosign(signed), signed / "file.attestation.json"
    result = cosign.verify_blob_attestation("file", key=keys[0], type=TYPE)
    assert result and result.predicate == {"reviewer": "ada"} and result.predicate_type == TYPE

    def rewrite(raw: Any) -> None:
        statement = json.loads(base64.b64decode(raw["dsseEnvelope"]["payload"]))
        statement["predicate"]["reviewer"] = "eve"
        raw["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()

    forged = edited(bundle, tmp_path / "forged", rewrite)
    found = [
        cosign.verify_blob_attestation("file", key=keys[0], type=TYPE + "x"),
        cosign.verify_blob_attestation("file", key=keys[1], type=TYPE),
        cosign.verify_blob_attestation("file", key=keys[0], type=TYPE, bundle=forged),
        cosign.verify_blob_attestation("file", key=keys[0], type=TYPE, bundle="file.sigstore.json"),
    ]
    assert [r.cause for r in found if not r] == [
        Cause.WRONG_TYPE,
        Cause.WRONG_KEY,
        Cause.BAD_SIGNATURE,
        Cause.WRONG_TYPE,
    ]


def test_no_answer_is_neither_pass_nor_refusal(signed: Path, tmp_path: Path, keys: tuple[KeyPair, KeyPair]) -> None:
    cosign = Cosign(signed)
    (tmp_path / "junk.pub").write_text("junk")
    for file, key in (("nowhere", keys[0]), (".", keys[0]), ("file", "nowhere.pub"), ("file", tmp_path / "junk.pub")):
        with pytest.raises(CannotVerify):
            cosign.verify_blob(file, key=key)
    with pytest.raises(CannotStart):
        Cosign(signed, executable=tmp_path / "nowhere").verify_blob("file", key=keys[0])
    crashing = tmp_path / "crashing"
    for script in ("exit 2", "echo 'Error: the moon is full' >&2; exit 1", "kill -9 $$", "exit 0"):
        crashing.write_text(f"#!/bin/sh\n{script}\n")
        crashing.chmod(0o755)
        with pytest.raises(CannotVerify):
            Cosign(signed, executable=crashing).verify_blob("file", key=keys[0])


def test_signing_faults_keep_the_password_secret(cosign: Cosign, keys: tuple[KeyPair, KeyPair]) -> None:
    wrong = "another-horse-208"
    with pytest.raises(CosignError) as caught:
        cosign.sign_blob("-a file", key=keys[0], password=wrong)
    assert "password" in caught.value.next
    done = caught.value.completed
    assert done is not None and wrong not in str(caught.value) + done.stderr + " ".join(done.argv)
    for options in ({"file": "nowhere"}, {"file": "."}, {"key": "nowhere.key"}, {"bundle": "no/folder/b.json"}):
        with pytest.raises(CosignError):
            cosign.sign_blob(**{"file": "-a file", "key": keys[0], "password": PASSWORD, **options})  # type: ignore[arg-type]
    (cosign.workdir / "half.json").write_text('{"a"')
    for predicate in ("half.json", "nowhere.json"):
        with pytest.raises(CosignError):
            cosign.attest_blob("-a file", key=keys[0], password=PASSWORD, predicate=predicate, type=TYPE)
    with pytest.raises(BadInput):
        cosign.attest_blob("-a file", key=keys[0], password=PASSWORD, predicate={"a": {1}}, type=TYPE)
    assert [p.name for p in cosign.workdir.iterdir() if "sigstore" in p.name or "attest" in p.name] == []


def test_it_leaves_the_users_home_alone(
    cosign: Cosign, keys: tuple[KeyPair, KeyPair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COSIGN_PASSWORD", "not-this-one")
    cosign.sign_blob("-a file", key=keys[0], password=PASSWORD)
    assert cosign.verify_blob("-a file", key=keys[0])
    assert not any(home.iterdir())
    with pytest.raises(RefusedVariable):
        Cosign(tmp_path, env={"COSIGN_PASSWORD": PASSWORD})


def test_the_identity_of_a_certificate_is_read() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime(2026, 1, 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(minutes=10))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name("ada@acme.test")]), critical=True)
        .sign(key, hashes.SHA256())
    )
    der = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    raw = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"certificate": {"rawBytes": der}, "tlogEntries": [{}]},
        "messageSignature": {"messageDigest": {"digest": "AAAA"}, "signature": "AAAA"},
    }
    bundle = Bundle.parse(json.dumps(raw).encode())
    assert bundle.identity == "ada@acme.test" and bundle.tlog_entries == 1 and bundle.hint == ""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with registry() as address:
        yield address


@pytest.fixture
def image(host: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    write_layer(tmp_path / "layer.tar", {"weights": request.node.name.encode()})
    return Crane(tmp_path).append(["layer.tar"], f"{host}/acme/{request.node.name.replace('_', '-')}:1")


def test_an_image_is_signed_and_verified(image: str, cosign: Cosign, keys: tuple[KeyPair, KeyPair]) -> None:
    unsigned = cosign.verify(image, key=keys[0])
    assert not unsigned and unsigned.cause is Cause.NO_SIGNATURE
    assert cosign.sign(image, key=keys[0], password=PASSWORD, annotations={"team": "vision"}) == image
    tag = image.partition("@")[0] + ":1"
    result = cosign.verify(tag, key=keys[0], annotations={"team": "vision"})
    assert result and image.endswith(result.digest) and result.annotations == {"team": "vision"}
    other = cosign.verify(image, key=keys[1])
    assert not other and other.cause is Cause.WRONG_KEY
    marked = cosign.verify(image, key=keys[0], annotations={"team": "speech"})
    assert not marked and marked.cause is Cause.WRONG_ANNOTATION


def test_a_moved_tag_is_not_signed(image: str, cosign: Cosign, keys: tuple[KeyPair, KeyPair]) -> None:
    cosign.sign(image, key=keys[0], password=PASSWORD)
    tag = image.partition("@")[0] + ":1"
    assert cosign.verify(tag, key=keys[0])
    Crane(cosign.workdir).append(["layer.tar"], tag, base=tag)
    moved = cosign.verify(tag, key=keys[0])
    assert not moved and moved.cause is Cause.NO_SIGNATURE


def test_a_statement_is_no_signature(image: str, cosign: Cosign, keys: tuple[KeyPair, KeyPair]) -> None:
    cosign.attest(image, key=keys[0], password=PASSWORD, predicate={"vulnerable": True}, type=TYPE)
    result = cosign.verify_attestation(image, key=keys[0], type=TYPE)
    assert result and result.predicates == ({"vulnerable": True},) and image.endswith(result.digest)
    signature = cosign.verify(image, key=keys[0])
    assert not signature and signature.cause is Cause.WRONG_TYPE
    for key, type, cause in ((keys[0], TYPE + "x", Cause.WRONG_TYPE), (keys[1], TYPE, Cause.WRONG_KEY)):
        refused = cosign.verify_attestation(image, key=key, type=type)
        assert not refused and refused.cause is cause


def test_registry_faults_are_no_verdict(host: str, image: str, cosign: Cosign, keys: tuple[KeyPair, KeyPair]) -> None:
    nobody = "127.0.0.1:9/acme/app@" + image.partition("@")[2]
    with pytest.raises(RegistryUnreachable):
        cosign.verify(nobody, key=keys[0])
    with pytest.raises(NotInRegistry):
        cosign.verify(f"{host}/acme/nothing:1", key=keys[0])
    with pytest.raises(BadReference):
        cosign.verify("Not A Reference", key=keys[0])
    with pytest.raises(BadReference):
        cosign.sign(f"{host}/acme/app:1", key=keys[0], password=PASSWORD)
    with pytest.raises(RegistryUnreachable):
        cosign.sign(nobody, key=keys[0], password=PASSWORD)
