"""What the checks of Lab 2 share: the learner's GitOps repository as files, rendered, and as the services know it.

Reasons name file and line below ``work/``: ``platform/apps/inference/base/deployment.yaml:8: ...``.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.core import yaml_reader
from helpers.core.paths import IAC
from helpers.core.verdicts.checks import Unmet, require
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.checks.support.module_probes import scratch
from helpers.course.delivery import ENVIRONMENTS, REPOSITORY, Platform
from helpers.course.workspace import Workspace
from helpers.wrappers.kustomize import Kustomize, KustomizeError, Rendered

if TYPE_CHECKING:
    from helpers.clients.forge import PullRequest

#: Where the repository's files are in the workspace.
ROOT = "platform"
OVERLAYS = "apps/inference/overlays"
BASE = "apps/inference/base"
__all__ = [
    "BASE",
    "ENVIRONMENTS",
    "OVERLAYS",
    "ROOT",
    "address",
    "container",
    "copied",
    "document",
    "documents",
    "files",
    "manifest",
    "merged",
    "needed",
    "one",
    "overlay",
    "platform",
    "release",
    "rendered",
    "where",
]


def platform(lab: Workspace) -> Platform:
    """Return the platform of the lab, running; it starts what is not."""
    return Platform(lab).open()


def needed(lab: Workspace, *paths: str) -> None:
    """Raise `Unmet` unless every file or directory (below ``platform/``) is there."""
    for path in paths:
        require(lab.path(f"{ROOT}/{path}").exists(), f"{ROOT}/{path} does not exist: run the cell that writes it")


def files(lab: Workspace, path: str = ".") -> dict[str, str]:
    """Return the text of every file below a directory of ``platform/``, by its path from there.

    Raises:
        Unmet: the directory does not exist.
    """
    needed(lab, path)
    root = lab.path(ROOT)
    found = sorted(file for file in (root / path).rglob("*") if file.is_file())
    return {str(file.relative_to(root)): file.read_text(encoding="utf-8", errors="replace") for file in found}


def documents(lab: Workspace, path: str) -> list[Any]:
    """Return the YAML documents of one file below ``platform/``.

    Raises:
        Unmet: it does not exist, or is not valid YAML; the reason names the line.
    """
    needed(lab, path)
    try:
        return [one for one in yaml_reader.load_all(lab.read(f"{ROOT}/{path}")) if one is not None]
    except InvalidYaml as error:
        line = f":{error.line}" if error.line else ""
        raise Unmet(f"{ROOT}/{path}{line}: this is not valid YAML: {error.problem}") from None


def document(lab: Workspace, path: str) -> dict[str, Any]:
    """Return the first document of one file, a mapping.

    Raises:
        Unmet: see `documents`; or the file holds nothing, or something else.
    """
    found = documents(lab, path)
    require(found, f"{ROOT}/{path} has no content yet: write it")
    require(isinstance(found[0], dict), f"{ROOT}/{path}:1 has no lines of the form key: value")
    return dict(found[0])


def manifest(lab: Workspace, path: str, kind: str, name: str = "") -> dict[str, Any]:
    """Return the object of a kind, and a name if given, from one file below ``platform/``.

    Raises:
        Unmet: the file does not exist or has no such object.
    """
    found = [one for one in documents(lab, path) if isinstance(one, dict)]
    require(found, f"{ROOT}/{path} has no content yet: write it")
    mine = [one for one in found if one.get("kind") == kind]
    has = ", ".join(sorted({str(one.get("kind")) for one in found}))
    require(mine, f"{ROOT}/{path} has no {kind}; it has {has}")
    called = [one for one in mine if not name or (one.get("metadata") or {}).get("name") == name]
    names = ", ".join(str((one.get("metadata") or {}).get("name")) for one in mine)
    require(called, f"{ROOT}/{path} has no {kind} {name!r}; it has {names}")
    return dict(called[0])


def where(lab: Workspace, path: str, *keys: str | int) -> str:
    """Return ``platform/FILE:LINE`` of a key (``"spec", "replicas"``, an index for a list) in a file's first document.

    A key that is missing gives the line of what it should be in.
    """
    line = 1
    try:
        node = next(iter(yaml_reader.nodes(lab.read(f"{ROOT}/{path}"))), None)
    except InvalidYaml:
        node = None
    for key in keys:
        found = _child(node, key)
        if found is None:
            break
        at, node = found
        line = at.start_mark.line + 1
    return f"{ROOT}/{path}:{line}"


def _child(node: Any, key: str | int) -> tuple[Any, Any] | None:
    kind = getattr(node, "id", None)
    if kind == "mapping":
        return next(((name, value) for name, value in node.value if name.value == key), None)
    if kind == "sequence" and isinstance(key, int) and key < len(node.value):
        return node.value[key], node.value[key]
    return None


@contextlib.contextmanager
def copied(lab: Workspace) -> Iterator[Path]:
    """Give a copy of ``platform/``, complete with the component that only the repository's ``main`` has."""
    with scratch(lab, ROOT) as room:
        root = room / ROOT
        target = root / "clusters" / "repository"
        if not target.exists():
            shutil.copytree(IAC / "gitops" / "clusters" / "repository", target)
        yield root


#: Hints where a directory does not render at all.
UNRENDERED = (
    "Kustomize reads what a kustomization lists, and nothing else. Which name in the reason did you write?",
    "The reason has Kustomize's own words. What stands under resources: and components: is relative to the directory "
    "of that kustomization, and is a file or a directory there; a patch names an object that is rendered.",
    "List the directory that the reason names, beside resources: in its kustomization. Every entry is one of the list, "
    "letter by letter; a component is under components:, not under resources:.",
)


def rendered(lab: Workspace, path: str) -> Rendered:
    """Render a directory of ``platform/`` in a copy, as Argo CD would.

    Raises:
        Unmet: Kustomize cannot; the reason has its words.
    """
    if path in ENVIRONMENTS:
        path = f"{OVERLAYS}/{path}"
    needed(lab, path)
    with copied(lab) as root:
        try:
            return Kustomize(root).build(path)
        except KustomizeError as error:
            said = " ".join(error.why.split())
            raise Unmet(f"{ROOT}/{error.file or path}: {error.what}. {said}"[:600], UNRENDERED) from None


def overlay(lab: Workspace, environment: str) -> Rendered:
    """Render what an environment runs; see `rendered`."""
    return rendered(lab, f"{OVERLAYS}/{environment}")


def one(found: Rendered, kind: str, name: str = "") -> dict[str, Any]:
    """Return the one object of a kind that a directory renders to.

    Raises:
        Unmet: there is none, or more than one.
    """
    mine = found.find(kind, name or None)
    what = f"{kind} {name!r}" if name else kind
    require(mine, f"{ROOT}/{found.path} renders to no {what}")
    require(len(mine) == 1, f"{ROOT}/{found.path} renders to {len(mine)} objects of kind {kind}, not one")
    return mine[0]


def container(workload: dict[str, Any]) -> dict[str, Any]:
    """Return the first container of a Deployment; an empty mapping when it has none."""
    pod = ((workload.get("spec") or {}).get("template") or {}).get("spec") or {}
    return dict((pod.get("containers") or [{}])[0] or {})


def release(environment: str) -> str:
    """Return the file that says which image an environment runs, below ``platform/``."""
    return f"{OVERLAYS}/{environment}/release/kustomization.yaml"


def merged(world: Platform, paths: Sequence[str]) -> PullRequest:
    """Return the newest merged pull request that changed one of *paths* and that another person approved.

    Raises:
        Unmet: there is none; the reason says what is missing.
    """
    what = ", ".join(paths)
    git = world.clone()
    commits = set(git.lines(["log", "--format=%H", "--", *paths]))
    require(commits, f"main of the repository {REPOSITORY} has no {what}: deliver it by a pull request")
    landed = [p for p in world.forge().pulls(REPOSITORY) if p.state == "merged" and p.head in commits]
    require(landed, f"{what} came into main by no pull request")
    for pull in reversed(landed):
        if any(a.valid and a.person != pull.author for a in pull.approvals):
            return pull
    raise Unmet(f"pull request {landed[-1].number} ({landed[-1].title}) was approved by nobody but its author")


def address() -> str:
    """Return the address that ``clusters/repository`` puts into a rendering of the workspace (see `copied`)."""
    file = IAC / "gitops" / "clusters" / "repository" / "repository.yaml"
    return str(yaml_reader.load(file.read_text(encoding="utf-8"))["data"]["url"])
