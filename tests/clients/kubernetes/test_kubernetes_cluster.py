"""What a person does with a cluster: apply, look, compare, change, delete, ask who may; on a real API server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpers.clients.kubernetes import ALL, Cluster, Forbidden, Object, ObjectNotFound, UnknownKind, reveal
from helpers.core.errors import BadInput
from tests.clients.kubernetes.manifests import config_map, definition, namespace, role, user

Make = Callable[..., dict[str, Any]]


def test_importing_the_room_does_not_import_the_client_library() -> None:
    code = "import sys; from helpers import Cluster; Cluster(); "
    code += "assert not {'kubernetes', 'urllib3', 'yaml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_cluster_says_who_and_where_before_and_after_it_connects(cluster: Cluster) -> None:
    fresh = Cluster("vision", namespace="vision")
    assert repr(fresh) == "Cluster(vision, namespace vision, not connected yet)"
    assert fresh.whoami() == ("vision", ("tenants", "system:authenticated"))
    assert repr(fresh) == f"Cluster(vision, namespace vision, {cluster.server})"
    assert cluster.version().startswith("v1.")
    assert cluster.whoami()[0] == "admin"


def test_apply_says_what_it_did(cluster: Cluster, room: str) -> None:
    first = cluster.apply([config_map(room, a="1"), config_map(room, "other")])
    assert [(str(one.ref), one.action) for one in first] == [
        (f"ConfigMap {room}/settings", "created"),
        (f"ConfigMap {room}/other", "created"),
    ]
    assert [one.action for one in cluster.apply([config_map(room, a="2"), config_map(room, "other")])] == [
        "configured",
        "unchanged",
    ]
    assert cluster.get("ConfigMap", "settings", namespace=room).raw["data"] == {"a": "2"}
    assert [one.action for one in cluster.apply(config_map(room), dry_run=True)] == ["configured"]
    assert cluster.get("cm", "settings", namespace=room).raw["data"] == {"a": "2"}


def test_apply_right_after_apply_is_unchanged_though_controllers_write_the_status(
    cluster: Cluster, deployment: Make
) -> None:
    manifest = deployment(replicas=3)
    actions = [cluster.apply(manifest)[0].action for _ in range(6)]
    assert actions == ["created", *["unchanged"] * 5]


def test_a_file_in_any_order_with_a_new_namespace_and_a_new_kind(cluster: Cluster, tmp_path: Path) -> None:
    import yaml

    model = {"apiVersion": "acme.test/v1", "kind": "Model", "metadata": {"name": "llm", "namespace": "models"}}
    objects = [{**model, "spec": {"gpus": 2}}, definition(), config_map("models"), namespace("models")]
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    order = ["Namespace", "CustomResourceDefinition", "ConfigMap", "Model"]
    try:
        dry = cluster.apply(file, dry_run=True)
        assert [(one.ref.kind, one.action) for one in dry] == [(kind, "created") for kind in order]
        assert [(one.kind, one.status) for one in cluster.diff(file)] == [(kind, "missing") for kind in order]
        assert not cluster.exists("Namespace", "models")

        assert [(one.ref.kind, one.action) for one in cluster.apply(file)] == [(kind, "created") for kind in order]
        assert [one.action for one in cluster.apply(file)] == ["unchanged"] * 4
        assert [one.name for one in cluster.get("modx", namespace="models")] == ["llm"]
        assert cluster.patch("models.acme.test", "llm", {"spec": {"gpus": 4}}, namespace="models").spec == {"gpus": 4}
    finally:
        cluster.delete("CustomResourceDefinition", "models.acme.test", wait=True, missing_ok=True)
        cluster.delete("Namespace", "models", missing_ok=True)
    with pytest.raises(UnknownKind):
        cluster.get("Model", namespace="models")


def test_diff_shows_a_wish_beside_the_live_object_without_noise(cluster: Cluster, deployment: Make) -> None:
    cluster.apply(deployment(image="web:1"))
    (same,) = cluster.diff(deployment(image="web:1"))
    assert (same.status, same.changes) == ("same", ())
    (one,) = cluster.diff(deployment(image="web:2", replicas=2))
    assert [tuple(change) for change in one.changes] == [
        ("spec.replicas", 1, 2),
        ("spec.template.spec.containers[name=web].image", "web:1", "web:2"),
    ]
    for side in (one.live, one.desired):
        assert side is not None
        assert "status" not in side
        assert not {"managedFields", "resourceVersion", "generation", "uid"} & side["metadata"].keys()
    assert "the manifest" in cluster.diff(deployment(image="web:2"))._repr_html_()


def test_secrets_are_masked_everywhere_and_still_compared(cluster: Cluster, room: str) -> None:
    meta = {"name": "db", "namespace": room}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"password": "hunter2-hunter2"}}
    cluster.apply(secret)
    found = cluster.get("Secret", "db", namespace=room)
    (diff,) = cluster.diff({**secret, "stringData": {"password": "another-secret"}})
    shown = f"{found!r} {found.raw} {found._repr_html_()} {diff!r} {diff} {cluster.get('Secret', namespace=room)}"
    for text in ("hunter2", "aHVudGVyMi1odW50ZXIy", "another-secret", "YW5vdGhlci1zZWNyZXQ="):
        assert text not in shown
    assert diff.status == "different"
    assert reveal(found.raw["data"]) == {"password": "aHVudGVyMi1odW50ZXIy"}

    assert cluster.apply(found)[0].action in ("configured", "unchanged")
    assert reveal(cluster.get("Secret", "db", namespace=room).raw["data"]) == {"password": "aHVudGVyMi1odW50ZXIy"}


def test_get_by_name_label_and_field_in_one_namespace_or_all(cluster: Cluster, room: str) -> None:
    labelled = config_map(room, "labelled")
    labelled["metadata"]["labels"] = {"team": "vision"}
    cluster.apply([labelled, config_map(room, "plain")])
    names = lambda found: [one.name for one in found]  # noqa: E731
    assert names(cluster.get("configmaps", namespace=room, selector={"team": "vision"})) == ["labelled"]
    assert "plain" in names(cluster.get("configmaps", namespace=room, selector="team!=vision"))
    assert names(cluster.get("ConfigMap", namespace=room, fields={"metadata.name": "plain"})) == ["plain"]
    assert (room, "plain") in [(one.namespace, one.name) for one in cluster.get("ConfigMap", namespace=ALL)]
    assert Cluster(namespace=room).get("ConfigMap", "plain").ref.api_version == "v1"
    assert cluster.get("Namespace", room).namespace == ""
    assert all(one.kind == "Deployment" for one in cluster.get("deployments.apps", namespace=ALL))


def test_patch_scale_and_delete(cluster: Cluster, room: str, deployment: Make) -> None:
    cluster.apply(deployment())
    merged = cluster.patch("Deployment", "web", {"metadata": {"labels": {"a": "b"}}}, namespace=room)
    assert merged.metadata["labels"] == {"a": "b"}
    operations = [{"op": "replace", "path": "/metadata/labels/a", "value": "c"}]
    assert cluster.patch("deploy", "web", operations, namespace=room).metadata["labels"] == {"a": "c"}
    dry = cluster.patch("deploy", "web", {"metadata": {"labels": {"a": "d"}}}, namespace=room, dry_run=True)
    assert dry.metadata["labels"] == {"a": "d"}
    assert cluster.get("deploy", "web", namespace=room).metadata["labels"] == {"a": "c"}

    assert cluster.scale("Deployment", "web", 2, namespace=room).spec["replicas"] == 2
    for kind, replicas in (("Deployment", -1), ("Deployment", True), ("ConfigMap", 1)):
        with pytest.raises(BadInput):
            cluster.scale(kind, "web", replicas, namespace=room)

    cluster.wait("Deployment", "web", namespace=room)
    cluster.delete("Deployment", "web", namespace=room, propagation="foreground", wait=True)
    assert not cluster.get("ReplicaSet", namespace=room)
    with pytest.raises(ObjectNotFound):
        cluster.delete("Deployment", "web", namespace=room)
    cluster.delete("Deployment", "web", namespace=room, missing_ok=True)


def test_orphans_outlive_their_owner(cluster: Cluster, room: str, deployment: Make) -> None:
    cluster.apply(deployment())
    cluster.wait("Deployment", "web", namespace=room)
    cluster.delete("Deployment", "web", namespace=room, propagation="orphan", wait=True)
    assert [one.metadata.get("ownerReferences") for one in cluster.get("ReplicaSet", namespace=room)] == [None]


def test_events_are_in_order_and_by_object(cluster: Cluster, room: str, deployment: Make) -> None:
    cluster.apply([deployment(), deployment("other")])
    cluster.wait("Deployment", "web", namespace=room)
    found = cluster.events(room, about="web")
    assert {"ScalingReplicaSet", "SuccessfulCreate"} <= {event.reason for event in found}
    assert all(event.about.name.startswith("web") for event in found)
    assert [event.last for event in found] == sorted(event.last for event in found)
    assert "ScalingReplicaSet" in str(found._repr_html_())


def test_a_tenant_may_do_what_a_role_grants_and_nothing_next_door(cluster: Cluster, room: str) -> None:
    cluster.apply([config_map(room), *role(room, "reader", ["get", "list"], ["configmaps"], user("speech"))])
    tenant = Cluster("speech", namespace=room)
    assert tenant.get("ConfigMap", "settings").name == "settings"
    assert tenant.can_i("list", "configmaps")
    assert not tenant.can_i("list", "configmaps", namespace="default")
    assert not tenant.can_i("delete", "ConfigMap")
    assert cluster.can_i("get", "configmaps", namespace=room, user="speech")
    assert not cluster.can_i("get", "pods/log", namespace=room, user="speech")
    assert cluster.can_i("create", "namespaces", user="jo", groups=["system:masters"])
    with pytest.raises(Forbidden) as caught:
        tenant.get("ConfigMap", namespace="default")
    error = caught.value
    assert (error.who, error.verb, error.resource, error.namespace) == ("speech", "list", "configmaps", "default")


def test_impersonation_carries_every_group(cluster: Cluster, room: str) -> None:
    other = cluster.as_user("jo", ["vision", "on-call"])
    assert other.whoami() == ("jo", ("vision", "on-call", "system:authenticated"))
    with pytest.raises(Forbidden) as caught:
        other.get("Secret", namespace=room)
    assert caught.value.who == "jo"
    with pytest.raises(Forbidden) as caught:
        Cluster("speech").as_user("admin").get("Secret", namespace=room)
    assert (caught.value.who, caught.value.verb) == ("speech", "impersonate")
    for name, groups in (("", []), ("jo", "vision"), ("jo\r\nX: y", []), ("jo", [""])):
        with pytest.raises(BadInput):
            cluster.as_user(name, groups)


def test_a_service_account_by_a_short_token_that_is_renewed_and_written_nowhere(
    cluster: Cluster, room: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bot", "namespace": room}}
    subject = {"kind": "ServiceAccount", "name": "bot", "namespace": room}
    cluster.apply([account, config_map(room), *role(room, "bot", ["get"], ["configmaps"], subject)])
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    bot = cluster.service_account(room, "bot")
    assert bot.whoami()[0] == f"system:serviceaccount:{room}:bot"
    assert bot.get("ConfigMap", "settings").namespace == room
    assert cluster.can_i("get", "configmaps", namespace=room, user=f"system:serviceaccount:{room}:bot")
    with pytest.raises(Forbidden):
        bot.get("ConfigMap", "settings", namespace="default")

    configuration = bot._connection.configuration
    first = configuration.api_key["BearerToken"]
    assert (configuration.cert_file, configuration.key_file) == (None, None)
    clock = time.monotonic()
    monkeypatch.setattr("helpers.clients.kubernetes._access.time.monotonic", lambda: clock + 500)
    assert bot.whoami()[0] == f"system:serviceaccount:{room}:bot"
    assert configuration.api_key["BearerToken"] != first
    assert first.removeprefix("Bearer ") not in f"{bot!r} {BadInput(first)}"
    assert not list(tmp_path.iterdir())

    with pytest.raises(ObjectNotFound):
        cluster.service_account(room, "nobody")
    with pytest.raises(BadInput):
        cluster.service_account(room, "bot", seconds=60)


def test_a_token_for_somebody_else_is_not_one_for_the_cluster(cluster: Cluster, room: str) -> None:
    cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bot", "namespace": room}})
    token = cluster.token_request(room, "bot", audiences=["vault"])
    assert token.reveal() not in f"{token} {token!r} {BadInput(token.reveal())}"
    api = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}
    accepted = [
        cluster._connection.request(
            "post",
            "/apis/authentication.k8s.io/v1/tokenreviews",
            asked="review a token",
            body={**api, "spec": {"token": token.reveal(), **spec}},
        )
        .data["status"]
        .get("authenticated", False)
        for spec in ({"audiences": ["vault"]}, {})
    ]
    assert accepted == [True, False]


def test_names_cannot_leave_their_place_in_the_path(cluster: Cluster) -> None:
    for name in ("../../secrets", "a/b", "a?watch=1", "..", "a%2fb", ""):
        with pytest.raises(BadInput):
            cluster.get("ConfigMap", name)
        with pytest.raises(BadInput):
            cluster.get("ConfigMap", "x", namespace=name or "..")
    with pytest.raises(BadInput):
        cluster.get("ConfigMap", "x", namespace=ALL)
    with pytest.raises(BadInput):
        cluster.get("")
    assert cluster.get("ClusterRole", "system:node").name == "system:node"


def test_objects_show_themselves(cluster: Cluster) -> None:
    node = cluster.get("Node", "gpu-1")
    assert repr(node) == "Object(Node gpu-1)"
    assert isinstance(node, Object)
    assert "gpu-1" in str(node._repr_html_())
    assert "gpu-4" in str(cluster.get("nodes")._repr_html_())
