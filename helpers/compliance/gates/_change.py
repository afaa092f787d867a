"""The change under judgement: what every gate looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from helpers.compliance.gates._overlays import Overlay
from helpers.compliance.gates._tree import Tree
from helpers.compliance.gates.settings import Settings
from helpers.core.verdicts.gates import Finding, Status
from helpers.wrappers.kustomize import Rendered


@dataclass(frozen=True)
class GateAnswer:
    """What a gate answers, before its time is added."""

    status: Status
    reason: str
    findings: tuple[Finding, ...] = ()


@dataclass
class GatedChange:
    """A change, checked out.

    Attributes:
        tree: the repository. base, head: commits. commits: those in between, or the head alone when there is none.
        settings: the gates. files: the head's files. trusted: files that are not the change's own: policies, keys.
        changed: paths that differ from the base. overlays: directories to render.
        rendered: filled by the gate *render*. broken: overlays that could not be rendered.
        registries: host in manifests -> address to ask instead. links: symbolic links that lead outside.
        unjudged: changed manifests in no directory that is rendered. removed: directories rendered before and now gone.
    """

    tree: Tree
    base: str | None
    head: str
    commits: tuple[str, ...]
    settings: Settings
    files: Path
    trusted: Path
    scratch: Path
    changed: frozenset[str]
    overlays: tuple[Overlay, ...]
    registries: Mapping[str, str]
    rendered: dict[Overlay, Rendered] = field(default_factory=dict)
    broken: dict[Overlay, Finding] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
