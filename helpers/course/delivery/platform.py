"""One repository, one cluster, one way: what the cells of Lab 2 call."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from helpers.clients.argocd import ArgoCD, ArgoNotFound
from helpers.clients.forge import Forge, PullRequest
from helpers.clients.kubernetes import Cluster
from helpers.compliance.promotion import Blocker, Board, Stage
from helpers.core import yaml_reader
from helpers.core.paths import IAC, state_dir
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.delivery import images as built
from helpers.course.delivery.errors import DeliveryError, NoRelease, NothingToDeliver
from helpers.course.delivery.images import Images
from helpers.course.workspace import Workspace
from helpers.runtime import services
from helpers.wrappers.git import Git, NothingToCommit
from helpers.wrappers.kustomize import Kustomize

REPOSITORY = "platform"
ENVIRONMENTS = ("dev", "staging", "prod")
APPLICATION = "inference"
#: Where the learner's files are, below the workspace.
FOLDER = "platform"
_README = "# The GitOps repository of the platform team\n\nWhat is in the cluster is what is here.\n"


class Platform:
    """The environment of a lab: the forge, the registry with the team's images, Argo CD and the cluster.

    Args:
        lab: the lab whose workspace holds the learner's files, in ``platform/``.
    """

    def __init__(self, lab: Workspace) -> None:
        self.lab = lab
        self._images: Images | None = None

    def __repr__(self) -> str:
        return f"Platform({self.lab.id}: repository {REPOSITORY!r}, {' -> '.join(ENVIRONMENTS)})"

    @property
    def home(self) -> Path:
        """Directory of clones and keys, outside the workspace: they are never submitted."""
        folder = state_dir() / "delivery" / self.lab.id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def open(self) -> Platform:
        """Start what is not running, and prepare repository, images and access; cheap when all is there."""
        for name in ("oci", "git", "gitops"):
            services.ensure(name)
        self._ensure_images()
        if REPOSITORY not in self.forge("ada").repositories():
            self.forge("ada").create(REPOSITORY, policy={"gates": False})
        if not self.forge("ada").repository(REPOSITORY).branches:
            self._found()
        self._readable()
        return self

    def forge(self, person: str = "learner") -> Forge:
        """Return the Git server as one person sees it: learner, ada, bela, mallory."""
        return Forge(person)

    @property
    def argocd(self) -> ArgoCD:
        """Argo CD, as its admin."""
        return ArgoCD()

    @property
    def cluster(self) -> Cluster:
        """The cluster, as its admin."""
        return Cluster()

    def image(self, version: str) -> str:
        """Return the image of a version, pinned: ``images.acme.test/vision/inference@sha256:...``."""
        return self._ensure_images().reference(version)

    def clone(self, person: str = "learner") -> Git:
        """Return a person's clone of the repository, on the newest ``main``, without leftovers."""
        git = self.forge(person).clone(REPOSITORY, self.home / "clones" / person)
        git.run(["checkout", "--quiet", "--force", "-B", "main", "refs/remotes/origin/main"])
        git.run(["clean", "--quiet", "--force", "-d", "-x"])
        return git

    def deliver(
        self,
        *paths: str,
        message: str,
        title: str = "",
        author: str = "learner",
        approve: str = "",
        merge: bool = False,
    ) -> PullRequest:
        """Take files of the workspace into a commit signed by *author* and ask for it to land on ``main``.

        What an environment runs (``release/``) is taken once; later only a promotion changes it.

        Args:
            paths: files or directories below ``platform/`` of the workspace; none means all of it.
            message: of the commit. title: of the pull request, by default the message's first line.
            approve: who approves it at once. merge: land it.

        Raises:
            NothingToDeliver: the files do not exist, or nothing differs and there is no earlier pull request of them.
        """
        source = self.lab.path(FOLDER)
        wanted = paths or (".",)
        for path in wanted:
            if not (source / path).exists():
                raise NothingToDeliver(
                    f"{FOLDER}/{path} does not exist",
                    why="It is looked for in your workspace.",
                    next=f"Run the cell that writes it: %%workfile {self.lab.id} {FOLDER}/{path}",
                )
        git = self.clone(author)
        kept = {folder.parent.name for folder in (git.workdir / f"apps/{APPLICATION}/overlays").glob("*/release")}
        for path in wanted:
            _copy(source, git.workdir, path, kept)
        return self._propose(git, author, message, title, approve, merge, branch=_branch(message))

    def release(self, version: str, environment: str = "dev", **landing: Any) -> PullRequest:
        """Ask for a version to run in an environment; *landing* as in `deliver` (author, approve, merge)."""
        digest = self.image(version).partition("@")[2]
        return self._set_digest(digest, environment, f"Release {APPLICATION} {version} to {environment}", landing)

    def promote(self, source: str, *, to: str, **landing: Any) -> PullRequest:
        """Ask for the very digest of one environment to run in the next; *landing* as in `deliver`."""
        digest = self.digest(source)
        what = self._ensure_images().version(digest) or digest[:19]
        return self._set_digest(digest, to, f"Promote {APPLICATION} {what} from {source} to {to}", landing)

    def rollback(self, environment: str, **landing: Any) -> PullRequest:
        """Ask for the last change of what an environment runs to be reverted; *landing* as in `deliver`.

        Raises:
            NoRelease: there was no change to revert.
        """
        author = landing.pop("author", "learner")
        git = self.clone(author)
        path = _release(environment)
        log = git.lines(["log", "--format=%H", "-n", "2", "--", path])
        if len(log) < 2:
            raise NoRelease(f"There is nothing to roll back in {environment}", why=f"{path} was written once.")
        before = git.show(log[1], path)
        (git.workdir / path).write_text(before)
        return self._propose(
            git,
            author,
            f"Roll back {APPLICATION} in {environment}\n\nReverts {log[0][:10]}.",
            "",
            **_landing(landing),
            branch=f"rollback-{environment}-{log[0][:8]}",
        )

    def digest(self, environment: str) -> str:
        """Return the digest that ``main`` says an environment runs (``sha256:...``).

        Raises:
            NoRelease: it says none.
        """
        file = self.clone().workdir / _release(environment)
        try:
            said = yaml_reader.load(file.read_text())["images"][0]["digest"]
        except (OSError, KeyError, IndexError, TypeError, InvalidYaml):
            raise NoRelease(
                f"{environment} does not say which image it runs",
                why=f"main has no {_release(environment)} with images and a digest.",
                next="platform.deliver(...) brings it into main.",
            ) from None
        return str(said)

    def render(self, path: str) -> tuple[dict[str, Any], ...]:
        """Return the manifests of a directory of ``main``, as Argo CD would render them."""
        return Kustomize(self.clone().workdir).build(path).manifests

    def apply(self, *paths: str) -> None:
        """Give directories of ``main`` to Argo CD by hand: the first step, after which it looks after itself."""
        for path in paths:
            for manifest in self.render(path):
                self.argocd.apply(manifest)

    def board(self) -> Board:
        """Return what runs where, who approved it, and what stands in the way of the next step."""
        found = self._ensure_images()
        stages, blockers = [], []
        for environment in ENVIRONMENTS:
            try:
                digest = self.digest(environment)
            except NoRelease as error:
                blockers.append(Blocker(environment, error.what))
                continue
            pull = self._brought(environment)
            try:
                app = self.argocd.application(f"{APPLICATION}-{environment}", refresh="normal")
            except ArgoNotFound:
                blockers.append(Blocker(environment, "Argo CD has no Application for it"))
                continue
            stages.append(
                Stage(
                    environment,
                    APPLICATION,
                    f"{found.reference('1.0.0').partition('@')[0]}@{digest}",
                    found.version(digest),
                    app.revision,
                    app.sync,
                    app.health,
                    tuple(a.person for a in pull.approvals if a.valid) if pull else (),
                    app.history[-1].at if app.history else "",
                )
            )
        for pull in self.forge().pulls(REPOSITORY):
            if pull.state == "open":
                for environment in ENVIRONMENTS:
                    if pull.title.endswith((f" to {environment}", f" in {environment}")):
                        blockers += [Blocker(environment, reason, APPLICATION) for reason in pull.blockers]
        return Board(tuple(stages), tuple(blockers))

    def _brought(self, environment: str) -> PullRequest | None:
        """Return the pull request that brought what an environment runs."""
        git = self.clone()
        last = git.lines(["log", "--format=%H", "-n", "1", "--", _release(environment)])
        merged = [pull for pull in self.forge().pulls(REPOSITORY) if pull.state == "merged"]
        return next((pull for pull in merged if last and pull.head == last[0]), None)

    def _ensure_images(self) -> Images:
        if self._images is None:
            registry = services.ensure("oci").address
            self._images = built.ensure(self.lab, self.home, registry)
        return self._images

    def _found(self) -> None:
        """Make the first commit, as the platform team: whom to trust and where the repository is."""
        ada = self.forge("ada")
        git = ada.clone(REPOSITORY, self.home / "clones" / "ada")
        files = {
            "README.md": _README,
            "trust/allowed_signers": ada.allowed_signers(),
            "trust/cosign.pub": self._ensure_images().key.public.read_text(),
            **_address(ada.url(REPOSITORY)),
        }
        for path, text in files.items():
            (git.workdir / path).parent.mkdir(parents=True, exist_ok=True)
            (git.workdir / path).write_text(text)
        git.add(all=True)
        git.commit("Begin the repository of the platform")
        git.push("origin", "HEAD:main")

    def _readable(self) -> None:
        """Let Argo CD read the repository at its present address, and say that address in the repository."""
        url = self.forge().url(REPOSITORY)
        stamp = self.home / "address"
        here = json.dumps([url, services.ensure("gitops").url])
        if stamp.exists() and stamp.read_text() == here:
            return
        account = Forge("argocd").credentials(REPOSITORY)
        self.argocd.add_repository(account.url, account.username, account.password)
        git = self.clone("ada")
        ((name, text),) = ((n, t) for n, t in _address(url).items() if n.endswith("repository.yaml"))
        if (git.workdir / name).read_text() != text:
            (git.workdir / name).write_text(text)
            self._propose(git, "ada", "Say where the repository is now", "", "bela", True, branch="address")
        stamp.write_text(here)

    def _set_digest(self, digest: str, environment: str, message: str, landing: dict[str, Any]) -> PullRequest:
        if environment not in ENVIRONMENTS:
            raise NoRelease(f"There is no environment {environment!r}", next=f"One of {', '.join(ENVIRONMENTS)}.")
        author = landing.pop("author", "learner")
        self.digest(environment)
        git = self.clone(author)
        file = git.workdir / _release(environment)
        content = yaml_reader.load(file.read_text())
        content["images"][0]["digest"] = digest
        file.write_text(yaml_reader.dump(content))
        branch = f"{environment}-{digest.removeprefix('sha256:')[:10]}"
        return self._propose(git, author, message, "", **_landing(landing), branch=branch)

    def _propose(
        self, git: Git, author: str, message: str, title: str, approve: str, merge: bool, *, branch: str
    ) -> PullRequest:
        forge = self.forge(author)
        title = title or message.splitlines()[0]
        git.add(all=True)
        try:
            commit = git.commit(message)
        except NothingToCommit:
            return self._again(forge, title)
        source = f"{branch}-{commit.sha[:7]}"
        git.push("origin", f"HEAD:refs/heads/{source}")
        pull = forge.open_pull(REPOSITORY, source, title=title)
        if approve:
            pull = self.forge(approve).approve(REPOSITORY, pull.number)
        return forge.merge(REPOSITORY, pull.number) if merge else pull

    def _again(self, forge: Forge, title: str) -> PullRequest:
        """Return the pull request that brought what is asked for again."""
        for pull in reversed(forge.pulls(REPOSITORY)):
            if pull.title == title:
                return pull
        raise NothingToDeliver(
            f"Nothing changes: {title}", why="main says so already.", next="platform.board() shows what runs where."
        )


def _landing(options: dict[str, Any]) -> dict[str, Any]:
    unknown = set(options) - {"approve", "merge"}
    if unknown:
        raise DeliveryError(f"There is no option {', '.join(sorted(unknown))}", next="author, approve, merge")
    return {"approve": options.get("approve", ""), "merge": options.get("merge", False)}


def _release(environment: str) -> str:
    return f"apps/{APPLICATION}/overlays/{environment}/release/kustomization.yaml"


def _branch(message: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", message.splitlines()[0].lower()).strip("-")[:40] or "change"


def _copy(source: Path, target: Path, path: str, kept: Iterable[str]) -> None:
    """Make *path* of the clone as it is in the workspace, but for releases that are in ``main`` already."""
    origin = source / path
    if origin.is_file():
        files = [origin]
    else:
        files = sorted(file for file in origin.rglob("*") if file.is_file() and not file.is_symlink())
        _drop(source, target, path)
    for file in files:
        relative = file.relative_to(source)
        if _is_release(relative) and relative.parts[3] in kept:
            continue
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target / relative)


def _drop(source: Path, target: Path, path: str) -> None:
    """Remove files of a directory that the workspace does not have any more; what the platform team wrote stays."""
    if path in (".", ""):
        return
    for file in sorted((target / path).rglob("*")):
        relative = file.relative_to(target)
        ours = _is_release(relative) or relative.parts[:2] == ("clusters", "repository")
        if file.is_file() and not ours and not (source / relative).exists():
            file.unlink()


def _is_release(relative: Path) -> bool:
    return len(relative.parts) > 4 and relative.parts[2] == "overlays" and relative.parts[4] == "release"


def _address(url: str) -> dict[str, str]:
    """Return the component that knows where the repository is, as files."""
    folder = IAC / "gitops" / "clusters" / "repository"
    texts = {f"clusters/repository/{file.name}": file.read_text() for file in sorted(folder.glob("*.yaml"))}
    name = "clusters/repository/repository.yaml"
    lines = [f"  url: {url}" if line.startswith("  url:") else line for line in texts[name].splitlines()]
    return {**texts, name: "\n".join(lines) + "\n"}
