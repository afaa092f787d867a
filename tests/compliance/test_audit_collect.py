"""What other logs say, brought into the trail: once each, named rightly, and without a secret."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from helpers.clients.forge import Forge, PushRefused
from helpers.clients.kubernetes import Cluster, Forbidden
from helpers.clients.vault import PermissionDenied, Vault
from helpers.compliance.audit import AuditError, Trail, collect
from helpers.compliance.audit.types import Entries
from helpers.runtime import services
from helpers.wrappers.inspec import Inspec

CANARY = "canary-7be1-value"


@pytest.fixture(scope="module", autouse=True)
def trail(isolated: None) -> Trail:
    services.ensure("audit")
    return Trail()


def seen(entries: Entries) -> list[tuple[str, str, str]]:
    return [(str(e.event.action), e.event.actor, str(e.event.decision)) for e in entries]


def everything(trail: Trail) -> bytes:
    return b"".join(base64.b64decode(json.loads(entry.raw)["payload"]) for entry in trail.entries())


def test_the_forge(trail: Trail, tmp_path: Path) -> None:
    services.ensure("git")
    Forge().create("inference", policy={"gates": False})
    git = Forge().clone("inference", tmp_path / "learner")
    (git.workdir / "replicas").write_text("one")
    git.add("replicas")
    git.commit("Set replicas to one")
    git.push("origin", "main", set_upstream=True)
    git.switch("more", create=True)
    (git.workdir / "replicas").write_text("two")
    git.add("replicas")
    sha = git.commit("Set replicas to two").sha
    git.push("origin", "more")
    pull = Forge().open_pull("inference", "more", title="Two")
    Forge("bela").approve("inference", pull.number)
    Forge().merge("inference", pull.number)
    git.switch("main")
    git.run(["merge", "--quiet", "--ff-only", "more"])
    (git.workdir / "replicas").write_text("three")
    git.add("replicas")
    git.commit("Straight to main")
    with pytest.raises(PushRefused):
        git.push("origin", "main")
    added = collect.forge("inference")
    names = seen(added)
    assert ("approval", "bela", "accepted") in names and ("promotion", "learner", "accepted") in names
    assert ("policy-decision", "learner", "refused") in names
    approval = next(e for e in added if e.event.action == "approval")
    assert approval.statement["subject"][0]["digest"] == {"gitCommit": sha}
    assert approval.signer.startswith("forge+") and approval.event.source is not None
    assert collect.forge("inference") == ()
    Forge("bela").create("other", policy={"gates": False})
    assert [e for e in collect.forge("other") if e.event.details["repository"] != "other"] == []
    assert trail.verify().status == "valid"


def test_the_vault(trail: Trail) -> None:
    services.ensure("vault")
    vault = Vault()
    vault.put("vision/wandb", {"api-key": CANARY})
    vault.get("vision/wandb")
    vault.write_policy("nothing", 'path "secret/data/none" { capabilities = ["read"] }')
    token = vault.token(["nothing"], ttl="5m", name="speech-job")
    with pytest.raises(PermissionDenied):
        Vault(token=token.token).get("vision/wandb")
    added = collect.vault()
    about = [e for e in added if e.event.subject.name == "vault:secret/data/vision/wandb"]
    assert [(e.event.details["operation"], str(e.event.decision)) for e in about][-2:] == [
        ("read", "accepted"),
        ("read", "refused"),
    ]
    assert {str(e.event.action) for e in added} == {"secret-access"} and about[0].event.actor == "admin"
    assert collect.vault() == () and collect.vault() == ()
    vault.get("vision/wandb")
    assert len([e for e in collect.vault() if e.event.subject.name == "vault:secret/data/vision/wandb"]) == 1
    text = everything(trail)
    # Not even as the HMACs of the vault's own log.
    assert CANARY.encode() not in text and token.token.encode() not in text and b"hmac-sha256" not in text


def test_the_kubernetes_api(trail: Trail) -> None:
    services.ensure("kubernetes")
    cluster = Cluster()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "wandb", "namespace": "default"}}
    cluster.apply([secret | {"stringData": {"key": CANARY}}])
    cluster.get("Secret", "wandb")
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}}
    cluster.apply([settings | {"data": {"password": CANARY}}])
    with pytest.raises(Forbidden):
        cluster.as_user("vision-dev").delete("ConfigMap", "settings")
    added = collect.kubernetes()
    by_name = {(e.event.subject.name, e.event.details["verb"]): e for e in added}
    read = by_name["kubernetes:default/secrets/wandb", "get"]
    assert read.event.action == "secret-access" and read.event.decision == "accepted"
    assert by_name["kubernetes:default/configmaps/settings", "patch"].event.action == "apply"
    refused = by_name["kubernetes:default/configmaps/settings", "delete"]
    assert refused.event.decision == "refused" and refused.event.action == "policy-decision"
    assert refused.event.details["as"] == "vision-dev" and "cannot delete" in refused.event.reason
    assert not [e for e in added if e.event.actor.startswith("system:kube-")]
    assert collect.kubernetes() == ()
    assert CANARY.encode() not in everything(trail) and b"127.0.0.1" not in everything(trail)
    assert trail.verify().status == "valid"


def test_the_control_on_anonymous_readers_asks_the_real_api() -> None:
    """Here, as this module runs a control plane already."""
    url = services.ensure("kubernetes").url
    report = Inspec(engine="testinfra").exec({"kubernetes_url": url})
    assert report.control("acme-k8s-01").verdict == "passed", report.text()


def test_damaged_and_missing_logs(tmp_path: Path, trail: Trail) -> None:
    log = tmp_path / "audit.log"
    with pytest.raises(AuditError, match="cannot be read"):
        collect.kubernetes(log)
    good = {
        "stage": "ResponseComplete",
        "verb": "delete",
        "user": {"username": "bob@acme.test"},
        "auditID": "a-1",
        "objectRef": {"resource": "pods", "namespace": "x", "name": "p"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": "2026-01-10T09:00:00.000000Z",
    }
    (tmp_path / "audit-2026.log").write_text(json.dumps(good) + "\n")
    log.write_text('{"stage": "Resp\nnull\n[]\n' + json.dumps(good | {"auditID": "a-2"}) + "\n" + '{"auditID": "half')
    added = collect.kubernetes(log)
    assert [e.event.source for e in added] == [("kubernetes", "a-1"), ("kubernetes", "a-2")]
    # People of the cluster are known by their mail address here and there.
    assert added[0].event.actor == "mail-address"
