"""Writes what no other tool of the course writes as one file: the promotion record and the module contract."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from helpers.clients.forge import PullRequest
from helpers.compliance.contracts.promotion import way_back
from helpers.compliance.module_rules import archive, interface
from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.wrappers.git import Git, GitError

#: Where the GitOps repository says what an environment runs.
RELEASE = "apps/{application}/overlays/{environment}/release/kustomization.yaml"
_KINDS = {"Release ": "release", "Promote ": "promotion", "Roll back ": "rollback"}


def promotion_record(
    git: Git,
    pulls: Iterable[PullRequest],
    *,
    application: str,
    repository: str,
    environments: Sequence[str] = ("dev", "staging", "prod"),
) -> dict[str, Any]:
    """Return which digest came into which environment, by which pull request, and what to go back to.

    Args:
        git: a clone of the GitOps repository, on the newest ``main``.
        pulls: the pull requests of the forge. environments: in the order of promotion.

    Raises:
        BadInput: an environment never said what it runs, or a release came without a pull request.
    """
    landed = {pull.head: pull for pull in pulls if pull.state == "merged"}
    rows = [_row(landed, *one) for one in history(git, application, environments)]
    if lost := sorted(set(environments) - {row["environment"] for row in rows}):
        raise BadInput(
            f"main does not say what {', '.join(lost)} runs",
            why=f"No commit of it has {RELEASE.format(application=application, environment=lost[0])} with a digest.",
            next="Deliver the release file, and make the record again.",
        )
    current = {}
    for name in environments:
        own = [row for row in rows if row["environment"] == name]
        current[name] = {"digest": own[-1]["digest"], "rollback": way_back(own)}
    about = {"application": application, "repository": repository, "environments": list(environments)}
    return {**about, "releases": rows, "current": current}


def history(git: Git, application: str, environments: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return environment, commit and digest of each change of what runs, oldest first, as ``main`` has it."""
    order = {commit: place for place, commit in enumerate(git.lines(["rev-list", "--reverse", "HEAD"]))}
    found: list[tuple[str, str, str]] = []
    for environment in environments:
        path, last = RELEASE.format(application=application, environment=environment), ""
        for commit in git.lines(["log", "--format=%H", "--reverse", "--", path]):
            try:
                digest = _digest(yaml_reader.load(git.show(commit, path))["images"], application)
            except (GitError, yaml_reader.InvalidYaml, KeyError, IndexError, TypeError):
                continue
            if digest != last:
                found.append((environment, commit, digest))
                last = digest
    # By commit, and within one by the order of promotion: sorting keeps the order of what is equal.
    return sorted(found, key=lambda one: order[one[1]])


def _digest(images: Iterable[Mapping[str, Any]], application: str) -> str:
    """Return the digest that Kustomize gives an application's image: that of the last entry with its name."""
    return str([one for one in images if str(one["name"]).rpartition("/")[2] == application][-1]["digest"])


def _row(landed: Mapping[str, PullRequest], environment: str, commit: str, digest: str) -> dict[str, Any]:
    if commit not in landed:
        raise BadInput(
            f"No pull request brought {digest[:19]} to {environment}",
            why=f"Commit {commit[:10]} came another way, so nobody is known to have approved it.",
            next="Revert it, and bring it by a pull request.",
        )
    pull = landed[commit]
    kind = next((kind for start, kind in _KINDS.items() if pull.title.startswith(start)), "change")
    return {"environment": environment, "commit": commit, "digest": digest, "kind": kind, "pull": _plain(pull)}


def _plain(pull: PullRequest) -> dict[str, Any]:
    said = {**asdict(pull), "gates": pull.gates.to_dict() if pull.gates else None}
    said["approvals"] = [{**asdict(one), "at": one.at.isoformat()} for one in pull.approvals]
    made: dict[str, Any] = json.loads(json.dumps(said))
    return made


def module_contract(
    package: bytes,
    *,
    module: str,
    version: str,
    crd: Mapping[str, str],
    inputs: Mapping[str, Any],
    status: Mapping[str, str],
) -> dict[str, Any]:
    """Return the contract of a module: what the registry shows of it, with the mapping of a resource's fields.

    Args:
        package: the module's, as it is published.
        module: ``NAMESPACE/NAME/PROVIDER``. crd: group, version and kind.
        inputs: input -> ``field`` and ``accepts``, or ``value``, or ``secret`` and ``key``.
        status: output -> field of the status.

    Raises:
        BadInput: the package cannot be read.
    """
    try:
        shape, complaints = interface.read(archive.unpack(package))
    except archive.BadArchive as error:
        raise BadInput("The package cannot be opened", why=error.problem.what, next=error.problem.fix) from None
    if complaints:
        why = "; ".join(f"{where}: {what}" for where, what in complaints)
        raise BadInput("The module cannot be read", why=why, next="terraform validate")
    return {
        "module": module,
        "version": version,
        "digest": hashlib.sha256(package).hexdigest(),
        "interface": json.loads(json.dumps(interface.to_json(shape))),
        "crd": dict(crd),
        "inputs": dict(inputs),
        "status": dict(status),
    }
