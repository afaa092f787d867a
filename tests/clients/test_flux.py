"""Flux on a real cluster, and beside Argo CD: the same change, the same drift, and what each does about it."""

from __future__ import annotations

import itertools
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from helpers.clients.argocd import ArgoCD
from helpers.clients.flux import (
    BuildFailed,
    Flux,
    FluxDown,
    NotReady,
    PathNotFound,
    SourceNotReady,
    Suspended,
    TimedOut,
)
from helpers.clients.flux.types import Kustomization, Source, same_revision
from helpers.clients.kubernetes import Object, ObjectNotFound
from helpers.core.errors import BadInput
from helpers.runtime import services
from helpers.runtime.services.record import Record
from helpers.wrappers.git import Git, Identity
from tests import worlds

_numbers = itertools.count(1)


def config(name: str, word: str = "hello") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{word: {word}}}\n"


@dataclass
class World:
    """A repository, and a source and a namespace of its own. Flux looks only when asked: its intervals are an hour."""

    flux: Flux
    git: Git
    name: str

    @property
    def url(self) -> str:
        return f"file://{self.git.workdir}"

    def commit(self, files: dict[str, str | None]) -> str:
        for name, text in files.items():
            path = self.git.workdir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        self.git.add(all=True)
        return self.git.commit("Change it").sha

    def declare(self, path: str = "app", **options: Any) -> Kustomization:
        self.flux.source(self.name, self.url, interval="1h")
        options = {"interval": "1h", "target_namespace": self.name, **options}
        return self.flux.kustomization(self.name, self.name, path, **options)

    def word(self, name: str = "greeting") -> Any:
        return self.flux.cluster.get("ConfigMap", name, namespace=self.name).raw["data"]["word"]

    def edit(self, word: str) -> None:
        self.flux.cluster.patch("ConfigMap", "greeting", {"data": {"word": word}}, namespace=self.name)


@pytest.fixture(scope="module")
def flux(shared: worlds.World) -> Flux:
    return Flux()


@pytest.fixture
def world(flux: Flux, tmp_path: Path) -> World:
    (tmp_path / "repository").mkdir()
    git = Git(tmp_path / "repository").init()
    git.configure_identity(Identity("Ada", "ada@acme.test"), sign=False)
    world = World(flux, git, f"shop-{next(_numbers)}")
    flux.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": world.name}})
    world.commit({"app/greeting.yaml": config("greeting")})
    return world


def test_a_change_in_git_is_applied(world: World) -> None:
    world.declare()
    first = world.flux.wait(world.name)
    assert world.word() == "hello"
    assert [str(ref) for ref in first.inventory] == [f"ConfigMap {world.name}/greeting"]
    sha = world.commit({"app/greeting.yaml": config("greeting", "changed")})
    done = world.flux.reconcile(world.name)
    assert done.ready and not done.reconciling and not done.failed
    assert done.applied_revision == done.attempted_revision == f"main@sha1:{sha}" != first.applied_revision
    assert world.word() == "changed"
    assert {"ReconciliationSucceeded", "Progressing"} <= {e.reason for e in world.flux.events(world.name)}
    assert world.flux.wait(world.name, revision=sha[:12]) == world.flux.get(world.name)


def test_its_own_clock_is_enough(world: World) -> None:
    world.flux.source(world.name, world.url, interval="1s")
    world.flux.kustomization(world.name, world.name, "app", target_namespace=world.name, interval="1h")
    sha = world.commit({"app/greeting.yaml": config("greeting", "later")})
    assert world.flux.wait(world.name, revision=sha).ready
    assert world.word() == "later"


def test_drift_is_healed_when_it_reconciles_and_argo_cd_heals_at_once(world: World) -> None:
    """Flux compares at its interval or when asked; Argo CD watches. Both end at what Git says."""
    argo, other = ArgoCD(), f"{world.name}-argo"
    argo.apply(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": other},
            "spec": {
                "project": "default",
                "source": {"repoURL": world.url, "path": "app", "targetRevision": "main"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": other},
                "syncPolicy": {"automated": {"selfHeal": True}, "syncOptions": ["CreateNamespace=true"]},
            },
        }
    )
    world.declare()
    sha = world.commit({"app/greeting.yaml": config("greeting", "both")})
    argo.application(other, refresh="normal")
    assert world.flux.reconcile(world.name).applied_revision.endswith(sha)
    assert argo.wait(other, revision=sha).revision == sha
    cluster = world.flux.cluster
    assert world.word() == cluster.get("ConfigMap", "greeting", namespace=other).raw["data"]["word"] == "both"

    for namespace in (world.name, other):
        cluster.patch("ConfigMap", "greeting", {"data": {"word": "edited"}}, namespace=namespace)
    cluster.wait("ConfigMap", "greeting", namespace=other, condition=lambda found: found.raw["data"]["word"] == "both")
    assert world.word() == "edited", "Argo CD has healed its own, Flux has not looked yet"
    assert world.flux.get(world.name).ready, "and Flux does not know of the edit"
    assert world.flux.reconcile(world.name).ready
    assert world.word() == "both"
    argo.delete(other)


def test_drift_is_healed_at_the_interval(world: World) -> None:
    world.declare(interval="2s")
    world.flux.wait(world.name)
    world.edit("edited")
    found = world.flux.cluster.wait(
        "ConfigMap", "greeting", namespace=world.name, condition=lambda now: now.raw["data"]["word"] == "hello"
    )
    assert found.raw["data"]["word"] == "hello"


def test_suspended_drift_stays_and_new_revisions_wait(world: World) -> None:
    world.declare(interval="1s")
    before = world.flux.wait(world.name)
    assert world.flux.suspend(world.name).suspended
    world.edit("edited")
    sha = world.commit({"app/greeting.yaml": config("greeting", "new")})
    world.flux.reconcile_source(world.name)
    with pytest.raises(Suspended) as caught:
        world.flux.reconcile(world.name)
    assert "flux.resume" in caught.value.next
    with pytest.raises(Suspended):
        world.flux.wait(world.name, revision=sha)
    # Another Kustomization of the same source gets the new revision; by then this one could have had it too.
    world.flux.kustomization(f"{world.name}-next", world.name, "app", target_namespace="default", interval="1h")
    world.flux.wait(f"{world.name}-next", revision=sha)
    assert world.word() == "edited"
    now = world.flux.get(world.name)
    assert now.applied_revision == before.applied_revision and "suspended" in repr(now)
    done = world.flux.resume(world.name)
    assert not done.suspended and done.applied_revision.endswith(sha) and world.word() == "new"
    world.flux.delete(f"{world.name}-next")


def test_a_broken_manifest_is_told_and_what_runs_stays(world: World) -> None:
    world.declare()
    good = world.flux.wait(world.name)
    sha = world.commit({"app/greeting.yaml": "a: b: c\n"})
    with pytest.raises(BuildFailed) as caught:
        world.flux.reconcile(world.name)
    error = caught.value
    assert "app/greeting.yaml" in error.why and "mapping values are not allowed" in error.why
    assert str(services.data("flux")) not in str(error), "paths are those of the repository"
    assert error.kustomization.applied_revision == good.applied_revision
    with pytest.raises(BuildFailed):
        world.flux.wait(world.name, revision=sha)
    assert world.flux.wait(world.name, ready=False, revision=sha).failed
    assert world.word() == "hello"
    assert "Warning" in {e.type for e in world.flux.events(world.name)}
    fixed = world.commit({"app/greeting.yaml": config("greeting", "fixed")})
    assert world.flux.reconcile(world.name).applied_revision.endswith(fixed)


def test_what_the_api_server_refuses_is_told(world: World) -> None:
    world.commit({"app/port.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: no}]}"})
    world.declare()
    with pytest.raises(NotReady) as caught:
        world.flux.reconcile(world.name)
    assert caught.value.kustomization.reason == "ReconciliationFailed"
    assert "expected numeric" in caught.value.why
    assert not world.flux.cluster.exists("ConfigMap", "greeting", namespace=world.name), "all or nothing"


def test_a_path_that_is_not_there(world: World) -> None:
    world.declare("nope")
    with pytest.raises(PathNotFound) as caught:
        world.flux.reconcile(world.name)
    assert "nope" in caught.value.what and "kustomization-" not in caught.value.why


def test_a_source_that_is_down_or_missing(world: World) -> None:
    world.declare()
    before = world.flux.wait(world.name)
    away = world.git.workdir.rename(world.git.workdir.with_name("away"))
    with pytest.raises(SourceNotReady) as caught:
        world.flux.reconcile(world.name)
    assert caught.value.source is not None and caught.value.source.reason == "RepositoryUnreachable"
    assert caught.value.source.revision == before.applied_revision, "what it has stays"
    with pytest.raises(SourceNotReady):
        world.flux.wait(world.name, revision="0" * 40, timeout=1)
    world.edit("edited")
    assert world.flux.reconcile(world.name, with_source=False).ready
    assert world.word() == "hello", "Flux heals from what it has"
    away.rename(world.git.workdir)
    assert world.flux.reconcile(world.name).ready
    world.flux.kustomization(f"{world.name}-x", "nobody", interval="1h")
    for with_source in (True, False):
        with pytest.raises(SourceNotReady) as missing:
            world.flux.reconcile(f"{world.name}-x", with_source=with_source)
        assert "nobody" in missing.value.what and missing.value.source is None
    world.flux.delete(f"{world.name}-x")


def test_prune_removes_what_goes_from_git(world: World) -> None:
    world.commit({"app/second.yaml": config("second")})
    world.declare(prune=False)
    assert len(world.flux.wait(world.name).inventory) == 2
    world.commit({"app/second.yaml": None})
    assert len(world.flux.reconcile(world.name).inventory) == 1
    assert world.word("second") == "hello", "without prune it stays"
    world.commit({"app/second.yaml": config("second")})
    world.declare(prune=True)
    world.flux.reconcile(world.name)
    world.commit({"app/second.yaml": None})
    world.flux.reconcile(world.name)
    assert not world.flux.cluster.exists("ConfigMap", "second", namespace=world.name)
    world.flux.delete(world.name)
    assert not world.flux.cluster.exists("ConfigMap", "greeting", namespace=world.name)
    with pytest.raises(ObjectNotFound):
        world.flux.get(world.name)


def test_a_team_acts_with_the_rights_of_its_service_account(world: World) -> None:
    team = Flux(world.flux.cluster, namespace=world.name)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "deployer"}}
    world.flux.cluster.apply(account, namespace=world.name)
    world.flux.source(world.name, world.url, interval="1h")
    world.declare(service_account="nobody-made-it")
    with pytest.raises(NotReady) as caught:
        world.flux.reconcile(world.name)
    assert "nobody-made-it" in caught.value.why and "forbidden" in caught.value.why
    # A source of another namespace is none of a team's.
    reference = {"kind": "ExternalArtifact", "name": world.name, "namespace": world.flux.namespace}
    manifest = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "other"}}
    team.apply({**manifest, "spec": {"interval": "1h", "prune": True, "sourceRef": reference}})
    assert "can't access" in team.wait("other", ready=False).message


def test_one_waits_for_another(world: World) -> None:
    world.declare("nope")
    second = f"{world.name}-second"
    world.flux.kustomization(second, world.name, "app", depends_on=[world.name], target_namespace=world.name)
    with pytest.raises(NotReady) as caught:
        world.flux.reconcile(second)
    assert caught.value.kustomization.reason == "DependencyNotReady" and world.name in caught.value.why
    world.flux.kustomization(world.name, world.name, "app", target_namespace=world.name, interval="1h")
    assert world.flux.wait(world.name).ready
    assert world.flux.reconcile(second).ready
    world.flux.delete(second)


def test_manifests_are_accepted_as_they_are_written(world: World) -> None:
    world.flux.source(world.name, world.url)
    world.flux.apply(f"""
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {world.name}}}
spec:
  interval: 1h
  path: ./app
  prune: true
  targetNamespace: {world.name}
  sourceRef: {{kind: ExternalArtifact, name: {world.name}}}
""")
    assert world.flux.wait(world.name).ready
    assert world.name in {one.name for one in world.flux.kustomizations()}
    assert world.name in {one.name for one in world.flux.sources()}


def test_nobody_reconciles_when_the_controller_is_killed(world: World) -> None:
    world.declare()
    world.flux.wait(world.name)
    record = Record.read(services.data("flux").parent / "service.json")
    os.kill(next(p.pid for p in record.processes if p.name == "kustomize-controller"), signal.SIGKILL)
    with pytest.raises(FluxDown) as caught:
        world.flux.reconcile(world.name, timeout=3)
    assert caught.value.next == "course services start flux"
    services.start("flux")
    assert world.flux.reconcile(world.name).ready


def test_a_revision_that_does_not_come(world: World) -> None:
    world.declare()
    world.flux.wait(world.name)
    with pytest.raises(TimedOut) as caught:
        world.flux.wait(world.name, revision="0" * 40, timeout=1)
    assert "main@" in caught.value.why and "flux.reconcile" in caught.value.next
    with pytest.raises(ObjectNotFound):
        world.flux.wait("nobody", timeout=0.2)


def test_bad_input_is_refused_before_anything_is_sent(world: World) -> None:
    for options in ({"interval": "soon"}, {"path": "../up"}, {"url": "ssh://acme.test/shop"}):
        with pytest.raises(BadInput):
            world.flux.source(**({"name": f"{world.name}-bad", "url": world.url} | options))
    with pytest.raises(BadInput):
        world.flux.kustomization(f"{world.name}-bad", world.name, interval="often")
    with pytest.raises(BadInput):
        world.flux.wait(world.name, revision="")
    assert f"{world.name}-bad" not in {one.name for one in world.flux.sources()}


def kustomization(**status: Any) -> Kustomization:
    raw = {
        "metadata": {"name": "shop", "namespace": "flux-system", "generation": 2},
        "spec": {"sourceRef": {"kind": "ExternalArtifact", "name": "shop"}, "interval": "1h", "prune": True},
        "status": status,
    }
    return Kustomization.of(Object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "shop", "flux-system", raw))


def ready(status: str, reason: str, message: str = "", generation: int = 2) -> dict[str, Any]:
    condition = {"type": "Ready", "status": status, "reason": reason, "message": message}
    return {"conditions": [{**condition, "observedGeneration": generation}]}


def test_what_is_said_of_an_older_generation_does_not_count() -> None:
    stale = kustomization(**ready("True", "ReconciliationSucceeded", generation=1))
    assert not stale.ready and stale.reconciling and not stale.failed
    done = {"lastAppliedRevision": "main@sha1:a", "lastAttemptedRevision": "main@sha1:a"}
    assert kustomization(**ready("True", "ReconciliationSucceeded"), **done).ready
    half = kustomization(**ready("True", "ReconciliationSucceeded"), lastAttemptedRevision="main@sha1:a")
    assert half.reconciling and not half.ready, "the revision is written after the condition"
    assert kustomization(**ready("False", "BuildFailed")).failed
    assert not kustomization().ready and kustomization().reconciling


def test_names_of_the_inventory_are_read() -> None:
    entries = [
        {"id": "_system__basic_rbac.authorization.k8s.io_ClusterRole", "v": "v1"},
        {"id": "shop_web_apps_Deployment", "v": "v1"},
    ]
    role, web = kustomization(inventory={"entries": entries}).inventory
    assert (role.api_version, role.name, role.namespace) == ("rbac.authorization.k8s.io/v1", "system:basic", "")
    assert str(web) == "Deployment shop/web" and web.api_version == "apps/v1"


@pytest.mark.parametrize(
    ("wanted", "same"),
    [("main@sha1:abcdef12", True), ("abcdef12", True), ("abcd", True), ("dev@sha1:abcdef12", False), ("bcd", False)],
)
def test_revisions_compare_as_people_write_them(wanted: str, same: bool) -> None:
    assert same_revision("main@sha1:abcdef12", wanted) is same


def test_displays_are_safe_and_say_why() -> None:
    bad = kustomization(**ready("False", "BuildFailed", "<script>alert(1)</script> /x/kustomization-123/app/web.yaml"))
    html = bad._repr_html_()
    assert "<script>" not in html and "BuildFailed" in html and "kustomization-123" not in html
    assert repr(bad) == "Kustomization(shop: not ready, BuildFailed)"
    source = Source.of(Object("v1", "ExternalArtifact", "shop", "flux-system", {"metadata": {}, "status": {}}))
    assert "not begun" in source._repr_html_() and repr(source) == "Source(shop: reconciling)"
