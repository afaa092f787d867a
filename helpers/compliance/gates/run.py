"""Runs the gates on a change."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from helpers.compliance.gates._change import GateAnswer, GatedChange
from helpers.compliance.gates._checks import CHECKS
from helpers.compliance.gates._overlays import links_outside, overlays, unjudged
from helpers.compliance.gates._tree import Tree
from helpers.compliance.gates.settings import FILE, GATES, Settings
from helpers.core.errors import CourseError
from helpers.core.verdicts.gates import Gate, GateReport
from helpers.runtime import services
from helpers.wrappers.base import StrPath

#: What git writes for "there is no such commit", as in a hook for a new branch.
_NONE = frozenset("0")


def run(
    repository: StrPath,
    *,
    base: str | None,
    head: str = "HEAD",
    env: Mapping[str, str] | None = None,
    trusted: StrPath | None = None,
    registries: Mapping[str, str] | None = None,
) -> GateReport:
    """Ask every gate of ``gates.yaml`` about a change.

    The repository, bare or not, is only read; its files are checked out elsewhere. Gates, policies and keys are taken
    from *base*, or from *trusted*, never from the change, unless the repository has had none so far.

    Args:
        base: commit that the change builds on; None (or git's zeros) judges the whole history. When it is *head*
            itself, the head commit and everything it holds are judged.
        head: the last commit of the change.
        env: the environment of a Git hook, for objects that are not accepted yet.
        trusted: directory with ``gates.yaml`` and what it names, to judge by instead of the base's.
        registries: host in manifests -> address to ask instead. By default the registry that ``gates.yaml`` names,
            when its name ends in ``.test``, is the service ``oci`` of this machine.

    Raises:
        GatesMissing, BadGates: nobody knows which gates to ask.
        UnknownRevision, NotARepository: see `helpers.wrappers.git`.
    """
    tree = Tree(repository, env=env)
    start = None if not base or set(base) <= _NONE else tree.commit(base)
    commit = tree.commit(head)
    with tempfile.TemporaryDirectory(prefix="gates-") as scratch_name:
        scratch = Path(scratch_name).resolve()
        files = tree.checkout(commit, scratch / "head")
        links = tuple(links_outside(files))
        whole = start is None or start == commit
        before = files if start is None or whole else tree.checkout(start, scratch / "base")
        links_outside(before)
        folder, rules = _rules(start, before, files, trusted)
        settings = Settings.read(folder)
        there = overlays(files, settings)
        changed = tree.changed(None if whole else start, commit)
        change = GatedChange(
            tree,
            start,
            commit,
            (tree.commits(start, commit) or (commit,)),
            settings,
            files,
            folder,
            scratch,
            changed,
            tuple(o for o in there if whole or o.touched_by(changed)),
            _registries(settings) if registries is None else registries,
            links=links,
            unjudged=unjudged(files, changed, there, (settings.policy, settings.data, settings.kyverno)),
            removed=tuple(sorted({o.path for o in overlays(before, settings)} - {o.path for o in there})),
        )
        gates = tuple(_ask(name, change) for name in GATES if name in ("render", *settings.gates))
    wanted = [gate for gate in gates if gate.name in settings.gates]
    return GateReport(tuple(wanted), commit, start or "", rules)


def fork_point(repository: StrPath, head: str = "HEAD") -> str | None:
    """Return the commit where *head* left ``origin/main`` or ``main``; None when there is neither.

    On ``main`` itself, with nothing newer to compare to, it is *head*: then what is there is judged as a whole.
    """
    tree = Tree(repository)
    for name in ("refs/remotes/origin/main", "refs/heads/main"):
        if found := tree.merge_base(name, head):
            return found
    return None


def _rules(base: str | None, before: Path, files: Path, trusted: StrPath | None) -> tuple[Path, str]:
    """Return the directory that gates, policies and keys come from, and its name in the report."""
    if trusted is not None:
        return Path(trusted).absolute(), "trusted directory"
    # Once a repository has gates, a change cannot bring its own.
    if base is not None and (before / FILE).exists():
        return before, f"base {base[:10]}"
    return files, "head"


def _ask(name: str, change: GatedChange) -> Gate:
    begin = time.monotonic()
    try:
        answer = CHECKS[name](change)
    except CourseError as error:
        # The tool is missing, a policy is broken, the time is over: no answer is not a yes.
        answer = GateAnswer(
            "unknown", f"{error.what}. {error.why.splitlines()[0] if error.why else ''} {error.next}".strip()
        )
    return Gate(name, answer.status, answer.reason, answer.findings, round(time.monotonic() - begin, 3))


def _registries(settings: Settings) -> Mapping[str, str]:
    """Return where the registry of the story is on this machine; a real host needs no entry."""
    if not settings.registry.endswith(".test"):
        return {}

    address = next((service.address for service in services.status() if service.name == "oci"), "")
    return {settings.registry: address} if address else {}
