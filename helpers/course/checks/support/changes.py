"""Throw-away changes of the learner's repository: each is committed in a clone that is gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.compliance import gates
from helpers.core import process, yaml_reader
from helpers.core.errors import CourseError
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks.support.gitops import OVERLAYS, release
from helpers.course.delivery import REPOSITORY, Platform

if TYPE_CHECKING:
    from helpers.clients.forge import PullRequest
    from helpers.compliance.gates import GateReport
    from helpers.wrappers.git import Git

DEV = f"{OVERLAYS}/dev/kustomization.yaml"


@dataclass(frozen=True)
class Change:
    """One change, good in every way but one.

    Attributes:
        about: what it does, in words. gate: the one that must fail; empty when all must pass.
        edit: makes it in a clone. person: who signs it.
    """

    about: str
    gate: str
    edit: Callable[[Path, Platform], None]
    person: str = "learner"


@contextlib.contextmanager
def committed(world: Platform, change: Change) -> Iterator[Git]:
    """Give a clone with the change committed on top of ``main``; it is gone afterwards.

    Raises:
        Unmet: ``main`` has not the files that it changes.
    """
    with tempfile.TemporaryDirectory(prefix="mod208-check-") as name:
        git = world.forge(change.person).clone(REPOSITORY, Path(name) / "clone")
        try:
            change.edit(git.workdir, world)
        except (OSError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise Unmet(f"main is not as notebook 01 left it: {error}") from None
        git.add(all=True)
        git.commit(f"check: {change.about}")
        yield git


def asked(git: Git, **options: Any) -> GateReport:
    """Return what the gates say of the newest commit of a clone.

    Raises:
        Unmet: ``main`` has no list of gates, or one that is not valid.
    """
    try:
        return gates.run(git.workdir, base="origin/main", **options)
    except gates.GatesUnreadable as error:
        raise Unmet(f"the gates cannot be asked: {error.what}. {error.why}") from None


def alone(world: Platform, change: Change) -> None:
    """Raise `Unmet` unless the change fails at its gate, and at no other."""
    with committed(world, change) as git:
        report = asked(git)
    stopped = {gate.name: gate.reason for gate in report.gates if not gate.passed}
    said = "; ".join(f"{name}: {reason}" for name, reason in stopped.items())
    if not change.gate:
        require(report.passed, f"the gates stop {change.about}: {said}")
        return
    gate = report.gate(change.gate)
    require(gate, f"the gate {change.gate} is not asked about {change.about}")
    require(gate and gate.status == "failed", f"the gate {change.gate} lets {change.about} pass")
    require(set(stopped) == {change.gate}, f"{change.about} is stopped by more than the gate {change.gate}: {said}")


def exit_code(git: Git, line: str) -> int:
    """Return what a line of the pipeline ends with for the newest commit of a clone, run by bash as a runner would."""
    ours = {name: os.environ[name] for name in ("MOD208_STATE", "MOD208_CACHE") if name in os.environ}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    head, base = (git.lines(["rev-parse", name])[0] for name in ("HEAD", "origin/main"))
    env = process.environment({**ours, "PATH": path, "BASE": base, "HEAD": head})
    bash = shutil.which("bash") or "/bin/bash"
    return process.run([bash, "-e", "-o", "pipefail", "-c", line], cwd=git.workdir, env=env, timeout=180).returncode


def proposed(world: Platform, change: Change) -> PullRequest:
    """Return an approved pull request of the change as the forge judges it; it is closed, and its branch removed."""
    with committed(world, change) as git:
        forge, branch = world.forge(change.person), f"check-{uuid.uuid4().hex[:8]}"
        git.push("origin", f"HEAD:refs/heads/{branch}")
        number = 0
        try:
            number = forge.open_pull(REPOSITORY, branch, title=f"check: {change.about}").number
            return world.forge("bela").approve(REPOSITORY, number)
        finally:
            if number:
                forge.close(REPOSITORY, number)
            with contextlib.suppress(CourseError):
                git.push("origin", f":refs/heads/{branch}")


def _edited(file: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    content = yaml_reader.load(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(yaml_reader.dump(content), encoding="utf-8")


def harmless(folder: Path, _: Platform) -> None:
    """Add an annotation to dev."""
    _edited(folder / DEV, lambda it: it.update(commonAnnotations={"acme.test/check": "harmless"}))


def patched(path: str, value: object) -> Callable[[Path, Platform], None]:
    """Return a change that sets one field of dev's Deployment."""
    patch = yaml_reader.dump([{"op": "add", "path": path, "value": value}])
    entry: Mapping[str, Any] = {"target": {"kind": "Deployment"}, "patch": patch}

    def edit(folder: Path, _: Platform) -> None:
        _edited(folder / DEV, lambda it: it.setdefault("patches", []).append(dict(entry)))

    return edit


def unsigned(folder: Path, world: Platform) -> None:
    """Let dev run an image that nobody signed."""
    digest = world.image("6.6.6").partition("@")[2]
    _edited(folder / release("dev"), lambda it: it["images"][0].update(digest=digest))


def sneaky(folder: Path, world: Platform) -> None:
    """Make the server privileged, and take the gate that refuses it off the list in the same commit."""
    PRIVILEGED.edit(folder, world)
    _edited(folder / "gates.yaml", lambda it: it["gates"].remove("policy"))


def elsewhere(folder: Path, _: Platform) -> None:
    """Put a manifest where no line of the list looks."""
    (folder / "extra").mkdir()
    (folder / "extra" / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata:\n  name: extra\n")


_SERVER = "/spec/template/spec/containers/0"
HARMLESS = Change("a harmless change", "", harmless)
STRANGER = Change("a change signed by a stranger", "signature", harmless, "mallory")
PRIVILEGED = Change("a privileged container", "policy", patched(f"{_SERVER}/securityContext/privileged", True))
UNSIGNED = Change("an image that nobody signed", "image", unsigned)
SNEAKY = Change("a privileged container and a shorter list of gates", "policy", sneaky)
ELSEWHERE = Change("a manifest in a directory that no environment renders", "render", elsewhere)
