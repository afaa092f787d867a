"""What the checks of the project share: the deliverables, the contract's judgement of some of them, and jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema

from helpers.clients.forge import Forge
from helpers.compliance import contracts
from helpers.compliance.module_rules import archive
from helpers.core.verdicts.checks import Unmet, require
from helpers.course.scenarios import training
from helpers.course.workspace import Workspace
from helpers.wrappers.git import Git

DELIVERED, KEYS = "deliverables", "handover/keys"
PACKAGE, CONTRACT = "module/package.tar.gz", "module/contract.json"
BUNDLE, GATES, RECORD = "policy/bundle.tar.gz", "pipeline/gates.yaml", "promotion/record.json"
#: How many faults of the contract a reason names.
NAMED = 3


def delivered(lab: Workspace, *paths: str) -> None:
    """Raise `Unmet` unless these files are among the deliverables, and the public keys are there."""
    for path in paths:
        require(lab.path(f"{DELIVERED}/{path}").is_file(), f"{DELIVERED}/{path} does not exist")
    require(list(lab.path(f"{KEYS}/signers").glob("*.pub")), f"{KEYS}/signers has no public key: nobody can verify")


def keeps(lab: Workspace, *prefixes: str, repository: Path | None = None) -> contracts.ContractVerification:
    """Return what the contract with PROJ-304 says of the deliverables below *prefixes*; none means all of it.

    Raises:
        Unmet: something of it is not valid, or could not be judged.
    """
    found = contracts.validate(lab.path(DELIVERED), keys=lab.path(KEYS), repository=repository)
    mine = [one for one in found.faults if not prefixes or one.where.startswith((*prefixes, "keys"))]
    said = [f"{DELIVERED}/{one.where}: {one.what}. {one.why}".strip() for one in mine]
    more = f" (and {len(said) - NAMED} more)" if len(said) > NAMED else ""
    require(not said, " | ".join(said[:NAMED])[:700] + more)
    return found


def data(lab: Workspace, path: str) -> dict[str, Any]:
    """Return a deliverable that `keeps` the contract, as data."""
    found: dict[str, Any] = json.loads(lab.path(f"{DELIVERED}/{path}").read_text(encoding="utf-8"))
    return found


def unpacked(lab: Workspace, path: str, *, rooted: bool = False) -> dict[str, bytes]:
    """Return path -> content of a delivered archive; raise `Unmet` when it cannot be opened."""
    try:
        return archive.unpack(lab.path(f"{DELIVERED}/{path}").read_bytes(), rooted=rooted)
    except archive.BadArchive as error:
        raise Unmet(f"{DELIVERED}/{path} cannot be opened: {error.problem.what}") from None


def clone(lab: Workspace) -> Git:
    """Return the verifier's own clone of the GitOps repository, on the newest ``main``.

    Raises:
        Unmet: the forge has no such repository, or nothing landed in it.
    """
    forge = Forge("ada")
    require(training.REPOSITORY in forge.repositories(), f"the forge has no repository {training.REPOSITORY}")
    git = forge.clone(training.REPOSITORY, lab.private() / "clones" / "verifier")
    branches = git.lines(["for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin"])
    require("main" in branches, f"nothing landed on main of {training.REPOSITORY}")
    git.run(["checkout", "--quiet", "--force", "-B", "main", "refs/remotes/origin/main"])
    return git


@dataclass(frozen=True)
class Case:
    """A job, in words, and whether the brief allows it.

    Attributes:
        about: the job. spec: what differs from the team's usual one. field: the field that is over the line, if any.
    """

    about: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    field: str = ""

    @property
    def allowed(self) -> bool:
        """Whether the brief allows it."""
        return not self.field


def refusals(contract: Mapping[str, Any], job: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield field and reason for what an operator refuses of a job by a module contract."""
    for mapping in contract["inputs"].values():
        value = at(job, mapping["field"]) if "field" in mapping else None
        if value is not None:
            for error in jsonschema.Draft202012Validator(mapping["accepts"]).iter_errors(value):
                yield mapping["field"], error.message


def inputs(contract: Mapping[str, Any], job: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """Return what the module gets for a job; *secret* stands for what a Secret would hold."""
    made = {}
    for name, one in contract["inputs"].items():
        value = one["value"] if "value" in one else secret if "secret" in one else at(job, one["field"])
        if value is not None:
            made[name] = value
    return made


def at(job: Mapping[str, Any], path: str) -> Any:
    """Return the value of a field; None when the job does not have it."""
    found: Any = job
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
