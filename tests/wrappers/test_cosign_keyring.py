"""Rotated, revoked and compromised keys, judged by times that a real authority signed."""

from __future__ import annotations

import base64
import copy
import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.runtime import services
from helpers.runtime.services.sigstore.authorities import timestamp_authority
from helpers.wrappers.cosign import BadKeyring, CannotVerify, Cause, Cosign, KeyPair, Keyring, Reason, Refused, Verified
from helpers.wrappers.cosign.bundle import Bundle
from helpers.wrappers.cosign.timestamp import stamped_at
from tests.repeats import examples

PASSWORD = "correct-horse-208"
TYPE = "https://acme.test/review/v1"
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@dataclass(frozen=True)
class Signed:
    """A folder with ``file``, signed and attested with the key ``old`` and a signed time; tests only read it."""

    cosign: Cosign
    old: KeyPair
    new: KeyPair
    at: dt.datetime

    @property
    def ring(self) -> Keyring:
        ring = Keyring().add(self.old, name="2025", owner="grace@acme.test", valid_from=LONG_AGO)
        return ring.add(self.new, name="2026", owner="ada@acme.test", valid_from=self.at)

    def verify(self, ring: Keyring, bundle: Path | str = "file.sigstore.json") -> Verified | Refused:
        return ring.verify_blob(self.cosign, "file", bundle=bundle, roots="roots.json")


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(tmp_path_factory.mktemp("state")))
        cosign = Cosign(tmp_path_factory.mktemp("signed"))
        (cosign.workdir / "file").write_text("module workspace 1.0.0\n")
        cosign.trusted_root("roots.json")
        old, new = (cosign.generate_key_pair(password=PASSWORD, name=name) for name in ("old", "new"))
        bundle = cosign.sign_blob("file", key=old, password=PASSWORD, timestamp=True)
        cosign.sign_blob("file", key=old, password=PASSWORD, bundle="untimed.json")
        cosign.sign_blob("file", key=new, password=PASSWORD, bundle="new.json", timestamp=True)
        cosign.attest_blob("file", key=old, password=PASSWORD, predicate={"by": "grace"}, type=TYPE, timestamp=True)
        yield Signed(cosign, old, new, stamped_at(bundle.stamps[0]))
        services.stop("all")


def cause(found: Verified | Refused) -> Cause | None:
    return None if isinstance(found, Verified) else found.cause


def test_a_signed_time_is_read(signed: Signed) -> None:
    assert abs(dt.datetime.now(dt.UTC) - signed.at) < dt.timedelta(hours=1)
    found = signed.cosign.verify_blob("file", key=signed.old, roots="roots.json")
    assert found and found.signed_at == signed.at
    assert not any("when it was signed" in words for words in found.not_checked)
    plain = signed.cosign.verify_blob("file", key=signed.old)
    assert plain and plain.signed_at is None and any("when it was signed" in words for words in plain.not_checked)
    # What is refused does not say that nobody asked for the time.
    for refused in (
        signed.cosign.verify_blob("file", key=signed.new, roots="roots.json"),
        signed.cosign.verify_blob("file", key=signed.old, bundle="untimed.json", roots="roots.json"),
        signed.verify(Keyring()),
    ):
        assert isinstance(refused, Refused) and not any("when it was" in words for words in refused.not_checked)


def test_what_a_rotated_key_signed_before_stays_good(signed: Signed) -> None:
    assert signed.verify(signed.ring)
    rotated = signed.ring.revoke("2025", reason="superseded", at=signed.at + 60 * SECOND)
    found = signed.verify(rotated)
    assert isinstance(found, Verified) and found.key == signed.old.fingerprint and found.signed_at == signed.at
    assert any("2025 of grace@acme.test" in words for words in found.checked)
    assert signed.verify(rotated, "new.json")
    stated = rotated.verify_blob_attestation(signed.cosign, "file", type=TYPE, roots="roots.json")
    assert isinstance(stated, Verified) and stated.predicate == {"by": "grace"}


@pytest.mark.parametrize("reason", [one for one in Reason if one is not Reason.KEY_COMPROMISE])
def test_what_a_revoked_key_signed_afterwards_is_refused(signed: Signed, reason: Reason) -> None:
    for at in (signed.at, signed.at - SECOND):
        found = signed.verify(signed.ring.revoke("2025", reason=reason, at=at))
        assert isinstance(found, Refused) and found.cause is Cause.KEY_REVOKED and reason.value in found.reason
    ring = signed.ring.revoke("2025", reason=reason, at=signed.at)
    stated = ring.verify_blob_attestation(signed.cosign, "file", type=TYPE, roots="roots.json")
    assert cause(stated) is Cause.KEY_REVOKED


def test_nothing_that_a_compromised_key_signed_is_good(signed: Signed) -> None:
    ring = signed.ring.revoke("2025", reason=Reason.KEY_COMPROMISE, at=signed.at + dt.timedelta(days=9))
    assert cause(signed.verify(ring)) is Cause.KEY_COMPROMISED
    assert cause(signed.verify(ring, "untimed.json")) is Cause.KEY_COMPROMISED
    assert signed.verify(ring, "new.json")


def test_a_key_does_not_count_before_its_time_or_outside_the_keyring(signed: Signed) -> None:
    early = Keyring().add(signed.old, name="2025", owner="grace@acme.test", valid_from=signed.at + SECOND)
    assert cause(signed.verify(early)) is Cause.KEY_NOT_YET_VALID
    assert cause(signed.verify(early, "new.json")) is Cause.WRONG_KEY
    assert cause(signed.verify(Keyring())) is Cause.WRONG_KEY


def test_without_a_signed_time_a_signature_is_refused(signed: Signed) -> None:
    for ring in (signed.ring, signed.ring.revoke("2025", reason="superseded", at=signed.at + SECOND)):
        assert cause(signed.verify(ring, "untimed.json")) is Cause.NO_TIMESTAMP
    assert cause(signed.verify(signed.ring, "nowhere.json")) is Cause.NO_SIGNATURE


def _stamps(raw: Any) -> Any:
    return raw["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]


def _flip(raw: Any, share: float) -> None:
    content = bytearray(base64.b64decode(_stamps(raw)[0]["signedTimestamp"]))
    content[int(len(content) * share)] ^= 1
    _stamps(raw)[0]["signedTimestamp"] = base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda raw, other: raw["verificationMaterial"].pop("timestampVerificationData"), Cause.NO_TIMESTAMP),
        (lambda raw, other: _stamps(raw).__setitem__(0, _stamps(other)[0]), Cause.BAD_TIMESTAMP),
        (lambda raw, other: _stamps(raw).insert(0, _stamps(other)[0]), Cause.BAD_TIMESTAMP),
        (lambda raw, other: _stamps(raw).append(_stamps(raw)[0]), Cause.BAD_TIMESTAMP),
        (lambda raw, other: _stamps(raw).__setitem__(0, {}), Cause.MALFORMED_BUNDLE),
        (lambda raw, other: _flip(raw, 0.2), Cause.BAD_TIMESTAMP),
        (lambda raw, other: _flip(raw, 0.9), Cause.BAD_TIMESTAMP),
        (lambda raw, other: raw["messageSignature"].update(other["messageSignature"]), Cause.BAD_TIMESTAMP),
        (
            lambda raw, other: raw["verificationMaterial"].update(publicKey=other["verificationMaterial"]["publicKey"]),
            Cause.BAD_SIGNATURE,
        ),
    ],
)
def test_a_time_of_another_signature_is_refused(
    signed: Signed, tmp_path: Path, change: Callable[[Any, Any], Any], expected: Cause
) -> None:
    raw, other = (json.loads((signed.cosign.workdir / n).read_text()) for n in ("file.sigstore.json", "new.json"))
    change(raw, copy.deepcopy(other))
    (tmp_path / "b.json").write_text(json.dumps(raw))
    assert cause(signed.verify(signed.ring, tmp_path / "b.json")) is expected


def test_a_time_of_another_authority_is_refused(signed: Signed, tmp_path: Path) -> None:
    site = dataclasses.replace(signed.cosign.sigstore, tsa_chain=timestamp_authority(tmp_path)[0].cert)
    roots = Cosign(tmp_path, sigstore=site).trusted_root("roots.json")
    assert cause(signed.ring.verify_blob(signed.cosign, "file", roots=roots)) is Cause.BAD_TIMESTAMP
    with pytest.raises(CannotVerify):
        signed.ring.verify_blob(signed.cosign, "file", roots="nowhere.json")


def test_it_is_verified_with_no_service_running(
    signed: Signed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path))
    found = signed.ring.verify_blob(Cosign(signed.cosign.workdir), "file", roots="roots.json")
    assert found and not (tmp_path / "services").exists()


def test_a_keyring_is_kept_in_a_file(signed: Signed, tmp_path: Path) -> None:
    ring = signed.ring.revoke("2025", reason="superseded", at=signed.at)
    path = ring.write(tmp_path / "keyring.yaml")
    assert Keyring.read(path) == ring and [p.name for p in tmp_path.iterdir()] == ["keyring.yaml"]
    # As a person writes it: a time without quotes.
    plain = path.read_text().replace("valid_from: '2026-01-01T00:00:00Z'", "valid_from: 2026-01-01T01:00:00+01:00")
    assert plain != path.read_text()
    path.write_text(plain)
    assert Keyring.read(path) == ring


def test_a_revocation_stays(signed: Signed) -> None:
    ring = signed.ring.revoke("2025", reason="superseded", at=signed.at)
    for reason, at in ((Reason.SUPERSEDED, signed.at + SECOND), (Reason.KEY_COMPROMISE, signed.at + SECOND)):
        with pytest.raises(BadKeyring, match="revoked already"):
            ring.revoke("2025", reason=reason, at=at)
    worse = ring.revoke("2025", reason="key-compromise", at=signed.at)
    with pytest.raises(BadKeyring, match="revoked already"):
        worse.revoke("2025", reason="superseded", at=signed.at - SECOND)
    with pytest.raises(BadKeyring, match="no key 2024"):
        ring.revoke("2024", reason="superseded")
    with pytest.raises(BadKeyring, match="not a reason"):
        ring.revoke("2026", reason="tired")
    with pytest.raises(BadKeyring, match="time zone"):
        ring.revoke("2026", reason="superseded", at=dt.datetime(2030, 1, 1))
    with pytest.raises(BadKeyring, match="before it is valid"):
        ring.revoke("2026", reason="superseded", at=LONG_AGO)


def test_a_keyring_that_could_be_read_two_ways_is_refused(signed: Signed, tmp_path: Path) -> None:
    with pytest.raises(BadKeyring, match="twice"):
        signed.ring.add(signed.old, name="again", owner="eve@acme.test")
    with pytest.raises(BadKeyring, match="twice"):
        signed.ring.add(signed.cosign.generate_key_pair(tmp_path, password=PASSWORD), name="2025", owner="eve")
    with pytest.raises(BadKeyring, match="not a public key"):
        signed.ring.add(signed.old.private, name="private", owner="eve@acme.test")
    with pytest.raises(BadKeyring, match="cannot be read"):
        signed.ring.add("nowhere.pub", name="none", owner="eve@acme.test")
    good = signed.ring.revoke("2025", reason="superseded", at=signed.at).write(tmp_path / "keyring.yaml").read_text()
    for old, new in (
        ("reason: superseded", "reason: superseded\n  reason: superseded"),
        ("  reason: superseded\n", ""),
        ("reason: superseded", "reason: bored"),
        ("owner: grace@acme.test", "owner: ''"),
        ("  owner: grace@acme.test\n", ""),
        ("owner:", "extra: 1\n  owner:"),
        ("'2026-01-01T00:00:00Z'", "2026-01-01"),
        ("'2026-01-01T00:00:00Z'", "soon"),
        ("-----BEGIN PUBLIC KEY-----", "-----BEGIN NOTHING-----"),
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("keys:", "keys: [\n"),
    ):
        assert old in good
        (tmp_path / "keyring.yaml").write_text(good.replace(old, new, 1))
        with pytest.raises(BadKeyring):
            Keyring.read(tmp_path / "keyring.yaml")
    with pytest.raises(BadKeyring, match="cannot be read"):
        Keyring.read(tmp_path / "nowhere.yaml")


@examples(300)
@given(st.data())
def test_whatever_a_timestamp_holds_it_is_a_time_or_unreadable(signed: Signed, data: st.DataObject) -> None:
    content = bytearray(Bundle.read(signed.cosign.workdir / "file.sigstore.json").stamps[0])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        assert stamped_at(bytes(content[: data.draw(st.integers(0, len(content)))])).tzinfo is dt.UTC
    except CannotVerify as error:
        assert error.why


def test_a_timestamp_that_is_not_der_is_unreadable(signed: Signed) -> None:
    whole = Bundle.read(signed.cosign.workdir / "file.sigstore.json").stamps[0]
    assert whole[:2] == b"\x30\x82"
    for other in (
        b"\x30\x80" + whole[4:] + b"\0\0",  # indefinite length
        b"\x30\x83\x00" + whole[2:],  # length with a leading zero
        whole + whole,
        whole + b"\0",
        b"",
        b"\x1f" + whole[1:],
    ):
        with pytest.raises(CannotVerify):
            stamped_at(other)
