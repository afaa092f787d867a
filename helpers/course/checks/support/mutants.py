"""Plants one fault at a time in a learner's module and asks whether the learner's own tests notice.

A fault is an override file (Terraform merges ``*_override.tf.json`` over the module), so it fits however the module
is written.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core.verdicts.checks import require
from helpers.course.checks.support.gpu_workspace import MODULE
from helpers.course.checks.support.module_probes import inspect
from helpers.course.checks.support.terraform_runs import each, terraform
from helpers.course.workspace import Workspace
from helpers.wrappers.terraform.errors import TerraformError
from helpers.wrappers.terraform.types import Event


@dataclass(frozen=True)
class Mutant:
    """One planted fault: attributes forced on the resource of a type.

    Attributes:
        name: as in the learner's table.
        type: resource type it changes.
        attributes: what they are forced to.
        fault: what is wrong with it, in words.
    """

    name: str
    type: str
    attributes: Mapping[str, Any]
    fault: str


_BUCKET, _POOL, _SECRET = "platform_artifact_bucket", "platform_gpu_pool", "platform_secret"
MUTANTS = (
    Mutant("encryption", _BUCKET, {"encryption": "AES256"}, "the bucket falls back to AES256"),
    Mutant("public", _BUCKET, {"public_access_blocked": False}, "the bucket allows public access"),
    Mutant("retention", _BUCKET, {"expire_days": 3650}, "the caller's retention is ignored"),
    Mutant("versioning", _BUCKET, {"versioning": False}, "the bucket keeps no versions"),
    Mutant("quota", _POOL, {"quota": 8000}, "the pool gets a quota of 8000"),
    Mutant("size", _POOL, {"size": 1}, "the pool ignores gpu_nodes"),
    Mutant("cost-centre", _POOL, {"cost_centre": "cc-0000"}, "the pool is booked on a cost centre that does not exist"),
    Mutant("pool-tags", _POOL, {"tags": None}, "the pool loses its tags"),
    Mutant("secret-tags", _SECRET, {"tags": None}, "the secret loses its tags"),
    Mutant("secret-version", _SECRET, {"value_wo_version": 1}, "a new token version sends nothing"),
)


@dataclass(frozen=True)
class Survivor:
    """A mutant that the tests did not notice."""

    mutant: Mutant
    address: str


def survivors(
    lab: Workspace, folder: Path, files: Sequence[str], env: Mapping[str, str], mutants: Sequence[Mutant] = MUTANTS
) -> list[Survivor]:
    """Return the mutants that the tests do not kill, in the order given.

    Args:
        lab: whose module, for the names of its resources.
        folder: an initialised copy of the module with its tests.
        files: test files to run.
        env: environment of the runs.
        mutants: the faults to plant.

    Raises:
        Unmet: the module lacks a resource to plant a fault in.
    """
    found = inspect(lab, MODULE)
    addresses = {}
    for mutant in mutants:
        blocks = found.of_type(mutant.type)
        require(blocks, f"{MODULE} has no resource of type {mutant.type} to plant {mutant.name} in")
        addresses[mutant.name] = blocks[0].name

    def lives(mutant: Mutant) -> bool:
        copy = folder.with_name(f"{folder.name}-{mutant.name}")
        shutil.copytree(folder, copy, symlinks=True)
        block = {"resource": {mutant.type: {addresses[mutant.name]: dict(mutant.attributes)}}}
        (copy / "planted_override.tf.json").write_text(json.dumps(block))
        # One file at a time, the rules first: most mutants die before the second file is read.
        return all(run(copy, [file], env) for file in files)

    alive = each(lives, mutants)
    return [
        Survivor(mutant, f"{mutant.type}.{addresses[mutant.name]}")
        for mutant, lived in zip(mutants, alive, strict=True)
        if lived
    ]


class _Noticed(Exception):
    """A run did not pass; the rest of the file need not be waited for."""


def run(folder: Path, files: Sequence[str], env: Mapping[str, str], *, clean_up: bool = False) -> bool:
    """Run test files and return whether they all pass; tests that Terraform cannot even start do not.

    Args:
        folder: an initialised module with its tests.
        files: test files to run.
        env: environment of the run.
        clean_up: the tests make real objects, so let Terraform remove them when a run has failed.
    """

    def stop_at_first(event: Event) -> None:
        if not clean_up and (event.raw.get("test_run") or {}).get("status") in ("fail", "error"):
            raise _Noticed

    try:
        return terraform(folder, env).test(filter=list(files), on_event=stop_at_first).passed
    except (TerraformError, _Noticed):
        return False


def without_validations(folder: Path) -> None:
    """Take every ``validation`` block out of a module in canonical format."""
    for file in folder.glob("*.tf"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"(?ms)^  validation \{\n.*?^  \}\n", "", text), encoding="utf-8")
