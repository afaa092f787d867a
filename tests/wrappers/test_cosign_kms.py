"""cosign with a key that stays in OpenBao's transit engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.clients.vault import Vault
from helpers.core.errors import BadInput
from helpers.core.redact import redact
from helpers.wrappers.cosign import Cosign, CosignError, KmsKey, Verified

MAY_SIGN = """
path "transit/keys/release" { capabilities = ["read"] }
path "transit/sign/release/*" { capabilities = ["update"] }
path "transit/sign/release" { capabilities = ["update"] }
"""
MAY_READ = 'path "transit/keys/release" { capabilities = ["read"] }'
TYPE = "https://acme.test/statement/v1"


@pytest.fixture(scope="module")
def vault(isolated: None) -> Vault:
    """A vault with a key for releases, and who may use it."""
    vault = Vault()
    vault.enable("transit", "transit")
    vault.write("transit/keys/release", {"type": "ecdsa-p256"})
    vault.write_policy("signs", MAY_SIGN)
    vault.write_policy("reads", MAY_READ)
    return vault


def key(vault: Vault, policy: str) -> KmsKey:
    """Return the key, for somebody with a policy."""
    token = vault.token([policy], ttl="5m").token
    assert token is not None
    return KmsKey("release", vault.url, token.reveal(), vault.ca)


def test_a_key_that_nobody_has_signs_and_its_public_half_verifies(vault: Vault, tmp_path: Path) -> None:
    cosign, mine = Cosign(tmp_path), key(vault, "signs")
    (tmp_path / "package").write_bytes(b"a release")
    public = cosign.public_key(mine, "release.pub")
    signed = cosign.sign_blob("package", key=mine)
    stated = cosign.attest_blob("package", key=mine, predicate={"a": 1}, type=TYPE)
    found = cosign.verify_blob("package", key=public)
    assert isinstance(found, Verified) and signed.hint == stated.hint == found.key
    assert cosign.verify_blob_attestation("package", key=public, type=TYPE).verified
    (tmp_path / "package").write_bytes(b"another release")
    assert not cosign.verify_blob("package", key=public).verified
    # Nothing on disk is private, and the token is shown nowhere.
    assert not any(b"PRIVATE" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert mine.token not in repr(mine) and mine.token not in redact(mine.token)


def test_its_token_does_not_travel_in_clear() -> None:
    with pytest.raises(BadInput, match="X-Vault-Token in clear"):
        KmsKey("release", "http://vault.acme.test:8200", "the-token").environment()


def test_who_may_not_sign_does_not(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "package").write_bytes(b"a release")
    with pytest.raises(CosignError) as refused:
        Cosign(tmp_path).sign_blob("package", key=key(vault, "reads"))
    assert "permission denied" in refused.value.why
    assert not (tmp_path / "package.sigstore.json").exists()


def test_a_right_that_was_taken_back_is_gone_at_once(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "package").write_bytes(b"a release")
    held = vault.token(["signs"], ttl="5m")
    assert held.token is not None
    mine, cosign = KmsKey("release", vault.url, held.token.reveal(), vault.ca), Cosign(tmp_path)
    cosign.sign_blob("package", key=mine)
    vault.revoke_token(held.accessor)
    with pytest.raises(CosignError):
        cosign.sign_blob("package", key=mine, bundle="later.json")
    # What was signed before still verifies: whoever must not believe it needs the keyring.
    assert cosign.verify_blob("package", key=cosign.public_key(key(vault, "signs"), "release.pub")).verified
