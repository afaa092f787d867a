"""What the alternatives of Lab 2 may do besides a learner's own cells, and how the shared environment is put back."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from helpers.clients.argocd import ArgoNotFound
from helpers.clients.forge import PullRequest
from helpers.core.paths import state_dir
from helpers.course.delivery import REPOSITORY, Platform
from helpers.wrappers.git import Git

MAIN = "refs/heads/main"
WAIT = 300.0


def names(platform: Platform) -> dict[str, Any]:
    """Return what a cell of an alternative may call."""

    def deliver(*paths: str) -> PullRequest:
        """Bring directories of the workspace into main."""
        return platform.deliver(*paths, message=f"Try {uuid.uuid4().hex[:12]}", approve="bela", merge=True)

    def settled(*applications: str) -> None:
        """Wait until Argo CD has deployed what main says; production is synced by a person."""
        for name in applications:
            if platform.argocd.application(name, refresh="normal").sync != "Synced" and name == "inference-prod":
                platform.argocd.sync(name)
            platform.argocd.wait(name, timeout=WAIT)

    def by_hand(paths: str | list[str], edit: Callable[[str], str]) -> PullRequest:
        """Ask for a change of files of main that was written in an editor."""
        git, branch = platform.clone(), f"by-hand-{uuid.uuid4().hex[:12]}"
        for path in [paths] if isinstance(paths, str) else paths:
            (git.workdir / path).write_text(edit((git.workdir / path).read_text()))
        git.add(all=True)
        git.commit("Write it by hand")
        git.push("origin", f"HEAD:refs/heads/{branch}")
        return platform.forge().open_pull(REPOSITORY, branch, title="Write it by hand")

    def rewind(environment: str) -> None:
        """Take main back to where it was before 1.1.0 came into an environment."""
        digest, git = platform.image("1.1.0").partition("@")[2], platform.clone()
        path = f"apps/inference/overlays/{environment}/release/kustomization.yaml"
        log = git.lines(["log", "--format=%H", "--reverse", f"-S{digest}", "--", path])
        move(f"{log[0]}^")

    return {"platform": platform, "deliver": deliver, "settled": settled, "by_hand": by_hand, "rewind": rewind}


def repository() -> Git:
    """Return the forge's own copy of the repository, which no person can write."""
    (found,) = state_dir().rglob(f"repositories/{REPOSITORY}.git")
    return Git(found)


def move(commit: str) -> None:
    """Set main to a commit, as only the forge itself can."""
    repository().run(["update-ref", MAIN, repository().lines(["rev-parse", commit])[0]])


@contextlib.contextmanager
def put_back(platform: Platform) -> Iterator[None]:
    """Leave main where it was, and in the cluster what it says."""
    head = repository().lines(["rev-parse", MAIN])[0]
    try:
        yield
    finally:
        if repository().lines(["rev-parse", MAIN])[0] != head:
            move(head)
            for name in ("root", "projects", "tenants", "admission", "inference-dev", "inference-staging"):
                with contextlib.suppress(ArgoNotFound):
                    names(platform)["settled"](name)
            with contextlib.suppress(ArgoNotFound):
                names(platform)["settled"]("inference-prod")
