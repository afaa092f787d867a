"""The list of gates and the hosted pipeline of Lab 2, as files."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from helpers.compliance.gates import BadGates, GatesMissing, Settings
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks.support import gitops as kit
from helpers.course.workspace import Workspace

GATES, WORKFLOW = "gates.yaml", ".github/workflows/gates.yaml"
WANTED = ("signature", "render", "policy", "image", "secrets")
#: Directories of no environment, also those of the notebooks to come.
PLATFORM = (
    "clusters/root",
    "clusters/apps",
    "clusters/admission",
    "clusters/secrets",
    "projects",
    "tenants",
    "policy/admission",
    "apps/inference/secrets",
)
_HEAD = "github.event.pull_request.head.sha"
_BASE = "github.event.pull_request.base.sha"


def settings(lab: Workspace) -> Settings:
    """Return the learner's list of gates, complete.

    Raises:
        Unmet: it is not valid, or lacks a gate, a directory, a key.
    """
    at = f"{kit.ROOT}/{GATES}"
    kit.needed(lab, GATES)
    kit.document(lab, GATES)
    try:
        found = Settings.read(lab.path(kit.ROOT))
    except (BadGates, GatesMissing) as error:
        raise Unmet(f"{kit.ROOT}/{error.what}: {error.why}") from None
    missing = [gate for gate in WANTED if gate not in found.gates]
    require(not missing, f"{kit.where(lab, GATES, 'gates')}: the gate {', '.join(missing)} is not asked")
    for environment in kit.ENVIRONMENTS:
        folder = f"{kit.OVERLAYS}/{environment}"
        owners = [name for name, patterns in found.environments.items() if any(_covers(p, folder) for p in patterns)]
        line = kit.where(lab, GATES, "environments")
        require(owners, f"{line}: no environment has the directory {folder}, so no gate would judge it")
        says = ", ".join(owners)
        require(owners == [environment], f"{line}: the directory {folder} is judged as {says}, not as {environment}")
    patterns = (*found.platform, *(p for folders in found.environments.values() for p in folders))
    for folder in PLATFORM:
        line = kit.where(lab, GATES, "platform")
        require(any(_covers(p, folder) for p in patterns), f"{line}: {folder} is named nowhere; it would be refused")
    for what, is_, should in (
        ("images.registry", found.registry, "images.acme.test"),
        ("images.key", found.image_key, "trust/cosign.pub"),
        ("policy.rules", found.policy, "policy/conftest"),
        ("policy.data", found.data, "policy/data"),
        ("signers", found.signers, "trust/allowed_signers"),
    ):
        line = kit.where(lab, GATES, *what.split("."))
        require(is_ == should, f"{line}: {what} is {is_ or 'nothing'}, not {should}")
    require(not found.ignore, f"{at}: secrets.ignore leaves out {', '.join(found.ignore)}; nothing needs that here")
    return found


def _covers(pattern: str, folder: str) -> bool:
    """Does a pattern name a directory? A star stands for a part of one name."""
    wanted, given = PurePosixPath(folder).parts, PurePosixPath(pattern).parts
    return len(wanted) == len(given) and all(fnmatch.fnmatchcase(*pair) for pair in zip(wanted, given, strict=True))


def workflow(lab: Workspace, listed: Settings) -> str:
    """Return the line by which the hosted pipeline asks the gates: the one that ``gates.yaml`` lists.

    Raises:
        Unmet: it runs for something else, may do too much, judges other commits, or has a line of its own.
    """
    kit.needed(lab, WORKFLOW)
    content = kit.document(lab, WORKFLOW)
    _runs_when(lab, content)
    _may(lab, content)
    line = (listed.pipeline or {}).get("gates", "")
    whole = "course gates" in line and "BASE" in line and "HEAD" in line
    require(whole, f"{kit.where(lab, GATES, 'pipeline')}: gates asks not about the change from BASE to HEAD: {line}")
    _runs_what(lab, content, listed)
    return line


def _runs_when(lab: Workspace, content: Mapping[Any, Any]) -> None:
    # YAML 1.1 reads the key `on` as true.
    events = content.get("on", content.get(True))
    at = kit.where(lab, WORKFLOW, "on")
    named = [events] if isinstance(events, str) else list(events or ())
    require("pull_request" in named, f"{at}: it does not run for a pull_request")
    risky = "pull_request_target gives a stranger's change the rights of main"
    require("pull_request_target" not in named, f"{at}: {risky}")
    limits = (events.get("pull_request") if isinstance(events, Mapping) else None) or {}
    skips = ", ".join(key for key in limits if key != "branches")
    require(not skips, f"{at}: with {skips} some pull requests are not judged")
    branches = limits.get("branches")
    patterns = [branches] if isinstance(branches, str) else [str(one) for one in branches or ()]
    takes = branches is None or any(fnmatch.fnmatchcase("main", one) for one in patterns)
    require(takes, f"{at}: branches is {patterns}; a pull request to main is not judged")
    left_out = any(fnmatch.fnmatchcase("main", one.removeprefix("!")) for one in patterns if one.startswith("!"))
    require(not left_out, f"{at}: branches leaves out main")


def _may(lab: Workspace, content: Mapping[Any, Any]) -> None:
    at, rights = kit.where(lab, WORKFLOW, "permissions"), content.get("permissions")
    require(rights == {"contents": "read"}, f"{at}: permissions are {rights or 'not limited'}, not contents: read")
    for name, job in _jobs(content):
        more = job.get("permissions", rights)
        require(more == rights, f"{kit.where(lab, WORKFLOW, 'jobs', name)}: the job {name} takes {more} for itself")


def _jobs(content: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    jobs = content.get("jobs")
    for name, job in jobs.items() if isinstance(jobs, Mapping) else ():
        if isinstance(job, Mapping):
            yield str(name), job


def _runs_what(lab: Workspace, content: Mapping[Any, Any], listed: Settings) -> None:
    lines, asked = (listed.pipeline or {}), False
    for name, job in _jobs(content):
        steps = [one for one in job.get("steps") or () if isinstance(one, Mapping)]
        for number, one in enumerate(steps):
            at = kit.where(lab, WORKFLOW, "jobs", name, "steps", number)
            _pinned(at, str(one.get("uses") or ""))
            swallowed = any(part.get("continue-on-error") for part in (job, one))
            require(not swallowed, f"{at}: continue-on-error swallows the verdict")
            run = str(one.get("run") or "").strip()
            known = not run or run in lines.values()
            require(known, f"{at}: this line is not in {GATES}, so only the pipeline runs it: {run}")
            if run and run == lines.get("gates"):
                require("if" not in job, f"{at}: with if: the job {name} does not always run")
                require("if" not in one, f"{at}: with if: the gates are not always asked")
                _checked_out(at, steps[:number])
                _told(at, {**(content.get("env") or {}), **(job.get("env") or {}), **(one.get("env") or {})})
                require(
                    lines.get("install") in [str(s.get("run") or "").strip() for s in steps[:number]],
                    f"{at}: nothing installs the gates before: {lines.get('install')}",
                )
                asked = True
    require(asked, f"{kit.ROOT}/{WORKFLOW}: no step asks the gates: run: {lines.get('gates')}")


def _pinned(at: str, action: str) -> None:
    pinned = not action or re.search(r"@[0-9a-f]{40}$", action)
    require(pinned, f"{at}: {action} is a name that somebody may move: pin the action by commit")


def _checked_out(at: str, before: list[Mapping[str, Any]]) -> None:
    found = [one.get("with") or {} for one in before if str(one.get("uses") or "").startswith("actions/checkout@")]
    require(found, f"{at}: nothing is checked out before the gates are asked")
    said = found[-1]
    head = _HEAD in str(said.get("ref", ""))
    require(head, f"{at}: the checkout has no ref: the head of the pull request; it takes a merge nobody signed")
    require(said.get("fetch-depth") == 0, f"{at}: the checkout has no fetch-depth: 0, so the gates see no history")
    require(said.get("persist-credentials") is False, f"{at}: the checkout leaves a token behind: persist-credentials")


def _told(at: str, env: Mapping[str, Any]) -> None:
    for name, value in (("BASE", _BASE), ("HEAD", _HEAD)):
        require(value in str(env.get(name, "")), f"{at}: {name} is {env.get(name, 'not set')}, not {value}")
