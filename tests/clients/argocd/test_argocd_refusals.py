"""What a real Argo CD refuses or cannot do: each says why, and after the way out it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.clients.argocd import (
    ArgoCD,
    ArgoNotFound,
    ComparisonFailed,
    Invalid,
    NotLoggedIn,
    PermissionDenied,
    ProjectForbids,
    RepositoryRefused,
    SyncFailed,
    SyncRefused,
    TimedOut,
    Unreachable,
)
from helpers.core import process
from helpers.core.errors import BadInput
from helpers.runtime import services
from tests.clients.argocd.argo_world import DEPLOYMENT, World, account_of
from tests.servers.impostor import Impostor
from tests.waits import until


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
    with pytest.raises(ArgoNotFound):
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
        lambda: speech.application(world.name),
        lambda: speech.sync(world.name),
        lambda: speech.diff(world.name),
        lambda: speech.delete(world.name),
        lambda: speech.apply(world.application(name="other")),
        lambda: speech.project("vision"),
        lambda: vision.apply(world.project()),
    ]
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
    with pytest.raises(ArgoNotFound):
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


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A signer's GnuPG folder; the agent that GnuPG starts for it ends with the test."""
    folder = tmp_path / "gpg"
    folder.mkdir(mode=0o700)
    yield folder
    process.run(["gpgconf", "--homedir", folder, "--kill", "all"])


def test_an_unsigned_commit_is_refused_and_a_signed_one_is_not(world: World, home: Path) -> None:
    env = process.environment({"GNUPGHOME": str(home)})

    def gpg(*args: str) -> str:
        done = process.run(["gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", "", *args], env=env)
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

    process.run(
        ["git", "-c", f"user.signingkey={key}", "-c", "gpg.format=openpgp", "commit", "-qS", "--allow-empty", "-mSign"],
        cwd=world.folder,
        env=env,
    )
    signed = world.git.rev_parse()
    with pytest.raises(SyncRefused, match="not in keyring"):
        world.argo.sync(world.name)

    assert key in [k.key_id for k in world.argo.add_gpg_key(gpg("--armor", "--export"))]
    until(lambda: not world.argo.application(world.name, refresh="hard").conditions)
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
    from helpers.clients.forge import Forge

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


@pytest.mark.parametrize("tls", [False, True])
def test_a_repository_that_is_somebody_elses_server_is_told_nothing(world: World, tls: bool) -> None:
    token = "a-token-that-nobody-may-hear"
    with Impostor("127.0.0.1:0", tls=tls, challenge="Basic") as impostor:
        with pytest.raises(RepositoryRefused):
            world.argo.add_repository(f"https://{impostor.address}/app.git", "ada", token)
        assert impostor.reached
        assert b"authorization" not in impostor.heard.lower() and token.encode() not in impostor.heard


def test_only_our_argo_cd_and_only_a_good_token_are_taken(argo: ArgoCD, tmp_path: Path) -> None:
    from helpers.runtime.services.pki import Authority

    account = account_of(argo)
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
