"""Applications of a real Argo CD: made, synced, changed behind its back, refused, and put right."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from argo_world import DEPLOYMENT, SERVER, World, kill_api_server

from helpers import call_async, services
from helpers.argocd import (
    ArgoCD,
    ComparisonFailed,
    Invalid,
    NotFound,
    NotLoggedIn,
    PermissionDenied,
    ProjectForbids,
    RepositoryRefused,
    SyncFailed,
    SyncRefused,
    TimedOut,
    Unreachable,
)
from helpers.errors import BadInput

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
    with world.argo.events(world.name, timeout=30) as events:
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
    with pytest.raises(NotFound, match="no such entry"):
        world.argo.rollback(world.name, 99)


def test_a_broken_manifest_says_what_is_wrong(world: World) -> None:
    world.deploy()
    sha = world.commit({"app/kustomization.yaml": "resources: [deployment.yaml, no-such-file.yaml]\n"})
    world.argo.application(world.name, refresh="normal")
    with pytest.raises(TimedOut) as late:
        world.argo.wait(world.name, timeout=1)
    assert isinstance(late.value.cause, ComparisonFailed)
    assert late.value.cause.cause == "manifest"
    assert "no-such-file.yaml" in late.value.why
    assert "rpc error" not in str(late.value)
    with pytest.raises(ComparisonFailed, match=r"no-such-file\.yaml") as failed:
        world.argo.sync(world.name)
    assert failed.value.operation is not None
    with pytest.raises(ComparisonFailed):
        world.argo.diff(world.name)
    with pytest.raises(ComparisonFailed) as missing:
        world.argo.sync(world.name, revision="no-such-branch")
    assert missing.value.cause == "revision"
    # The way out.
    fixed = world.commit({"app/kustomization.yaml": "resources: [deployment.yaml]\n"})
    assert fixed != sha
    world.argo.wait(world.name, revision=fixed)


def test_an_object_the_api_server_refuses_fails_the_sync(world: World) -> None:
    world.commit({"app/deployment.yaml": DEPLOYMENT.replace("replicas: 2", "replicas: -2")})
    world.argo.apply([world.project(), world.application()])
    with pytest.raises(SyncFailed, match="replicas") as failed:
        world.argo.sync(world.name)
    assert failed.value.operation is not None
    assert failed.value.operation.phase == "Failed"


def test_what_a_project_does_not_permit_is_refused(world: World) -> None:
    argo = world.argo
    argo.apply(world.project())
    for change in ({"namespace": "speech-prod"}, {"url": "https://git.acme.test/x.git"}, {"project": "no-such"}):
        with pytest.raises((ProjectForbids, ComparisonFailed)) as refused:
            argo.apply(world.application(**change), validate=False)
        assert isinstance(refused.value, ProjectForbids)
        assert refused.value.project in ("vision", "no-such")
    with pytest.raises(ComparisonFailed) as path:
        argo.apply(world.application(path="no-such-folder"))
    assert path.value.cause == "path"
    with pytest.raises(NotFound):
        argo.application(world.name)


def test_a_kind_that_the_project_does_not_permit_is_refused_at_the_sync(world: World) -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: everything}\nrules: []\n"
    world.commit({"app/role.yaml": role})
    world.argo.apply([world.project(), world.application()])
    with pytest.raises(ProjectForbids, match="ClusterRole") as refused:
        world.argo.sync(world.name)
    assert refused.value.project == "vision"


def test_a_tenant_reaches_only_its_own_project(world: World) -> None:
    world.deploy()
    vision, speech = ArgoCD("vision"), ArgoCD("speech")
    assert vision.application(world.name).name == world.name
    assert speech.applications() == ()
    calls: list[Any] = [
        lambda: speech.application(world.name), lambda: speech.sync(world.name), lambda: speech.diff(world.name),
        lambda: speech.delete(world.name), lambda: speech.apply(world.application(name="other")),
        lambda: speech.project("vision"), lambda: vision.apply(world.project()),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(PermissionDenied) as denied:
            call()
        assert denied.value.who in ("speech", "vision")
        assert denied.value.action
        assert denied.value.object
    assert vision.can_i("sync", "applications", "vision/any")
    assert not speech.can_i("sync", "applications", "vision/any")
    # For a tenant, what it may not see and what is not there look the same; for the administrator they do not.
    with pytest.raises(PermissionDenied):
        vision.application("no-such")
    with pytest.raises(NotFound):
        world.argo.application("no-such")


def test_a_closed_sync_window_refuses(world: World) -> None:
    window = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]}
    project = world.project("freeze", syncWindows=[window])
    world.argo.apply([project, world.application(project="freeze")])
    assert [w.active for w in world.argo.sync_windows("freeze")] == [True]
    assert not world.argo.can_sync(world.name)
    with pytest.raises(SyncRefused) as refused:
        world.argo.sync(world.name)
    assert refused.value.reason == "sync-window"
    # The way out: a window that lets people sync.
    window["manualSync"] = True  # type: ignore[assignment]
    world.argo.apply(project)
    assert world.argo.can_sync(world.name)
    assert world.argo.sync(world.name).phase == "Succeeded"


def test_a_window_that_closes_after_a_rollback_was_asked_for_holds_it_back(world: World) -> None:
    project = world.project("thaw")
    world.argo.apply([project, world.application(project="thaw")])
    world.argo.sync(world.name)
    project["spec"]["syncWindows"] = [
        {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]}
    ]
    world.argo.apply(project)
    with pytest.raises(SyncRefused) as refused:
        world.argo.rollback(world.name, 0)
    assert refused.value.reason == "sync-window"
    assert "terminate" in refused.value.next
    assert world.argo.terminate(world.name).phase == "Failed"


def test_an_unsigned_commit_is_refused_and_a_signed_one_is_not(world: World, tmp_path: Path) -> None:
    from helpers import _process

    home = tmp_path / "gpg"
    home.mkdir(mode=0o700)
    env = _process.environment({"GNUPGHOME": str(home)})

    def gpg(*args: str) -> str:
        done = _process.run(["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *args], env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    gpg("--quick-generate-key", "Ada <ada@acme.test>", "ed25519", "sign", "never")
    (key,) = [line.split(":")[4] for line in gpg("--list-keys", "--with-colons").splitlines() if line[:4] == "pub:"]
    policy = {"repos": [{"url": "*"}], "gpg": {"mode": "head", "keys": [key]}}
    project = world.project("signed", sourceIntegrity={"git": {"policies": [policy]}})
    world.argo.apply([project, world.application(project="signed")])
    with pytest.raises(SyncRefused, match="unsigned") as refused:
        world.argo.sync(world.name)
    assert refused.value.reason == "signature"

    _process.run(
        ["git", "-c", f"user.signingkey={key}", "-c", "gpg.format=openpgp", "commit", "-qS", "--allow-empty", "-mSign"],
        cwd=world.folder, env=env,
    )  # fmt: skip
    signed = world.git.rev_parse()
    with pytest.raises(SyncRefused, match="not in keyring"):
        world.argo.sync(world.name)

    assert key in [k.key_id for k in world.argo.add_gpg_key(gpg("--armor", "--export"))]
    eventually(lambda: not world.argo.application(world.name, refresh="hard").conditions)
    assert world.argo.sync(world.name).revision == signed
    assert world.argo.revision(world.name).problems == ()
    with pytest.raises(Invalid):
        world.argo.add_gpg_key("no key at all")


def test_a_git_repository_that_is_away_is_said_to_be(world: World) -> None:
    world.deploy()
    aside = world.folder.rename(world.folder.with_name("aside"))
    assert world.argo.application(world.name, refresh="normal").sync == "Unknown"
    with pytest.raises(ComparisonFailed) as failed:
        world.argo.diff(world.name)
    assert failed.value.cause == "git"
    assert "Git" in failed.value.what
    with pytest.raises(TimedOut) as late:
        world.argo.wait(world.name, timeout=0.5)
    assert isinstance(late.value.cause, ComparisonFailed)
    aside.rename(world.folder)
    assert world.argo.application(world.name, refresh="normal").sync == "Synced"


def test_it_deploys_from_the_forge_with_a_person_s_token_and_says_when_git_is_down(world: World) -> None:
    from helpers.forge import Forge

    services.ensure("git")
    forge = Forge()
    forge.create(world.name, protected=())
    git = forge.clone(world.name, world.folder.parent / "clone")
    (git.workdir / "app").mkdir()
    (git.workdir / "app" / "deployment.yaml").write_text(DEPLOYMENT)
    git.add(all=True)
    sha = git.commit("Deploy").sha
    git.push("origin", "HEAD:main")
    url = forge.url(world.name)
    made = [world.project("forge", sourceRepos=[url]), world.application(url=url, project="forge")]
    with pytest.raises(ComparisonFailed) as stranger:
        world.argo.apply(made)
    assert stranger.value.cause == "credentials"

    login = forge.credentials(world.name)
    with pytest.raises(RepositoryRefused):
        world.argo.add_repository(url, login.username, "not-the-token")
    assert world.argo.add_repository(url, login.username, login.password).person == login.username
    world.argo.apply(made)
    assert world.argo.sync(world.name).revision == sha
    world.argo.wait(world.name)

    services.stop("git")
    world.argo.application(world.name, refresh="hard")
    with pytest.raises(ComparisonFailed, match="connection refused") as down:
        world.argo.sync(world.name)
    assert down.value.cause == "git"
    assert login.password not in str(down.value)
    services.start("git")
    assert world.argo.application(world.name, refresh="hard").sync == "Synced"


def test_credentials_are_tried_and_never_shown(world: World) -> None:
    token = "a-token-that-nobody-may-read"
    with pytest.raises(RepositoryRefused) as refused:
        world.argo.add_repository("http://127.0.0.1:9/nothing.git", "ada", token)
    assert token not in str(refused.value)
    added = world.argo.add_repository(world.url, "ada", token)
    assert added.status == "Successful"
    assert world.url in [r.url for r in world.argo.repositories()]
    assert token not in repr(world.argo.repositories())
    world.argo.remove_repository(world.url)
    assert world.url not in [r.url for r in world.argo.repositories()]


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
    with pytest.raises(NotFound):
        world.argo.wait(names[0], sync="OutOfSync", timeout=20)


def test_a_deleted_application_takes_its_resources_with_it(world: World, cluster: Any) -> None:
    world.deploy()
    world.argo.delete(world.name)
    assert cluster.list_namespaced_deployment(world.namespace).items == []
    with pytest.raises(NotFound):
        world.argo.delete(world.name)


def test_without_cascade_the_resources_stay(world: World, cluster: Any) -> None:
    world.deploy()
    world.argo.delete(world.name, cascade=False, timeout=20)
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
            ArgoCD(services_account(world.argo), timeout=2).application(world.name)
        services.ensure("gitops")
        scale(cluster, world, 4)
        assert changed.wait(30)
    finally:
        events.close()
        thread.join(10)
    assert not thread.is_alive()
    assert seen[0].kind == "ADDED"
    # What it knew before the restart is not new to it afterwards.
    assert [event.kind for event in seen[1:]] == ["MODIFIED"] * (len(seen) - 1)
    assert list(events) == []


def test_a_wait_can_be_cancelled(world: World) -> None:
    import asyncio

    world.argo.apply([world.project(), world.application()])

    async def run() -> float:
        task = asyncio.create_task(call_async(world.argo.wait, world.name, timeout=120))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 20)
        return 0

    asyncio.run(run())


def test_only_our_argo_cd_and_only_a_good_token_are_taken(argo: ArgoCD, tmp_path: Path) -> None:
    from helpers.services.pki import Authority

    account = services_account(argo)
    stranger = Authority(tmp_path / "pki", "stranger").cert
    with pytest.raises(Unreachable, match="not our Argo CD"):
        ArgoCD.at(account.url, ca=stranger, token=account.token).version()
    with pytest.raises(Unreachable):
        ArgoCD.at(account.url, ca=tmp_path / "none", token=account.token).version()
    with pytest.raises(NotLoggedIn):
        ArgoCD.at(account.url, ca=account.ca, token="not-a-token").applications()
    with pytest.raises(BadInput):
        ArgoCD.at(account.url.replace("https", "http"), ca=account.ca, token=account.token).version()
    assert account.token not in repr(ArgoCD(account))
    assert argo.version().startswith("v3.")


def test_bad_manifests_are_refused_before_or_by_argo_cd(world: World) -> None:
    for bad in ("", "a: [", "just text", {"kind": "Pod", "apiVersion": "v1"}, Path("no-such.yaml"), 7):
        with pytest.raises(BadInput):
            world.argo.apply(bad)  # type: ignore[arg-type]
    application = world.application()
    application["spec"]["source"] = {}
    with pytest.raises(Invalid):
        world.argo.apply([world.project(), application])
    for call in (world.argo.application, world.argo.project, world.argo.sync):
        with pytest.raises(BadInput):
            call("")


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
    with pytest.raises(NotFound):
        world.argo.project("other")


def services_account(argo: ArgoCD) -> Any:
    """Return the account of *argo*, to be used where no service is started."""
    return argo._api.account


def eventually(true: Any, seconds: float = 20) -> None:
    """Wait for something that has no event to wait for."""
    import time

    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.3)
