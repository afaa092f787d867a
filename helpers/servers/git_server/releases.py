"""A tag that releases a module is judged before it enters, by the same gates as ``course release check``.

Who may lie: the pusher, about what is tagged and by whom. The gates see the pushed objects in a repository made for
them, with the forge's list of signers and the branches as they will be; nothing of the pusher's configuration.
"""

from __future__ import annotations

import importlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from helpers.servers.git_server.problems import Refusal, printable
from helpers.servers.git_server.repositories import Bare
from helpers.wrappers.git import Git
from helpers.wrappers.git.types import UnknownRevision

#: Name by which a repository's policy turns these gates off.
GATE = "release"
#: Asked in this order; what runs the pushed code is asked only when the rest says yes.
_ROUNDS = (("tag", "branch", "version", "changelog", "package"), ("readme", "tests"))
_TAG = re.compile(r"(?:([a-z0-9][a-z0-9_-]*)/)?v\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?")
_NEXT = {
    "tag": "git tag -d {tag} && git tag -s {tag} COMMIT   # signed by a key that the forge trusts; then push it again",
    "version": "course release next {module}   # says which version it has to be; then tag that and push it",
    "changelog": "Land a change that adds the entry to CHANGELOG.md, then tag its commit: git tag -s {tag} COMMIT",
    "package": "Land a change that puts this right, then tag its commit: git tag -s {tag} COMMIT",
    "readme": "course docs check {path}   # the same, here; land the correction, then tag its commit",
    "tests": "terraform -chdir={path} test   # land the correction, then tag its commit",
}


def refusals(bare: Bare, signers: Path, tag: str, tags: Mapping[str, str], heads: Mapping[str, str]) -> list[Refusal]:
    """Return what stands against a new tag, when it is one that releases a module.

    Args:
        bare: the repository, with the push's quarantine.
        signers: whose key is whose, by the forge.
        tag: its name. tags: the new tags of the push, this one too: an earlier release may come with a later one.
        heads: protected branch -> its tip when the push is accepted; one of them has the tagged commit.
    """
    policy = bare.policy()
    named = _TAG.fullmatch(tag)
    if not policy.gates or GATE in policy.ignored or named is None:
        return []
    module = named[1] or ""
    path = f"modules/{module}" if module else "."
    commit = bare.rev_parse(f"{tags[tag]}^{{}}")
    if not _has(bare, commit, f"{path}/module.yaml".removeprefix("./")):
        return _no_module(bare, commit, tag, path)
    branch = next((name for name, tip in heads.items() if bare.contains(tip, commit)), "")
    try:
        return _ask(bare, signers, tags, branch, heads, {"tag": tag, "module": module, "path": path})
    # Whatever goes wrong in a gate, the tag must not pass by it.
    except Exception as error:
        said = printable(f"{type(error).__name__}: {error}", 400)
        what = f"The tag {printable(tag)} could not be judged by the release's gates"
        return [Refusal("release-unknown", what, said, f"course release check {tag} --signers FILE")]


def _ask(
    bare: Bare, signers: Path, tags: Mapping[str, str], branch: str, heads: Mapping[str, str], words: Mapping[str, str]
) -> list[Refusal]:
    # Expensive to import, and few pushes bring a release.
    release = importlib.import_module("helpers.compliance.release")
    with _seen(bare, tags, heads) as repository:
        for gates in _ROUNDS:
            report = release.judge(repository, words["tag"], signers=signers, branch=branch, gates=gates)
            if found := [_refusal(gate, words) for gate in report.gates if not gate.passed]:
                return found
    return []


def _refusal(gate: Any, words: Mapping[str, str]) -> Refusal:
    said = "said no" if gate.status == "failed" else "could not tell"
    places = [f"{f.file}:{f.line or ''} {f.rule}: {f.message}" for f in gate.findings[:5]]
    why = "\n".join(printable(line, 400) for line in (gate.reason, *places) if line)
    next = _NEXT.get(gate.name, "course release check {tag} --signers FILE   # the same gates, here").format(**words)
    return Refusal(f"release-{gate.name}", f"{words['tag']}: the release gate {gate.name} {said}", why, next)


def _has(bare: Bare, commit: str, path: str) -> bool:
    try:
        bare.show(commit, path)
    except UnknownRevision:
        return False
    return True


def _no_module(bare: Bare, commit: str, tag: str, path: str) -> list[Refusal]:
    """A tag like that of a release names nothing: a slip in a repository of modules, elsewhere its own affair."""
    files = bare.lines(["ls-tree", "-r", "--name-only", commit, "--", "modules"])
    there = sorted({name.split("/")[1] for name in files if name.endswith("/module.yaml") and name.count("/") == 2})
    if not there or path == ".":
        return []
    what = f"The tag {printable(tag)} is that of a release, and names no module"
    why = f"{printable(path)}/module.yaml is not in the tagged commit; there is: {', '.join(there)}."
    return [Refusal("release-module", what, why, f"git tag -s {there[0]}/vX.Y.Z COMMIT   # for modules/{there[0]}")]


@contextmanager
def _seen(bare: Bare, tags: Mapping[str, str], heads: Mapping[str, str]) -> Iterator[Path]:
    """Give a repository that borrows the objects, also the pushed ones, and has the references as they will be."""
    with tempfile.TemporaryDirectory(prefix="mod208-tag-") as aside:
        folder = Path(aside) / "seen.git"
        folder.mkdir()
        git = Git(folder)
        git.init(branch=next(iter(heads)), bare=True)
        stores = [str(bare.workdir / "objects")]
        for name in ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"):
            stores += filter(None, bare.push_env.get(name, "").split(os.pathsep))
        (folder / "objects" / "info" / "alternates").write_text(
            "".join(f"{store}\n" for store in dict.fromkeys(stores))
        )
        refs = {f"refs/heads/{name}": sha for name, sha in heads.items()}
        refs |= {name: sha for name, sha, _ in bare.refs("refs/tags")}
        refs |= {f"refs/tags/{name}": sha for name, sha in tags.items()}
        git.run(["update-ref", "--stdin"], input="".join(f"create {name} {sha}\n" for name, sha in refs.items()))
        yield folder
