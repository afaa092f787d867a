"""Flux as it runs: loopback only, what a kill -9 leaves, and the source that stands in for source-controller."""

from __future__ import annotations

import io
import itertools
import json
import os
import signal
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from helpers.clients.flux import Flux, SourceNotReady
from helpers.clients.flux.source_declaration import URL, Declaration, seconds
from helpers.clients.forge import Credentials, Forge
from helpers.clients.kubernetes import Cluster, Invalid, ObjectNotFound
from helpers.core.errors import BadInput
from helpers.runtime import services
from helpers.servers.flux import NAMESPACE
from helpers.servers.flux.mirror import Mirror, PathMissing
from helpers.wrappers.git import Git, Identity
from tests import worlds
from tests.waits import until

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: greeting}}\ndata: {{word: {word}}}\n"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def flux(shared: worlds.World) -> Flux:
    services.start("flux")
    return Flux()


@pytest.fixture(scope="module")
def folder(flux: Flux) -> Path:
    return services.data("flux").parent


@pytest.fixture
def git(tmp_path: Path) -> Git:
    (tmp_path / "repository").mkdir()
    git = Git(tmp_path / "repository").init()
    git.configure_identity(Identity("Ada", "ada@acme.test"), sign=False)
    commit(git, {"app/greeting.yaml": CONFIG.format(word="hello")})
    return git


@pytest.fixture
def room(flux: Flux) -> Iterator[str]:
    name = f"room-{next(_numbers)}"
    flux.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    flux.cluster.delete("Namespace", name, missing_ok=True)


def commit(git: Git, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = git.workdir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git.add(all=True)
    return git.commit("Change it").sha


def pids(folder: Path) -> dict[str, int]:
    record = json.loads((folder / "service.json").read_text())
    return {process["name"]: process["pid"] for process in record["processes"]}


def word(flux: Flux, room: str) -> Any:
    return flux.cluster.get("ConfigMap", "greeting", namespace=room).raw["data"]["word"]


def archive(flux: Flux, name: str) -> dict[str, Any]:
    return dict(flux.get_source(name).raw["status"]["artifact"])


def download(url: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=180)


def test_it_listens_on_loopback_only(flux: Flux, folder: Path) -> None:
    assert set(pids(folder)) == {"source", "kustomize-controller"}
    for name, pid in pids(folder).items():
        heard = [c.laddr.ip for c in psutil.Process(pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        assert heard and set(heard) == {"127.0.0.1"}, name


@pytest.mark.parametrize("part", ["source", "kustomize-controller"])
def test_killed_and_started_again_it_goes_on(flux: Flux, folder: Path, git: Git, room: str, part: str) -> None:
    name = f"killed-{part}"
    flux.source(name, f"file://{git.workdir}", interval="1h")
    flux.kustomization(name, name, "app", target_namespace=room, interval="1h")
    assert flux.wait(name).ready
    before = archive(flux, name)
    os.kill(pids(folder)[part], signal.SIGKILL)
    until(lambda: next(s for s in services.status() if s.name == "flux").status != "running")
    services.ensure("flux")
    assert flux.reconcile_source(name).ready
    assert archive(flux, name) == before, "neither port nor archive changed"
    sha = commit(git, {"app/greeting.yaml": CONFIG.format(word="again")})
    assert flux.reconcile(name).applied_revision == f"main@sha1:{sha}"
    assert word(flux, room) == "again"
    flux.delete(name)


def test_it_comes_back_after_the_control_plane_was_killed(flux: Flux, git: Git, room: str) -> None:
    flux.source("plane", f"file://{git.workdir}", interval="1h")
    flux.kustomization("plane", "plane", "app", target_namespace=room, interval="1h")
    flux.wait("plane")
    record = json.loads((services.data("kubernetes").parent / "service.json").read_text())
    for process in record["processes"]:
        os.kill(process["pid"], signal.SIGKILL)
    services.ensure("flux")
    again = Flux()
    again.cluster.patch("ConfigMap", "greeting", {"data": {"word": "edited"}}, namespace=room)
    assert again.reconcile("plane").ready
    assert word(again, room) == "hello"
    again.delete("plane")


def test_the_same_files_make_the_same_archive(flux: Flux, git: Git, folder: Path) -> None:
    flux.source("same", f"file://{git.workdir}", path="app", interval="1h")
    first = flux.reconcile_source("same")
    sha = commit(git, {"README.md": "Not in the folder that is taken along.\n"})
    second = flux.reconcile_source("same")
    assert second.revision == f"main@sha1:{sha}" != first.revision
    assert second.digest == first.digest
    answer = download(archive(flux, "same")["url"])
    assert answer.status_code == 200 and len(answer.content) == archive(flux, "same")["size"]
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        assert [(one.name, one.mtime, one.uid, one.mode) for one in tar] == [("app/greeting.yaml", 0, 0, 0o644)]
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (folder / "data" / "source").rglob("*")}
    assert modes == {0}, "nobody else may read a team's manifests"


def test_archives_are_not_to_be_guessed(flux: Flux, git: Git) -> None:
    flux.source("guess", f"file://{git.workdir}", interval="1h")
    flux.reconcile_source("guess")
    url = archive(flux, "guess")["url"]
    stem, _, _ = url.rpartition("/")
    assert download(url).status_code == 200
    for wrong in (stem, f"{stem}/", f"{stem}/{'0' * 64}.tar.gz", f"{stem}/%2e%2e/guess/../../../../service.json"):
        assert download(wrong).status_code == 404, wrong


def test_a_source_that_is_deleted_leaves_nothing(flux: Flux, git: Git, folder: Path) -> None:
    flux.source("gone", f"file://{git.workdir}", interval="1h")
    flux.reconcile_source("gone")
    places = [folder / "data" / "source" / part / NAMESPACE / "gone" for part in ("artifacts", "git")]
    assert all(place.is_dir() for place in places)
    flux.delete_source("gone")
    until(lambda: not any(place.exists() for place in places))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"branch": "nope"}, "BranchNotFound"), ({"path": "nope"}, "PathNotFound"), ({"path": "app"}, "Succeeded")],
)
def test_a_source_says_what_is_wrong(flux: Flux, git: Git, changes: dict[str, str], reason: str) -> None:
    flux.source("wrong", f"file://{git.workdir}", interval="1h", **changes)
    if reason == "Succeeded":
        assert flux.reconcile_source("wrong").reason == reason
        return
    with pytest.raises(SourceNotReady) as caught:
        flux.reconcile_source("wrong")
    assert caught.value.source is not None and caught.value.source.reason == reason
    assert "nope" in caught.value.why


def test_the_forge_with_and_without_an_account(flux: Flux, folder: Path, git: Git, tmp_path: Path) -> None:
    services.ensure("git")
    forge = Forge("learner")
    forge.create("shop", protected=())
    clone = forge.clone("shop", tmp_path / "shop")
    sha = commit(clone, {"app/greeting.yaml": CONFIG.format(word="forge")})
    clone.push("origin", "HEAD:main")
    url, reader = forge.url("shop"), Forge("argocd").credentials("shop")

    def refused(account: Credentials | None) -> SourceNotReady:
        flux.source("forge", url, interval="1h", credentials=account)
        with pytest.raises(SourceNotReady) as caught:
            flux.reconcile_source("forge")
        return caught.value

    assert "AuthenticationFailed" in refused(None).what
    assert "AuthenticationFailed" in refused(Credentials(url, "argocd", "not-the-password")).what
    flux.source("forge", url, interval="1h", credentials=reader)
    assert flux.reconcile_source("forge").revision == f"main@sha1:{sha}"
    everything = json.dumps(flux.get_source("forge").raw) + (folder / "log").read_text()
    assert reader.password not in everything and "not-the-password" not in everything
    services.stop("git")
    with pytest.raises(SourceNotReady) as caught:
        flux.reconcile_source("forge")
    assert "GitServerDown" in caught.value.what and caught.value.next == "course services start git"
    assert f"main@{sha[:8]}" in caught.value.why, "what it has stays"
    flux.cluster.delete("Secret", "forge-git", namespace=NAMESPACE)
    with pytest.raises(SourceNotReady, match="SecretNotFound"):
        flux.reconcile_source("forge")


def test_a_team_cannot_read_files_of_the_platform(flux: Flux, git: Git, room: str) -> None:
    meta = {"name": "sneaky", "namespace": room, "annotations": {URL: f"file://{git.workdir}"}}
    flux.cluster.apply({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact", "metadata": meta})
    team = Flux(flux.cluster, namespace=room)
    with pytest.raises(SourceNotReady) as caught:
        team.reconcile_source("sneaky")
    assert NAMESPACE in caught.value.why and not team.get_source("sneaky").revision


def test_manifests_of_source_controller_are_checked(flux: Flux) -> None:
    spec: dict[str, Any] = {"interval": "1m", "url": "https://git.acme.test/shop", "ref": {"branch": "main"}}
    spec["verify"] = {"mode": "HEAD", "secretRef": {"name": "signers"}}
    manifest = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "shop"}}
    assert flux.cluster.apply({**manifest, "spec": spec}, dry_run=True, namespace=NAMESPACE)[0].action == "created"
    with pytest.raises(Invalid):
        wrong = {**spec, "verify": {"mode": "Sometimes", "secretRef": {"name": "signers"}}}
        flux.cluster.apply({**manifest, "spec": wrong}, dry_run=True, namespace=NAMESPACE)


def test_a_tenant_sees_nothing_of_flux(flux: Flux) -> None:
    assert not Cluster("vision").can_i("create", "externalartifacts", namespace=NAMESPACE)
    assert not Cluster("vision").can_i("get", "kustomizations", namespace=NAMESPACE)
    with pytest.raises(ObjectNotFound):
        flux.get("nobody")


@pytest.mark.parametrize(("text", "number"), [("10s", 10), ("1m30s", 90), ("1.5h", 5400), ("1000ms", 1)])
def test_durations_are_those_of_go(text: str, number: float) -> None:
    assert seconds(text) == number


@pytest.mark.parametrize("text", ["", "10", "s", "0s", "-5s", "10 s", "10s!", "500ms"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        seconds(text)


@pytest.mark.parametrize(
    "notes",
    [
        {"url": "ssh://git@acme.test/x"},
        {"url": "https://ada:secret@acme.test/x"},
        {"url": "--upload-pack=x"},
        {"path": "../other"},
        {"path": ":(attr:x)"},
        {"interval": "soon"},
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(notes: dict[str, str]) -> None:
    given = {f"source.acme.test/{key}": value for key, value in ({"url": "https://acme.test/x"} | notes).items()}
    with pytest.raises(BadInput) as caught:
        Declaration.of({"metadata": {"namespace": NAMESPACE, "annotations": given}})
    assert "secret" not in str(caught.value).lower() or "Secret" in caught.value.next


def test_the_archive_holds_every_file_and_no_link(git: Git, tmp_path: Path) -> None:
    commit(
        git, {".gitattributes": "hidden.yaml export-ignore\n", "hidden.yaml": "a: $Format:%H$\n", "run.sh": "true\n"}
    )
    (git.workdir / "run.sh").chmod(0o755)
    (git.workdir / "link.yaml").symlink_to("/etc/passwd")
    git.add(all=True)
    sha = git.commit("More").sha
    (tmp_path / "mirror").mkdir()
    mirror = Mirror(tmp_path / "mirror")
    assert mirror.fetch(Declaration(f"file://{git.workdir}")) == sha
    with tarfile.open(fileobj=io.BytesIO(mirror.pack(sha))) as tar:
        assert {one.name: one.mode for one in tar} == {
            ".gitattributes": 0o644,
            "app/greeting.yaml": 0o644,
            "hidden.yaml": 0o644,
            "run.sh": 0o755,
        }
        hidden = tar.extractfile("hidden.yaml")
        assert hidden is not None and hidden.read() == b"a: $Format:%H$\n"
    assert mirror.pack(sha) == mirror.pack(sha)
    with pytest.raises(PathMissing):
        mirror.pack(sha, "nope")
