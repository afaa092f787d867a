"""Tools that a submission needs, had before it runs: a sandbox has no network, and nothing in it may write a tool."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from helpers.core.paths import cache_dir
from helpers.runtime import tools
from helpers.wrappers import terratest

#: What the cluster of a lab is made of.
CLUSTER = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kustomize")
#: Assignments of the course, and what they need beside the core tools.
NEEDED = {
    "lab1-module": ("terraform-docs", "git-cliff"),
    "lab2-gitops": (*CLUSTER, "argocd", "gpg", "redis-server", "bao", "audit-log"),
    "lab3-compliance": (*CLUSTER, "bao", "syft", "audit-log"),
    "project": (*CLUSTER, "terraform-docs", "git-cliff", "syft", "audit-log"),
}
#: What a cell or a learner's choice says, and the tool that it asks for.
ASKED = {"terratest": "terratest-runner", r"""["']?module["']?\s*:\s*["']?pulumi\b""": "pulumi"}


def ready(assignment: str, texts: Iterable[str]) -> Path | None:
    """Have the tools of a submission where a sandbox sees them, building those that are missing.

    Args:
        assignment: which; of one of an instructor's own only `ASKED` says what it needs.
        texts: its cells, and the learner's choice of a tool.

    Returns:
        The directory of Go where suites are compiled, else ``None``.

    Raises:
        ToolError: a tool cannot be had. Then nothing is graded: it would cost honest points.
    """
    text = "\n".join(texts)
    names = [tool for words, tool in ASKED.items() if re.search(words, text)]
    if assignment in NEEDED:
        core = [name for name in tools.specs() if tools.spec(name).core]
        names += [*core, *NEEDED[assignment]]
    for name in names:
        if not _seen_inside(tools.ensure(name).path):
            tools.ensure(name, origin="cache")
    return terratest.prepare() if "terratest" in text else None


def _seen_inside(path: Path) -> bool:
    found = path.resolve()
    return found.is_relative_to("/usr") or found.is_relative_to(cache_dir().resolve())


__all__ = ["ready"]
