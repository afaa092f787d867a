"""What a real API server refuses, and what a person reads of it: no traceback, no secret, always a way on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.clients.kubernetes import (
    AdmissionRefused,
    BadKubeconfig,
    Cluster,
    Conflict,
    FieldConflict,
    FieldError,
    Forbidden,
    Invalid,
    KubernetesError,
    ObjectNotFound,
    QuotaExceeded,
    TimedOut,
    UnknownKind,
    Unreachable,
)
from helpers.clients.kubernetes._status import error_from
from helpers.core.errors import BadInput
from helpers.runtime import services
from helpers.runtime.services.control_plane import kubeconfig
from helpers.runtime.services.pki import Authority
from tests.clients.kubernetes.manifests import config_map, namespace
from tests.waits import until

Make = Callable[..., dict[str, Any]]


def pod(room: str, name: str = "a", **limits: str) -> dict[str, Any]:
    container = {"name": "c", "image": "c:1", "resources": {"limits": limits}}
    meta = {"name": name, "namespace": room}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"replicas": "many"}, "spec.replicas"),
        ({"replicas": -1}, "spec.replicas"),
        ({"name": "Not_A_Name"}, "metadata.name"),
        ({"image": {"a": "b"}}, 'spec.template.spec.containers[name="web"].image'),
    ],
)
def test_a_field_that_is_wrong(cluster: Cluster, deployment: Make, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        cluster.apply(deployment(**change))
    assert field in [one.field for one in caught.value.fields]
    assert caught.value.next


def test_a_field_nobody_knows_is_refused_by_apply_and_by_patch(cluster: Cluster, deployment: Make, room: str) -> None:
    wrong = deployment()
    wrong["spec"]["replica"] = 2
    with pytest.raises(Invalid) as caught:
        cluster.apply([config_map(room), wrong])
    assert [one.field for one in caught.value.fields] == ["spec.replica"]
    assert [str(one.ref) for one in caught.value.applied] == [f"ConfigMap {room}/settings"]
    assert "Applied before it: ConfigMap" in str(caught.value)
    cluster.apply(deployment())
    with pytest.raises(Invalid) as caught:
        cluster.patch("Deployment", "web", {"spec": {"replica": 2}}, namespace=room)
    assert caught.value.fields == (FieldError("spec.replica", "unknown field", "FieldValueInvalid"),)


def test_a_message_says_in_which_file_and_line(cluster: Cluster, room: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: {room}}}\ndate: x\n")
    with pytest.raises(Invalid, match=r"settings\.yaml, line 2"):
        cluster.apply(file)


def test_what_is_not_there(cluster: Cluster, room: str) -> None:
    with pytest.raises(ObjectNotFound) as caught:
        cluster.get("Pod", "nobody", namespace=room)
    assert (caught.value.kind, caught.value.name, caught.value.status) == ("pods", "nobody", 404)
    with pytest.raises(ObjectNotFound, match="there is no namespace nowhere"):
        cluster.apply(config_map("nowhere"))
    with pytest.raises(UnknownKind, match="no kind Modell"):
        cluster.get("Modell")
    old = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "a"}}
    with pytest.raises(UnknownKind, match=r"It has Deployment in apps/v1\."):
        cluster.apply(old)


def test_fields_of_another_manager(cluster: Cluster, deployment: Make) -> None:
    cluster.apply(deployment(replicas=1), field_manager="argocd-controller")
    with pytest.raises(Conflict) as caught:
        cluster.apply(deployment(replicas=2), field_manager="jo", force=False)
    assert caught.value.conflicts == (FieldConflict("argocd-controller", "spec.replicas"),)
    assert "spec.replicas belongs to argocd-controller" in caught.value.why
    assert cluster.apply(deployment(replicas=2), field_manager="jo")[0].action == "configured"


def test_an_object_that_changed_meanwhile(cluster: Cluster, room: str) -> None:
    cluster.apply(config_map(room, a="1"))
    old = cluster.get("ConfigMap", "settings", namespace=room).metadata["resourceVersion"]
    cluster.apply(config_map(room, a="2"))
    late = config_map(room, a="3")
    late["metadata"]["resourceVersion"] = old
    with pytest.raises(Conflict, match="changed meanwhile") as caught:
        cluster.apply(late)
    assert caught.value.conflicts == ()


def test_a_quota_says_what_was_asked_used_and_allowed(cluster: Cluster, room: str) -> None:
    meta = {"name": "gpus", "namespace": room}
    hard = {"requests.nvidia.com/gpu": "4", "pods": "10"}
    cluster.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}})
    cluster.wait("ResourceQuota", "gpus", namespace=room, condition=lambda quota: "used" in quota.status)
    cluster.apply(pod(room, "first", **{"nvidia.com/gpu": "3"}))
    with pytest.raises(QuotaExceeded) as caught:
        cluster.apply(pod(room, "second", **{"nvidia.com/gpu": "2"}))
    error, gpu = caught.value, "requests.nvidia.com/gpu"
    assert (error.quota, error.asked[gpu], error.used[gpu], error.limit[gpu]) == ("gpus", "2", "3", "4")
    assert f"{gpu}: asked 2, used 3, limit 4" in error.why


def test_a_quota_that_stops_a_deployment_is_told_by_wait(cluster: Cluster, room: str, deployment: Make) -> None:
    meta = {"name": "none", "namespace": room}
    cluster.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": {"pods": "0"}}})
    cluster.wait("ResourceQuota", "none", namespace=room, condition=lambda quota: "used" in quota.status)
    cluster.apply(deployment())
    until(lambda: any("exceeded quota" in event.message for event in cluster.events(room)))
    with pytest.raises(TimedOut) as caught:
        cluster.wait("Deployment", "web", namespace=room, timeout=1)
    assert "0 of 1 replicas are available." in caught.value.missing
    assert "exceeded quota: none" in caught.value.why


@pytest.fixture
def policy(cluster: Cluster, room: str) -> Iterator[Callable[[str], None]]:
    """Puts a ValidatingAdmissionPolicy over the test's namespace and waits until it is in force."""
    api, rules = "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["*"], "resources": ["deployments"]}
    validation = {
        "expression": "object.spec.template.spec.containers.all(c, c.image.contains('@sha256:'))",
        "message": "an image must be pinned by its digest",
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": room}}
    spec = {"matchConstraints": {"namespaceSelector": selector, "resourceRules": [rule]}, "validations": [validation]}

    def put(action: str) -> None:
        binding = {"policyName": "pinned", "validationActions": [action]}
        for kind, name, body in ((rules, "pinned", spec), (f"{rules}Binding", "all", binding)):
            cluster.apply({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": body})

    yield put
    for kind, name in (("ValidatingAdmissionPolicyBinding", "all"), ("ValidatingAdmissionPolicy", "pinned")):
        cluster.delete(kind, name, missing_ok=True)


def test_a_validating_admission_policy(cluster: Cluster, deployment: Make, policy: Callable[[str], None]) -> None:
    policy("Deny")

    def refusal() -> AdmissionRefused | None:
        try:
            cluster.apply(deployment(), dry_run=True)
        except AdmissionRefused as error:
            return error
        return None

    error = until(refusal)
    assert (error.policy, error.binding) == ("pinned", "all")
    assert error.message == "an image must be pinned by its digest"
    assert "an image must be pinned by its digest" in str(error)
    assert cluster.apply(deployment(image=f"web@sha256:{'a' * 64}"))[0].action == "created"
    with pytest.raises(AdmissionRefused):
        cluster.diff(deployment(image="web:2"))

    policy("Warn")
    (applied,) = until(lambda: [one for one in _quiet(cluster, deployment(image="web:2")) if one.warnings])
    assert "an image must be pinned by its digest" in applied.warnings[0]


def _quiet(cluster: Cluster, manifest: dict[str, Any]) -> Any:
    try:
        return cluster.apply(manifest, dry_run=True)
    except AdmissionRefused:
        return ()


def test_pod_security_limit_range_and_a_namespace_that_goes(cluster: Cluster, room: str) -> None:
    cluster.apply(namespace(room, **{"pod-security.kubernetes.io/enforce": "restricted"}))
    with pytest.raises(AdmissionRefused, match="runAsNonRoot") as caught:
        cluster.apply(pod(room))
    assert caught.value.policy == "PodSecurity restricted"

    cluster.apply(namespace(room))
    limit = {"type": "Container", "max": {"cpu": "1"}}
    meta = {"name": "small", "namespace": room}
    cluster.apply({"apiVersion": "v1", "kind": "LimitRange", "metadata": meta, "spec": {"limits": [limit]}})

    def refusal() -> AdmissionRefused | None:
        try:
            cluster.apply(pod(room, cpu="2"), dry_run=True)
        except AdmissionRefused as error:
            return error
        return None

    assert until(refusal).policy == "LimitRange"

    kept = config_map(room, "kept")
    kept["metadata"]["finalizers"] = ["acme.test/keep"]
    cluster.apply(kept)
    cluster.delete("Namespace", room)
    with pytest.raises(AdmissionRefused, match="terminated") as caught:
        cluster.apply(config_map(room, "late"))
    assert caught.value.policy == "NamespaceLifecycle"
    with pytest.raises(TimedOut, match=r"acme\.test/keep"):
        cluster.delete("ConfigMap", "kept", namespace=room, wait=True, timeout=0.5)
    cluster.patch("ConfigMap", "kept", {"metadata": {"finalizers": None}}, namespace=room, type="merge")


@pytest.mark.parametrize(
    "values",
    [
        {"data": {"k": {"nested": "hunter2-hunter2"}}},
        {"data": {"k": ["hunter2-hunter2"]}},
        {"data": {"k": "hunter2-hunter2!"}},
        {"stringData": {"tls.crt": "hunter2-hunter2"}, "type": "kubernetes.io/tls"},
        {"stringData": {"bad key": "hunter2-hunter2"}},
    ],
)
def test_no_value_of_a_secret_is_in_an_error(cluster: Cluster, room: str, values: dict[str, Any]) -> None:
    meta = {"name": "s", "namespace": room}
    with pytest.raises(KubernetesError) as caught:
        cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, **values})
    shown = json.dumps(caught.value.to_dict()) + str(vars(caught.value)) + str(caught.value)
    assert "hunter2" not in shown
    assert "aHVudGVyMi1odW50ZXIy" not in shown


def test_no_value_of_a_patched_secret_is_in_an_error(cluster: Cluster, room: str) -> None:
    meta = {"name": "s", "namespace": room}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"k": "first-value"}})
    with pytest.raises(Invalid) as caught:
        cluster.patch("Secret", "s", {"data": {"k": {"x": "hunter2-hunter2"}}}, namespace=room)
    assert "hunter2" not in str(caught.value) + str(vars(caught.value))


def changed(tmp_path: Path, **values: Any) -> Path:
    """Return a copy of the admin's kubeconfig with other values in its cluster, user or top level."""
    config = json.loads(kubeconfig("admin").read_text())
    for key, value in values.items():
        key = key.replace("_", "-")
        part = config["users"][0]["user"] if key.startswith("client") else config["clusters"][0]["cluster"]
        (config if key in ("current-context", "contexts", "users") else part)[key] = value
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    return path


def test_a_server_that_is_not_there(cluster: Cluster, tmp_path: Path) -> None:
    away = Cluster(kubeconfig=changed(tmp_path, server="https://127.0.0.1:1"))
    for call in (away.version, lambda: away.get("Pod"), lambda: list(away.watch("Pod", timeout=5))):
        with pytest.raises(Unreachable) as caught:
            call()
        assert caught.value.next == "course services start kubernetes"
        assert "Nothing listens there." in caught.value.why
    with pytest.raises(Unreachable, match="Its host name cannot be resolved"):
        Cluster(kubeconfig=changed(tmp_path, server="https://nobody.invalid")).version()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"current_context": "prod"}, "no context prod"),
        ({"current_context": None}, "no current context"),
        ({"users": []}, "no such user"),
        ({"contexts": "all"}, "not a kubeconfig"),
        ({"client_certificate": "/nowhere/a.crt"}, "a.crt"),
        ({"client_key": "/nowhere/a.key"}, "a.key"),
        ({"certificate_authority": "/nowhere/ca.crt"}, "ca.crt"),
        ({"insecure_skip_tls_verify": True}, "identity is not verified"),
        ({"server": "http://example.test"}, "identity is not verified"),
        ({"server": 5}, "not a usable kubeconfig"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(tmp_path: Path, values: dict[str, Any], said: str) -> None:
    with pytest.raises(BadKubeconfig) as caught:
        Cluster(kubeconfig=changed(tmp_path, **values)).version()
    assert said in str(caught.value)
    assert caught.value.next


def test_a_kubeconfig_that_is_no_kubeconfig(tmp_path: Path) -> None:
    path = tmp_path / "config"
    for text, said in (("a: [", "line 1"), ("- a", "lists of clusters"), ("", "lists of clusters"), ("\0", "YAML")):
        path.write_text(text)
        with pytest.raises(BadKubeconfig, match=said):
            Cluster(kubeconfig=path).version()
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadKubeconfig):
        Cluster(kubeconfig=path).version()
    with pytest.raises(BadKubeconfig, match="is missing"):
        Cluster(kubeconfig=tmp_path / "none").version()
    with pytest.raises(BadKubeconfig, match="no context other"):
        Cluster(kubeconfig=kubeconfig("admin"), context="other").version()


def test_certificates_of_another_authority(tmp_path: Path) -> None:
    other = Authority(tmp_path / "pki", "someone else")
    pair = other.issue("admin", "admin", groups=["system:masters"])
    stranger = changed(tmp_path, client_certificate=str(pair.cert), client_key=str(pair.key))
    with pytest.raises(BadKubeconfig, match="someone else"):
        Cluster(kubeconfig=stranger).version()
    with pytest.raises(BadKubeconfig, match="not the server the kubeconfig knows"):
        Cluster(kubeconfig=changed(tmp_path, certificate_authority=str(other.cert))).version()
    mixed = changed(tmp_path, client_key=str(pair.key))
    with pytest.raises(BadKubeconfig, match="cannot be used"):
        Cluster(kubeconfig=mixed).version()


def test_an_expired_certificate(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    folder = services.ensure("kubernetes").data.parent / "pki"
    ca, key = (folder / "ca.crt").read_bytes(), (folder / "ca.key").read_bytes()
    old = x509.load_pem_x509_certificate((folder / "admin.crt").read_bytes())
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=2)).not_valid_after(now - dt.timedelta(days=1))
    expired = builder.sign(load_pem_private_key(key, None), hashes.SHA256())  # type: ignore[arg-type]
    path = tmp_path / "expired.crt"
    path.write_bytes(expired.public_bytes(serialization.Encoding.PEM))
    assert x509.load_pem_x509_certificate(ca).subject == old.issuer
    with pytest.raises(BadKubeconfig, match="expired on"):
        Cluster(kubeconfig=changed(tmp_path, client_certificate=str(path))).version()


def test_a_token_that_is_none(tmp_path: Path) -> None:
    config = json.loads(changed(tmp_path).read_text())
    config["users"][0]["user"] = {"token": "not-a-token-at-all"}
    path = tmp_path / "token.json"
    path.write_text(json.dumps(config))
    with pytest.raises(BadKubeconfig, match="token is not valid") as caught:
        Cluster(kubeconfig=path).version()
    assert "not-a-token-at-all" not in str(caught.value)


def test_bad_calls_are_refused_before_anything_is_sent(cluster: Cluster) -> None:
    for timeout in (0, -1):
        with pytest.raises(BadInput):
            Cluster(timeout=timeout)
    with pytest.raises(BadInput):
        cluster.wait("Pod", "a", condition="not a condition!")
    with pytest.raises(BadInput):
        cluster.get("Pod", "a", selector="a=b")  # type: ignore[call-overload]
    with pytest.raises(Forbidden):
        Cluster("speech").apply(config_map("default"))


@given(st.integers(200, 599), st.text() | st.binary(), st.sampled_from(["Invalid", "Conflict", "Forbidden", "", None]))
def test_any_answer_is_a_typed_error(status: int, body: Any, reason: Any) -> None:
    causes = [{"reason": "FieldManagerConflict", "message": str(body)}, {}]
    answer = {"kind": "Status", "reason": reason, "message": str(body), "details": {"causes": causes}, "code": status}
    for given_body in (body, json.dumps(answer), json.dumps({"kind": "Status"}), None):
        error = error_from(status, given_body, "apply ConfigMap a")
        assert isinstance(error, KubernetesError)
        assert error.what
