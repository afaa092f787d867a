"""The scenario of the lecture on the test pyramid: acme's training workspace, and the faults planted in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.compliance.pyramid import Bench, Layer, Room
from helpers.core.errors import BadInput
from helpers.core.files import write_atomic
from helpers.wrappers.hcl_mutants import HclMutant, hcl_mutants
from helpers.wrappers.terraform import TerraformError
from helpers.wrappers.terraform.types import Plan

__all__ = [
    "BOUNDARIES",
    "EXAMPLES",
    "MUTANTS",
    "SAMPLE",
    "SURVIVES_BOUNDARY",
    "SURVIVES_NETWORK",
    "fixture",
    "mutants",
    "new_tests",
    "plan_of",
    "plan_to_destroy",
    "renamed",
    "write_fixtures",
]

#: The one example that a hasty author has in mind when hard-coding a name.
EXAMPLES = {"local.name": "vision-dev", "var.team": "vision", "var.environment": "dev"}
SURVIVES_BOUNDARY = "widen-number:variable.retention_days.validation.condition#2"
SURVIVES_NETWORK = "drop-argument:platform_gpu_pool.this.network_id"
#: A choice from the more than 120 that the mutator finds: every operator's kind of fault at least once.
MUTANTS = (
    "break-syntax:output.network",
    "misspell:platform_artifact_bucket.this.encryption",
    "drop-description:variable.gpu_quota",
    "swap-reference:platform_gpu_pool.this.quota",
    "drop-output:output.pool",
    "widen-number:variable.gpu_quota.default",
    "change-type:variable.gpu_nodes",
    "drop-validation:variable.team.validation",
    "negate-condition:platform_artifact_bucket.this.precondition",
    "drop-argument:platform_artifact_bucket.this.encryption",
    "flip-bool:platform_artifact_bucket.this.public_access_blocked",
    "drop-tag:locals.tags.team",
    "hard-code:platform_artifact_bucket.this.name",
    "unstable:locals.tags.module",
    SURVIVES_BOUNDARY,
    SURVIVES_NETWORK,
    "drop-argument:platform_artifact_bucket.this.versioning",
    "flip-bool:platform_artifact_bucket.this.versioning",
)
RENAMED = "by-hand:platform_gpu_pool.this.name"
#: Layer that makes real objects -> mutants that the lecture runs it on although a cheaper layer has killed them. The
#: two dearest see what is left, and two more each.
SAMPLE: Mapping[str, tuple[str, ...]] = {
    "cloud": (*MUTANTS, RENAMED),
    "again": (*MUTANTS, RENAMED),
    "terratest": ("hard-code:platform_artifact_bucket.this.name", "unstable:locals.tags.module"),
    "controls": (
        "drop-argument:platform_artifact_bucket.this.encryption",
        "flip-bool:platform_artifact_bucket.this.public_access_blocked",
    ),
}

#: Tests that kill two of the survivors: one at the edge of a range, one about a connection between two resources.
BOUNDARIES = """\
mock_provider "platform" {}

variables {
  team        = "vision"
  environment = "dev"
  owner       = "vision@acme.test"
  cost_centre = "cc-4021"
}

run "a_day_more_than_a_year" {
  command = plan

  variables {
    retention_days = 366
  }

  expect_failures = [var.retention_days]
}

run "the_pool_is_in_the_network" {
  assert {
    condition     = platform_gpu_pool.this.network_id == platform_network.this.id
    error_message = "The pool is in the workspace's own network."
  }
}
"""


def mutants(bench: Bench) -> tuple[HclMutant, ...]:
    """Return the mutants of the lecture."""
    return (*hcl_mutants(bench.module, ids=MUTANTS, examples=EXAMPLES), renamed(bench))


def renamed(bench: Bench) -> HclMutant:
    """Return a fault that no operator makes: somebody gives the GPU pool a clearer name."""
    text = (bench.module / "main.tf").read_text(encoding="utf-8")
    before, block, after = text.partition('resource "platform_gpu_pool" "this" {\n')
    line = before.count("\n") + 2
    changed = after.replace("= local.name\n", '= "${local.name}-pool"\n', 1)
    return HclMutant(
        RENAMED, "by-hand", "main.tf", line, "local.name became ${local.name}-pool", before + block + changed
    )


def new_tests(text: str, *, name: str = "new tests") -> Layer:
    """Return a layer that runs a test file of the reader's own, with mocks.

    Args:
        text: content of a ``.tftest.hcl`` file.

    Raises:
        BadInput: there is no run block in it.
    """
    if "run " not in text:
        raise BadInput("There is no test", why="The text has no run block.", next='Write run "..." { ... }.')

    def judge(room: Room) -> str:
        write_atomic(room.root / "workspace/tests/new.tftest.hcl", text)
        try:
            summary = room.terraform("workspace").test(filter=["tests/new.tftest.hcl"])
        except TerraformError as error:
            return error.what
        failed = [run for run in summary.runs if run.status in ("fail", "error")]
        return "" if summary.passed else f"{failed[0].name}" if failed else repr(summary)

    return Layer("new", name, "plan", False, judge)


def plan_of(bench: Bench, mutant: HclMutant | None = None) -> Plan:
    """Return the plan of the consumer of a mutant, or of the module without a fault."""
    with bench.room(mutant) as room:
        return room.terraform("consumer").plan()


def plan_to_destroy(bench: Bench) -> Plan:
    """Apply the consumer, return the plan that would destroy it, and destroy it."""
    with bench.room() as room:
        terraform = room.terraform("consumer")
        terraform.apply(auto_approve=True)
        try:
            return terraform.plan(destroy=True)
        finally:
            terraform.destroy(auto_approve=True)


def fixture(plan: Plan) -> dict[str, Any]:
    """Return what policies read of a plan, without what differs from run to run: ids, ARNs, times."""
    changes = [
        {
            "address": change["address"],
            "type": change["type"],
            "change": {key: change["change"].get(key) for key in ("actions", "after", "after_unknown")},
        }
        for change in plan.raw["resource_changes"]
    ]
    return {"format_version": plan.format_version, "resource_changes": changes}


def write_fixtures(file: Path, plans: Mapping[str, Plan]) -> dict[str, Any]:
    """Write the fixtures of plans by name, as ``data.fixtures`` of the policy's tests, and return them."""
    found = {name: fixture(plan) for name, plan in plans.items()}
    write_atomic(file, json.dumps({"fixtures": found}, indent=1, sort_keys=True))
    return found
