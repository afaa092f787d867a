"""External secrets on a real API server, from a real vault and Secrets Manager."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.clients import secret_sync
from helpers.clients.aws.secrets_manager import SecretsManager
from helpers.clients.kubernetes import Cluster, Invalid, ObjectNotFound, reveal
from helpers.clients.secret_sync.errors import SyncError
from helpers.clients.vault import Vault
from helpers.core import process
from helpers.runtime import services
from tests.running import kill
from tests.waits import until

SPACE = "inference-dev"
POLICY = 'path "secret/data/vision/*" { capabilities = ["read"] }'


@pytest.fixture(scope="module")
def cluster(isolated: None) -> Cluster:
    """A cluster with stores for the vault (both logins) and for Secrets Manager of vision."""
    services.ensure("secret-sync")
    cluster = Cluster(namespace=SPACE)
    Vault().write_policy("inference", POLICY)
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    cluster.apply(
        [
            secret_sync.vault_store(SPACE, policies=["inference"]),
            secret_sync.vault_store(SPACE, policies=["inference"], name="workload", login="kubernetes"),
            secret_sync.aws_store(SPACE),
        ]
    )
    return cluster


@pytest.fixture(scope="module")
def vault(cluster: Cluster) -> Vault:
    return Vault()


def external(name: str, *, store: str = "vault", key: str = "vision/hub", **spec: Any) -> dict[str, Any]:
    data = [{"secretKey": "token", "remoteRef": {"key": key, "property": "token"}}]
    given = {"refreshInterval": "1h", "secretStoreRef": {"name": store}, "data": data} | spec
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name},
        "spec": {field: value for field, value in given.items() if value is not None},
    }


def values(cluster: Cluster, name: str) -> dict[str, str]:
    import base64

    data = reveal(cluster.get("Secret", name).raw.get("data") or {})
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


@pytest.mark.parametrize("store", ["vault", "workload"])
def test_a_rotation_in_the_vault_reaches_the_secret_and_no_manifest_changes(
    cluster: Cluster, vault: Vault, store: str
) -> None:
    vault.put("vision/hub", {"token": "token-before", "user": "bot"})
    cluster.apply(external(f"hub-{store}", store=store, refreshInterval="1s"))
    assert secret_sync.wait(SPACE, f"hub-{store}").reason == "SecretSynced"
    assert values(cluster, f"hub-{store}") == {"token": "token-before"}
    generation = cluster.get("ExternalSecret", f"hub-{store}").raw["metadata"]["generation"]
    fresh = vault.rotate("vision/hub", "token").reveal("token")
    until(lambda: values(cluster, f"hub-{store}") == {"token": fresh}, "the rotation did not arrive")
    assert cluster.get("ExternalSecret", f"hub-{store}").raw["metadata"]["generation"] == generation
    until(lambda: len(cluster.events(about=f"hub-{store}")) == 2, "both writes must be told")
    assert {event.reason for event in cluster.events(about=f"hub-{store}")} == {"Updated"}
    cluster.delete("ExternalSecret", f"hub-{store}")


def test_a_rotation_in_secrets_manager_reaches_the_secret(cluster: Cluster) -> None:
    manager = SecretsManager("vision")
    manager.put("vision/registry", {"token": "pull-before", "user": "bot"})
    data = [
        {"secretKey": "now", "remoteRef": {"key": "vision/registry", "property": "token"}},
        {"secretKey": "all", "remoteRef": {"key": "vision/registry"}},
    ]
    cluster.apply(external("registry", store="aws", data=data, refreshInterval="1s"))
    secret_sync.wait(SPACE, "registry")
    assert values(cluster, "registry")["now"] == "pull-before"
    fresh = manager.rotate("vision/registry", "token").reveal("token")
    until(lambda: values(cluster, "registry")["now"] == fresh, "the rotation did not arrive")
    assert fresh in values(cluster, "registry")["all"]
    # The version before, for a client that has not changed over yet.
    data.append(
        {"secretKey": "before", "remoteRef": {"key": "vision/registry", "property": "token", "version": "AWSPREVIOUS"}}
    )  # type: ignore[dict-item]
    cluster.apply(external("registry", store="aws", data=data))
    secret_sync.wait(SPACE, "registry")
    assert values(cluster, "registry")["before"] == "pull-before"


def _until_another_has(cluster: Cluster, key: str, token: str) -> None:
    """Wait until an ExternalSecret that is refreshed each second has the new value: the controller had the time."""
    name = f"{key}-often"
    cluster.apply(external(name, key=f"vision/{key}", refreshInterval="1s"))
    until(lambda: cluster.exists("Secret", name) and values(cluster, name) == {"token": token}, "the controller stands")
    cluster.delete("ExternalSecret", name)


def test_a_long_interval_waits_and_the_annotation_does_not(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/slow", {"token": "first-token"})
    cluster.apply(external("slow", key="vision/slow"))
    secret_sync.wait(SPACE, "slow")
    vault.put("vision/slow", {"token": "second-token"})
    _until_another_has(cluster, "slow", "second-token")
    assert values(cluster, "slow") == {"token": "first-token"}
    found = secret_sync.refresh(SPACE, "slow")
    assert found.ready and found.refreshed is not None
    assert values(cluster, "slow") == {"token": "second-token"}


def test_all_keys_a_version_a_type_and_labels(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/many", {"username": "old-user", "password": "old-password"})
    vault.put("vision/many", {"username": "bot-user", "password": "new-password", "db": "x"})
    template = {"type": "kubernetes.io/basic-auth", "metadata": {"labels": {"app": "x"}}}
    cluster.apply(
        external(
            "many",
            data=None,
            dataFrom=[{"extract": {"key": "secret/vision/many", "version": "1"}}],
            target={"name": "many-basic", "template": template},
        )
    )
    assert secret_sync.wait(SPACE, "many").target == "many-basic"
    assert values(cluster, "many-basic") == {"username": "old-user", "password": "old-password"}
    secret = cluster.get("Secret", "many-basic")
    assert secret.raw["type"] == "kubernetes.io/basic-auth" and secret.raw["metadata"]["labels"]["app"] == "x"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"key": "vision/none"}, "There is no secret secret/vision/none"),
        ({"data": [{"secretKey": "t", "remoteRef": {"key": "vision/ok", "property": "none"}}]}, "no property 'none'"),
        ({"key": "speech/asr"}, "Not allowed: read on secret/data/speech/asr"),
        ({"store": "none"}, "There is no SecretStore none"),
        ({"store": "aws", "key": "vision/none"}, "There is no secret vision/none"),
        ({"key": "vision/ok", "target": {"creationPolicy": "Merge", "name": "absent"}}, "no Secret absent to merge"),
        ({"data": None, "dataFrom": [{"extract": {"key": "vision/odd"}}]}, "cannot have such keys"),
    ],
)
def test_a_failure_is_a_condition_without_a_value(
    cluster: Cluster, vault: Vault, changed: dict[str, Any], message: str
) -> None:
    vault.put("vision/ok", {"token": "canary-in-failure"})
    vault.put("vision/odd", {"no such key": "canary-in-failure"})
    vault.put("speech/asr", {"token": "canary-in-failure"})
    cluster.delete("ExternalSecret", "fails", missing_ok=True)
    cluster.apply(external("fails", **changed))
    until(lambda: secret_sync.status(SPACE, "fails").ready is False, "no condition came")
    found = secret_sync.status(SPACE, "fails")
    assert found.reason == "SecretSyncedError" and message in found.message
    with pytest.raises(SyncError):
        secret_sync.wait(SPACE, "fails", timeout=0.5)
    assert not cluster.exists("Secret", "fails")
    log = (services.data("secret-sync").parent / "log").read_text()
    assert message in log and "canary-in-failure" not in log + found.message
    until(lambda: any(message in event.message for event in cluster.events(about="fails")), "no event came")


def test_a_failure_mends_itself_when_the_secret_comes(cluster: Cluster, vault: Vault) -> None:
    cluster.apply(external("later", key="vision/later", refreshInterval="1s"))
    until(lambda: secret_sync.status(SPACE, "later").ready is False, "no condition came")
    vault.put("vision/later", {"token": "came-at-last"})
    secret_sync.wait(SPACE, "later")
    assert values(cluster, "later") == {"token": "came-at-last"}


def test_what_was_edited_or_deleted_by_hand_comes_back(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/hand", {"token": "right-value"})
    cluster.apply(external("hand", key="vision/hand"))
    secret_sync.wait(SPACE, "hand")
    cluster.patch("Secret", "hand", {"stringData": {"token": "wrong-value"}})
    until(lambda: values(cluster, "hand")["token"] == "right-value", "the edit was not healed")
    cluster.delete("Secret", "hand")
    until(lambda: cluster.exists("Secret", "hand"), "the Secret did not come back")


def test_the_secret_goes_with_its_owner_and_an_orphan_stays(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/life", {"token": "some-value"})
    cluster.apply(external("owned", key="vision/life"))
    cluster.apply(external("orphan", key="vision/life", target={"creationPolicy": "Orphan"}))
    for name in ("owned", "orphan"):
        secret_sync.wait(SPACE, name)
        cluster.delete("ExternalSecret", name)
    until(lambda: not cluster.exists("Secret", "owned"), "the Secret outlived its owner")
    assert cluster.exists("Secret", "orphan")


def test_deletion_in_the_store_is_followed_when_asked_for(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/gone", {"token": "some-value"})
    cluster.apply(external("gone", key="vision/gone", refreshInterval="1s", target={"deletionPolicy": "Delete"}))
    cluster.apply(external("retained", key="vision/gone", refreshInterval="1s"))
    for name in ("gone", "retained"):
        secret_sync.wait(SPACE, name)
    vault.destroy("vision/gone")
    until(lambda: not cluster.exists("Secret", "gone"), "the Secret was not deleted")
    until(lambda: secret_sync.status(SPACE, "retained").ready is False, "no condition came")
    assert values(cluster, "retained") == {"token": "some-value"}
    assert secret_sync.status(SPACE, "gone").reason == "SecretDeleted"


def test_two_owners_and_a_merge(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/both", {"token": "some-value"})
    cluster.apply(external("first", key="vision/both", target={"name": "shared"}))
    secret_sync.wait(SPACE, "first")
    cluster.apply(external("second", key="vision/both", target={"name": "shared"}))
    until(lambda: "belongs to ExternalSecret first" in secret_sync.status(SPACE, "second").message, "no refusal")
    cluster.delete("ExternalSecret", "second")
    plain = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mixed"}, "stringData": {"own": "kept-value"}}
    cluster.apply(plain)
    cluster.apply(external("mixed", key="vision/both", target={"creationPolicy": "Merge"}))
    secret_sync.wait(SPACE, "mixed")
    assert values(cluster, "mixed") == {"own": "kept-value", "token": "some-value"}


def test_created_once_is_never_read_again(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/once", {"token": "first-value"})
    cluster.apply(external("once", key="vision/once", refreshPolicy="CreatedOnce", refreshInterval="1s"))
    secret_sync.wait(SPACE, "once")
    vault.put("vision/once", {"token": "second-value"})
    _until_another_has(cluster, "once", "second-value")
    assert values(cluster, "once") == {"token": "first-value"}


def test_a_store_for_the_cluster_is_for_the_namespaces_it_names(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/wide", {"token": "wide-value"})
    store = cluster.get("SecretStore", "workload").raw["spec"]
    auth = store["provider"]["vault"]["auth"]["kubernetes"]
    auth["serviceAccountRef"]["namespace"] = SPACE
    wide = {"apiVersion": "external-secrets.io/v1", "kind": "ClusterSecretStore", "metadata": {"name": "wide"}}
    ref = {"kind": "ClusterSecretStore", "name": "wide"}
    cluster.apply({**wide, "spec": {**store, "conditions": [{"namespaces": ["speech"]}]}})
    cluster.apply(external("wide", key="vision/wide", secretStoreRef=ref))
    until(lambda: "may not be used" in secret_sync.status(SPACE, "wide").message, "it may be used")
    cluster.apply({**wide, "spec": {**store, "conditions": [{"namespaces": ["speech", SPACE]}]}})
    secret_sync.wait(SPACE, "wide")
    # A SecretStore never reaches into another namespace.
    meta = {"name": "reaching"}
    ref = {"name": "vault-login", "key": "secret-id", "namespace": "kube-system"}
    spec = {"vault": {"server": vault.url, "auth": {"tokenSecretRef": ref}}}
    reaching = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": meta,
        "spec": {"provider": spec},
    }
    cluster.apply(reaching)
    until(lambda: store_status(cluster, "reaching").get("status") == "False", "no condition came")
    assert "refers to namespace kube-system" in store_status(cluster, "reaching")["message"]


def store_status(cluster: Cluster, name: str) -> dict[str, str]:
    conditions = (cluster.get("SecretStore", name).raw.get("status") or {}).get("conditions") or [{}]
    return dict(conditions[0])


def test_a_login_that_was_revoked_is_said_and_a_new_one_taken_up(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/login", {"token": "some-value"})
    cluster.apply(secret_sync.vault_store(SPACE, policies=["inference"], name="own"))
    cluster.apply(external("login", store="own", key="vision/login", refreshInterval="1s"))
    secret_sync.wait(SPACE, "login")
    # The answer to a leak: the role goes, and with it the secret id; tokens given out before must be ended as well.
    vault.client.auth.approle.delete_role(f"{SPACE}-own")
    vault.revoke_all("auth/approle/login")
    vault.forget()
    until(lambda: secret_sync.status(SPACE, "login").ready is False, "the old login still works")
    assert "refused the login" in secret_sync.status(SPACE, "login").message
    cluster.apply(secret_sync.vault_store(SPACE, policies=["inference"], name="own"))
    secret_sync.wait(SPACE, "login")


def test_a_sealed_vault_keeps_the_last_value(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/sealed", {"token": "kept-value"})
    cluster.apply(external("sealed", key="vision/sealed", refreshInterval="1s"))
    secret_sync.wait(SPACE, "sealed")
    vault.seal()
    until(lambda: "is sealed" in secret_sync.status(SPACE, "sealed").message, "no condition came")
    assert values(cluster, "sealed") == {"token": "kept-value"}
    services.restart("vault")
    secret_sync.wait(SPACE, "sealed")


def test_a_killed_controller_goes_on(cluster: Cluster, vault: Vault) -> None:
    vault.put("vision/killed", {"token": "before-value"})
    cluster.apply(external("killed", key="vision/killed", refreshInterval="1s"))
    secret_sync.wait(SPACE, "killed")
    kill(services.ensure("secret-sync").pid)
    vault.put("vision/killed", {"token": "after-value"})
    services.ensure("secret-sync")
    until(lambda: values(cluster, "killed") == {"token": "after-value"}, "it did not go on")


def test_manifests_are_checked_by_the_api_server(cluster: Cluster) -> None:
    for wrong in (
        external("bad", data=None),
        external("bad", refreshInterval="soon"),
        external("bad", store=""),
        external("bad", unknown="field"),
    ):
        with pytest.raises(Invalid):
            cluster.apply(wrong)
    with pytest.raises(ObjectNotFound):
        secret_sync.status(SPACE, "bad")


def test_the_controller_may_do_only_what_it_needs(cluster: Cluster) -> None:
    controller = cluster.as_user("external-secrets", ["tenants"])
    assert controller.can_i("patch", "secrets", namespace=SPACE)
    for verb, resource in (("create", "pods"), ("delete", "namespaces"), ("create", "clusterrolebindings")):
        assert not controller.can_i(verb, resource, namespace=SPACE)
    ps = process.run(["ps", "-o", "args=", "-p", str(services.ensure("secret-sync").pid)]).stdout
    assert "helpers.servers.secret_sync" in ps and "token" not in ps
