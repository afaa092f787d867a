"""Applications of a real Argo CD: made, synced, changed behind its back, put right, rolled back, watched."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from helpers.clients.argocd import ArgoCD, ArgoNotFound, Invalid, SyncRefused, TimedOut, Unreachable
from helpers.core.process import call_async
from helpers.runtime import services
from tests.clients.argocd.argo_world import DEPLOYMENT, SERVER, World, account_of, kill_api_server

SECRET = """apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {token: from-git-1234567}
"""


def scale(cluster: Any, world: World, replicas: int) -> None:
    cluster.patch_namespaced_deployment("inference", world.namespace, {"spec": {"replicas": replicas}})


def test_an_application_is_made_synced_and_looked_at(world: World) -> None:
    argo = world.argo
    made = argo.apply([world.application(), world.project()])
    assert [(one.ref.kind, one.ref.name) for one in made] == [("AppProject", "vision"), ("Application", world.name)]
    assert made[1].action == "created"
    assert argo.apply(world.application())[0].action == "unchanged"

    operation = argo.sync(world.name)
    assert operation.phase == "Succeeded"
    assert operation.by == "admin"

    application = argo.wait(world.name)
    assert (application.sync, application.health) == ("Synced", "Healthy")
    assert application.revision == world.git.rev_parse()
    assert application.images == ("registry.acme.test/inference:1",)
    assert [r.kind for r in application.resources] == ["Deployment"]
    kinds = [node.kind for node in argo.tree(world.name).nodes]
    assert sorted(kinds) == ["Deployment", "Pod", "Pod", "ReplicaSet"]
    assert [(d.id, d.revision, d.by) for d in argo.history(world.name)] == [(0, application.revision, "admin")]
    assert argo.revision(world.name).author == "Ada <ada@acme.test>"
    assert argo.diff(world.name) == ()
    assert world.name in [a.name for a in argo.applications("vision")]
    assert argo.applications("speech") == ()


def test_a_dry_run_changes_nothing(world: World) -> None:
    world.argo.apply([world.project(), world.application()])
    assert world.argo.sync(world.name, dry_run=True).dry_run
    assert world.argo.wait(world.name, sync="OutOfSync", health="Missing").history == ()


def test_a_live_edit_is_seen_shown_and_put_right(world: World, cluster: Any) -> None:
    world.deploy()
    scale(cluster, world, 5)
    world.argo.wait(world.name, sync="OutOfSync", health=None)
    (diff,) = world.argo.diff(world.name)
    assert (diff.kind, diff.name) == ("Deployment", "inference")
    assert [tuple(change) for change in diff.changes] == [("spec.replicas", 5, 2)]

    world.argo.sync(world.name, resources=[diff])
    world.argo.wait(world.name)
    assert world.argo.diff(world.name) == ()
    assert cluster.read_namespaced_deployment("inference", world.namespace).spec.replicas == 2


def test_a_live_edit_is_adopted_by_a_commit(world: World, cluster: Any) -> None:
    world.deploy()
    scale(cluster, world, 5)
    world.argo.wait(world.name, sync="OutOfSync", health=None)
    sha = world.commit({"app/deployment.yaml": DEPLOYMENT.replace("replicas: 2", "replicas: 5")})
    assert world.argo.wait(world.name, revision=sha).revision == sha
    assert len(world.argo.history(world.name)) == 1


def test_a_live_edit_is_healed_by_argo_cd_itself(world: World, cluster: Any) -> None:
    world.deploy(automated={"selfHeal": True})
    with world.argo.events(world.name, timeout=180) as events:
        scale(cluster, world, 5)
        seen = []
        for event in events:
            seen.append(event.application.sync)
            if seen[-1] == "Synced" and "OutOfSync" in seen:
                break
    assert seen[-1] == "Synced"
    world.argo.wait(world.name)
    assert cluster.read_namespaced_deployment("inference", world.namespace).spec.replicas == 2
    with pytest.raises(SyncRefused) as refused:
        world.argo.rollback(world.name, 0)
    assert refused.value.reason == "auto-sync"


def test_values_of_secrets_never_show(world: World, cluster: Any) -> None:
    from kubernetes import client

    world.commit({"app/secret.yaml": SECRET})
    world.deploy()
    core = client.CoreV1Api(cluster.api_client)
    core.patch_namespaced_secret("token", world.namespace, {"stringData": {"token": "live-edit-7654321"}})
    world.argo.wait(world.name, sync="OutOfSync", health=None)
    (diff,) = world.argo.diff(world.name)
    assert [change.path for change in diff.changes] == ["data.token"]
    shown = f"{diff!r} {diff.live} {diff.desired} {diff.changes} {diff._repr_html_()}"
    for secret in ("from-git", "live-edit", "ZnJvbS1naXQ", "bGl2ZS1lZGl0"):
        assert secret not in shown


def test_history_and_rollback(world: World) -> None:
    world.deploy()
    sha = world.commit({"app/deployment.yaml": DEPLOYMENT.replace("inference:1", "inference:2")})
    world.argo.wait(world.name, sync="OutOfSync", revision=sha)
    world.argo.sync(world.name)
    world.argo.wait(world.name)
    first, second = world.argo.history(world.name)
    assert second.revision == sha

    assert world.argo.rollback(world.name, first.id).revision == first.revision
    application = world.argo.wait(world.name, sync="OutOfSync")
    assert application.images == ("registry.acme.test/inference:1",)
    with pytest.raises(ArgoNotFound, match="no such entry"):
        world.argo.rollback(world.name, 99)


def test_a_running_operation_is_terminated_and_blocks_another(world: World) -> None:
    # The first wave never becomes healthy, so the operation waits for it.
    stuck = DEPLOYMENT.replace("      containers:", "      nodeSelector: {no: such}\n      containers:")
    wave = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: later, annotations: {argocd.argoproj.io/sync-wave: '1'}}\n"
    )
    world.commit({"app/deployment.yaml": stuck, "app/later.yaml": wave})
    world.argo.apply([world.project(), world.application()])
    with pytest.raises(Invalid, match="No operation"):
        world.argo.terminate(world.name)
    assert world.argo.sync(world.name, wait=False).phase == "Running"
    with pytest.raises(TimedOut, match="Running"):
        world.argo.wait(world.name, sync=None, health=None, timeout=2)
    with pytest.raises(SyncRefused) as refused:
        world.argo.sync(world.name)
    assert refused.value.reason == "operation-in-progress"
    assert world.argo.terminate(world.name).phase == "Failed"


def test_many_applications_of_a_set_are_waited_for_at_once(world: World) -> None:
    world.argo.apply(world.project())
    names = [f"{world.name}-{env}" for env in ("dev", "staging", "prod")]
    template = world.application(automated={}, namespace="vision-{{.env}}")
    made = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": world.name},
        "spec": {
            "goTemplate": True,
            "generators": [{"list": {"elements": [{"env": env} for env in ("dev", "staging", "prod")]}}],
            "template": {"metadata": {"name": f"{world.name}-{{{{.env}}}}"}, "spec": template["spec"]},
        },
    }
    world.argo.apply(made)
    assert [a.name for a in world.argo.wait_all(names)] == names
    with pytest.raises(TimedOut, match="There is no application no-such") as late:
        world.argo.wait_all([*names, "no-such"], timeout=1)
    assert late.value.applications == ()
    world.argo.delete_application_set(world.name)
    with pytest.raises(ArgoNotFound):
        world.argo.wait(names[0], sync="OutOfSync", timeout=180)


def test_a_deleted_application_takes_its_resources_with_it(world: World, cluster: Any) -> None:
    world.deploy()
    world.argo.delete(world.name)
    assert cluster.list_namespaced_deployment(world.namespace).items == []
    with pytest.raises(ArgoNotFound):
        world.argo.delete(world.name)


def test_without_cascade_the_resources_stay(world: World, cluster: Any) -> None:
    world.deploy()
    world.argo.delete(world.name, cascade=False, timeout=180)
    assert len(cluster.list_namespaced_deployment(world.namespace).items) == 1
    assert world.name not in [a.name for a in world.argo.applications()]


def test_events_go_on_after_a_restart_of_the_api_server(world: World, cluster: Any) -> None:
    world.deploy()
    seen: list[Any] = []
    changed = threading.Event()
    events = world.argo.events(world.name)

    def listen() -> None:
        for event in events:
            seen.append(event)
            if event.application.sync == "OutOfSync":
                changed.set()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        kill_api_server()
        with pytest.raises(Unreachable):
            ArgoCD(account_of(world.argo), timeout=2).application(world.name)
        services.ensure("gitops")
        scale(cluster, world, 4)
        assert changed.wait(180)
    finally:
        events.close()
        thread.join(180)
    assert not thread.is_alive()
    assert seen[0].kind == "ADDED"
    # What it knew before the restart is not new to it afterwards.
    assert [event.kind for event in seen[1:]] == ["MODIFIED"] * (len(seen) - 1)
    assert list(events) == []


def test_a_wait_can_be_cancelled(world: World) -> None:
    import asyncio

    world.argo.apply([world.project(), world.application()])

    async def run(name: str) -> None:
        task = asyncio.create_task(call_async(world.argo.wait, name, missing_ok=True, timeout=120))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 180)

    # The server does not even begin its answer when there is nothing to tell.
    for name in (world.name, "no-such"):
        asyncio.run(run(name))


def test_manifests_come_from_files_and_text(world: World) -> None:
    import yaml

    folder = world.folder.parent / "manifests"
    (folder / "apps").mkdir(parents=True)
    (folder / "apps" / "a.yaml").write_text(yaml.safe_dump(world.application()))
    (folder / "project.yml").write_text("---\n" + yaml.safe_dump(world.project("other", description="of a file")))
    kinds = [one.ref.kind for one in world.argo.apply(folder)]
    assert kinds == ["AppProject", "Application"]
    assert world.argo.project("other").description == "of a file"
    (one,) = world.argo.apply(yaml.safe_dump(world.project("other", description="of text")))
    assert one.action == "configured"
    assert {"namespace": "vision-*", "server": SERVER} in world.argo.project("other").raw["spec"]["destinations"]
    world.argo.delete_project("other")
    with pytest.raises(ArgoNotFound):
        world.argo.project("other")
