"""The vault as its clients see it: real OpenBao, real policies, nothing shown that must not be."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import rsa

from helpers.clients.vault import (
    Lease,
    LeaseExpired,
    LoginRefused,
    NoSuchSecret,
    PermissionDenied,
    Sealed,
    Secret,
    TokenExpired,
    Vault,
    VaultDown,
    VersionConflict,
    WrapUsed,
)
from helpers.core.errors import BadInput
from helpers.core.redact import redact
from helpers.runtime import services
from tests.waits import until

HIDDEN = "api-key=(sensitive value), user=(sensitive value)"
CANARY = "canary-9f1c-value"
READER = 'path "secret/data/vision/*" { capabilities = ["read"] }'


@pytest.fixture(scope="module")
def vault(isolated: None) -> Vault:
    return Vault()


@pytest.fixture
def reader(vault: Vault) -> Iterator[Vault]:
    """A session that may read vision's secrets and nothing else."""
    vault.put("vision/wandb", {"api-key": CANARY})
    vault.write_policy("vision-reader", READER)
    made = vault.token(["vision-reader"], ttl="5m", name="reader")
    yield Vault(token=made.token)
    vault.revoke_token(made.accessor)


def test_a_secret_shows_its_keys_and_never_its_values(vault: Vault) -> None:
    put = vault.put("vision/shown", {"api-key": CANARY, "user": "bot"})
    got = vault.get("vision/shown")
    for secret in (put, got):
        assert repr(secret) == f"Secret(secret/vision/shown version {secret.version}: {HIDDEN})"
        shown = [repr(secret), str(vars(secret)), secret._repr_html_(), str(dataclasses.asdict(secret))]
        assert not any(CANARY in text for text in [*shown, repr(copy.deepcopy(secret))])
        assert CANARY.encode() not in pickle.dumps(secret)
    assert got.reveal("user") == "bot"


def test_a_revealed_value_is_masked_from_then_on(vault: Vault) -> None:
    vault.put("vision/masked", {"key": "never-seen-before-77"})
    assert redact("never-seen-before-77") == "never-seen-before-77"
    assert vault.get("vision/masked").reveal("key") == "never-seen-before-77"
    assert "never-seen" not in redact("export KEY=never-seen-before-77")


def test_versions_deleted_undeleted_and_destroyed(vault: Vault) -> None:
    for number in range(3):
        assert vault.put("vision/many", {"n": str(number)}).version == number + 1
    assert vault.get("vision/many", version=1).reveal("n") == "0"
    vault.delete("vision/many")
    vault.destroy("vision/many", 1)
    assert [one.status for one in vault.versions("vision/many")] == ["destroyed", "old", "deleted"]
    with pytest.raises(NoSuchSecret, match="deleted"):
        vault.get("vision/many")
    vault.undelete("vision/many", 3)
    assert vault.get("vision/many").reveal("n") == "2"
    vault.destroy("vision/many")
    with pytest.raises(NoSuchSecret):
        vault.versions("vision/many")


def test_what_is_listed(vault: Vault) -> None:
    vault.put("listed/a", {"k": "v"})
    vault.put("listed/b/c", {"k": "v"})
    assert vault.list("listed") == ("a", "b/")
    assert vault.list("nowhere") == ()


def test_a_write_on_an_old_version_is_refused(vault: Vault) -> None:
    vault.put("vision/cas", {"k": "1"})
    with pytest.raises(VersionConflict):
        vault.put("vision/cas", {"k": "2"}, cas=0)


def test_a_rotated_value_is_new_and_the_others_stay(vault: Vault) -> None:
    vault.put("vision/rotated", {"password": "first-password", "user": "bot"})
    secret = vault.rotate("vision/rotated", "password")
    assert secret.version == 2
    assert secret.reveal("password") != "first-password"
    assert vault.get("vision/rotated").reveal("user") == "bot"


@pytest.mark.parametrize("values", [{}, {"n": 1}])
def test_what_is_no_secret_is_refused(vault: Vault, values: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        vault.put("vision/bad", values)


def test_a_missing_secret_key_and_mount_are_told_apart(vault: Vault) -> None:
    with pytest.raises(NoSuchSecret, match="no secret secret/vision/none"):
        vault.get("vision/none")
    with pytest.raises(NoSuchSecret, match="mounted"):
        vault.get("vision/none", mount="elsewhere")
    with pytest.raises(NoSuchSecret, match="api-key"):
        vault.put("vision/keys", {"api-key": "12345"}).reveal("other")


def test_a_refusal_names_path_and_capability(reader: Vault) -> None:
    assert reader.get("vision/wandb").keys == ("api-key",)
    with pytest.raises(PermissionDenied) as caught:
        reader.put("vision/wandb", {"api-key": "stolen"})
    assert (caught.value.path, caught.value.capability) == ("secret/data/vision/wandb", "update")
    with pytest.raises(PermissionDenied, match="read on secret/data/speech/asr"):
        reader.get("speech/asr")
    assert reader.capabilities("secret/data/vision/wandb") == ("read",)
    assert reader.capabilities("secret/data/speech/asr") == ("deny",)


def test_a_policy_that_is_none_is_explained(vault: Vault) -> None:
    with pytest.raises(BadInput, match="parse"):
        vault.write_policy("broken", "path nonsense")
    with pytest.raises(NoSuchSecret):
        vault.policy("broken")
    assert "vision" in vault.write_policy("whole", READER).text
    vault.delete_policy("whole")
    assert "whole" not in vault.policies()


def test_a_token_ends_and_the_message_says_so(vault: Vault, reader: Vault) -> None:
    short = Vault(token=vault.token(["vision-reader"], ttl="4s").token)
    assert short.get("vision/wandb")
    with pytest.raises(TokenExpired, match="read on secret/data/vision/wandb"):
        until(lambda: not short.get("vision/wandb"))
    once = Vault(token=vault.token(["vision-reader"], uses=1).token)
    assert once.get("vision/wandb")
    with pytest.raises(TokenExpired):
        once.get("vision/wandb")


def test_a_token_is_renewed_and_revoked(vault: Vault, reader: Vault) -> None:
    made = vault.token(["vision-reader"], ttl="2m", name="batch")
    assert made.token is not None and made.token.reveal() not in repr(made)
    session = Vault(token=made.token)
    assert session.renew_token("10m").ttl > 300
    assert vault.look_up_token(made.accessor).display_name == "token-batch"
    vault.revoke_token(made.accessor)
    with pytest.raises(TokenExpired):
        session.get("vision/wandb")
    with pytest.raises(NoSuchSecret):
        vault.look_up_token(made.accessor)


def test_a_role_logs_in_and_is_kept(vault: Vault, reader: Vault) -> None:
    role = vault.write_role("inference", ["vision-reader"], secret_id_uses=1)
    assert (role.policies, role.ttl) == (("vision-reader",), 900)
    credentials = vault.issue("inference")
    session = vault.log_in(credentials.role_id, credentials.secret_id)
    assert session.get("vision/wandb") and session.whoami().policies == ("default", "vision-reader")
    with pytest.raises(LoginRefused):
        vault.log_in(credentials.role_id, credentials.secret_id)  # good for one login
    with pytest.raises(LoginRefused, match="no credentials"):
        Vault("inference").get("vision/wandb")
    vault.write_role("inference", ["vision-reader"])
    assert vault.keep(vault.issue("inference")).get("vision/wandb")
    kept = Vault("inference")
    assert kept.get("vision/wandb")
    # Somebody ends its token: it says so once, then logs in again.
    kept.revoke_token()
    with pytest.raises(TokenExpired):
        kept.get("vision/wandb")
    assert kept.get("vision/wandb")


@pytest.fixture(scope="module")
def cluster() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def jwt(key: rsa.RSAPrivateKey, **changed: object) -> str:
    """A service-account token as the API server signs them."""
    import base64

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    now = int(time.time())
    claims = {
        "iss": "https://kubernetes.default.svc",
        "aud": ["vault"],
        "exp": now + 600,
        "iat": now,
        "nbf": now,
        "sub": "system:serviceaccount:inference-dev:inference",
        **changed,
    }
    parts = [{"alg": "RS256"}, claims]
    signed = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_a_workload_logs_in_with_its_service_account(
    vault: Vault, reader: Vault, cluster: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    pem = cluster.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "sa.pub").write_bytes(pem)
    vault.trust_cluster(tmp_path / "sa.pub")
    vault.trust_cluster(pem.decode())
    vault.write_workload_role("inference", ["vision-reader"], service_account="inference", namespace="inference-dev")
    session = vault.log_in_workload("inference", jwt(cluster))
    assert session.get("vision/wandb")
    stranger = rsa.generate_private_key(65537, 2048)
    other = "system:serviceaccount:speech:inference"
    for token in (jwt(stranger), jwt(cluster, sub=other), jwt(cluster, aud=["other"]), jwt(cluster, exp=1), "nonsense"):
        with pytest.raises(LoginRefused):
            vault.log_in_workload("inference", token)
    with pytest.raises(LoginRefused):
        vault.log_in_workload("none", jwt(cluster))
    with pytest.raises(BadInput):
        vault.trust_cluster(tmp_path / "none.pub")


def test_a_dynamic_secret_is_leased_renewed_and_taken_back(vault: Vault) -> None:
    vault.enable("pki", "pki", max_ttl="24h")
    vault.enable("pki", "pki")
    vault.write("pki/root/generate/internal", {"common_name": "acme.test", "ttl": "12h"})
    vault.write(
        "pki/roles/inference", {"allowed_domains": "acme.test", "allow_subdomains": True, "generate_lease": True}
    )
    lease = vault.write("pki/issue/inference", {"common_name": "gpu.acme.test", "ttl": "1h"})
    assert isinstance(lease, Lease) and lease.secret is not None
    assert "PRIVATE KEY" not in repr(lease) and "PRIVATE KEY" in lease.secret.reveal("private_key")
    assert vault.leases("pki/issue/inference") == (lease.id,)
    assert 0 < vault.lease(lease.id).seconds <= 3600
    vault.revoke(lease.id)
    for ended in (vault.lease, vault.renew, vault.revoke):
        with pytest.raises(LeaseExpired):
            ended(lease.id)
    serial = lease.secret.reveal("serial_number")
    gone = vault.read(f"pki/cert/{serial}")
    assert isinstance(gone, Secret) and gone.reveal("revocation_time") != "0"


def test_a_wrapper_opens_once(vault: Vault, reader: Vault) -> None:
    wrapped = vault.wrap({"first": CANARY})
    assert wrapped.path == "sys/wrapping/wrap" and wrapped.token.reveal() not in repr(wrapped)
    assert vault.unwrap(wrapped).reveal("first") == CANARY
    with pytest.raises(WrapUsed):
        vault.unwrap(wrapped)
    carried = vault.wrap_secret("vision/wandb", ttl="1m")
    assert carried.path == "secret/data/vision/wandb"
    assert vault.unwrap(carried).reveal("api-key") == CANARY
    vault.write_role("wrapped", ["vision-reader"])
    secret_id = vault.unwrap(vault.wrap_credentials("wrapped")).reveal("secret_id")
    assert vault.log_in(vault.approle("wrapped").role_id, secret_id).get("vision/wandb")
    with pytest.raises(BadInput):
        vault.wrap({"k": "v"}, ttl="soon")


def test_the_audit_log_tells_who_and_never_what(vault: Vault, reader: Vault) -> None:
    reader.get("vision/wandb")
    with pytest.raises(PermissionDenied):
        reader.get("speech/asr")
    entries = {entry.path: entry for entry in vault.audit(10)}
    read, refused = entries["secret/data/vision/wandb"], entries["secret/data/speech/asr"]
    assert (read.actor, read.operation, read.allowed, read.error) == ("token-reader", "read", True, "")
    assert (refused.allowed, refused.error) == (False, "permission denied")
    assert CANARY not in (services.data("vault") / "audit.log").read_text()
    # Somebody who knows the value can find who read it.
    digest = vault.audit_hash(CANARY)
    assert read.mentions(digest) and not refused.mentions(digest)
    assert [entry.path for entry in vault.audit(1, path="secret/data/speech")] == ["secret/data/speech/asr"]
    assert {entry.kind for entry in vault.audit(None, kind="")} == {"request", "response"}


def test_the_platform_team_is_a_role_and_no_root_token_is_left(vault: Vault) -> None:
    me = vault.whoami()
    assert me.policies == ("admin", "default") and 0 < me.ttl <= 3600
    folder = services.data("vault").parent
    assert not (folder / "keys" / "root").exists()
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*") if path.is_file())


def test_sealed_and_down_are_told_apart(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vault.seal().sealed
    with pytest.raises(Sealed, match="course services restart vault"):
        vault.get("vision/wandb")
    assert vault.status().sealed
    services.restart("vault")
    assert not Vault().status().sealed
    with pytest.raises(VaultDown):
        Vault(url="https://127.0.0.1:9", token="t").get("vision/wandb")
    with pytest.raises(VaultDown, match="not the vault we trust"):
        Vault(url=vault.url, token="t").get("vision/wandb")


def test_another_server_is_used_when_told_so(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    made = vault.token(["admin"], ttl="1m").token
    assert made is not None
    monkeypatch.setenv("MOD208_VAULT_URL", vault.url)
    monkeypatch.setenv("VAULT_CACERT", str(vault.ca))
    monkeypatch.setenv("VAULT_TOKEN", made.reveal())
    assert "approle" not in Vault().mounts() and "secret" in Vault().mounts()
    with pytest.raises(Exception, match="not on this machine"):
        Vault().audit()


def test_no_vault_elsewhere_is_told_a_token_in_clear() -> None:
    with pytest.raises(BadInput, match="in clear"):
        Vault(url="http://vault.acme.test:8200", token="t")
