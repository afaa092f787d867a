"""The layers, as data. A layer is a function that returns why it does not accept a module, or an empty text.

To add one, write such a function and put a `Layer` into `LAYERS` where its cost belongs, or hand
``layers=(*LAYERS, mine)`` to `measure`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from helpers.compliance import running
from helpers.compliance.pyramid.room import Room
from helpers.compliance.pyramid.types import Layer
from helpers.core.errors import CourseError
from helpers.wrappers import module_interface
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.inspec import Inspec
from helpers.wrappers.module_interface import InvalidModule
from helpers.wrappers.terraform import Terraform, TerraformError
from helpers.wrappers.terraform.errors import (
    BackendError,
    DiskFull,
    InitRequired,
    NoPermission,
    ProviderNotAvailable,
    StateLocked,
    TerraformStopped,
)
from helpers.wrappers.terraform.types import TestSummary
from helpers.wrappers.terratest import GoTest, Terratest
from helpers.wrappers.tflint import CannotLint, PluginNotHere, Tflint

#: Rules of TFLint beyond its preset: acme documents what its modules take and give.
LINT_RULES = ("terraform_documented_variables", "terraform_documented_outputs")
#: These say something of the machine, not of the module.
_MACHINE = (BackendError, DiskFull, InitRequired, NoPermission, ProviderNotAvailable, StateLocked, TerraformStopped)
#: What Terraform says of a fault, and what the harness says of a plan that destroys, in the output of a suite.
_ERROR = re.compile(r"Error: (.+)")
_LOST = re.compile(r"\S+ would be destroyed")
_AWAY = re.compile(r"connection refused|could not be reached|no such host|i/o timeout", re.IGNORECASE)


class CouldNotTell(CourseError):
    """A layer could not be run to its end: neither a kill nor a survivor."""

    code = "layer-could-not-tell"


def validate(room: Room) -> str:
    """Ask ``terraform validate`` of the module: does it parse, and does every name and type exist?"""
    found = room.terraform("workspace").validate()
    return "" if found.valid else found.errors[0].summary


def lint(room: Room) -> str:
    """Ask TFLint: unused, undocumented, untyped."""
    try:
        found = Tflint(room.root / "workspace").lint(enable=LINT_RULES)
    except PluginNotHere:
        raise
    except CannotLint as error:
        return f"cannot be read: {error.why.splitlines()[0]}"
    return "" if found.passed else found.issues[0].rule


def contract(room: Room) -> str:
    """Compare the interface with the published one: does a change break somebody who calls the module?"""
    try:
        now = module_interface.read(room.root / "workspace")
    except InvalidModule as error:
        return error.what
    broken = module_interface.compare(room.published, now).breaking
    return broken[0].text if broken else ""


def mocks(room: Room) -> str:
    """Run ``terraform test`` with a provider that knows its schema and no cloud."""
    return _tests(room, "tests/rules.tftest.hcl")


def policy(room: Room) -> str:
    """Plan a consumer and judge the plan by the platform's policies."""
    try:
        plan = room.terraform("consumer").plan()
    except TerraformError as error:
        return _said(error)
    found = Conftest(room.root).test(document=plan.raw, filename="plan.json").failures
    return min(result.msg for result in found) if found else ""


def cloud(room: Room) -> str:
    """Run ``terraform test`` for real: two workspaces are made side by side and destroyed."""
    return _tests(room, "tests/cloud.tftest.hcl")


def again(room: Room) -> str:
    """Apply a consumer and plan once more: does the module leave anything to do? What was made is destroyed."""
    terraform = room.terraform("consumer")
    try:
        terraform.apply(auto_approve=True)
        left = terraform.plan()
        return f"not idempotent: {left.summary}" if left.has_changes else ""
    except TerraformError as error:
        return _said(error)
    finally:
        _clear(terraform)


def terratest(room: Room) -> str:
    """Run the suite in Go: a consumer of the published module takes this one. What the suite leaves is destroyed."""
    attach = {"TF_REATTACH_PROVIDERS": room.provider.address} if room.provider else {}
    suite = Terratest(room.root / "upgrade", root=room.root, account=room.account, env={**room.env, **attach})
    run = suite.run()
    if run.left is not None and not run.left.destroyed:
        raise CouldNotTell("What a suite made is still there", why=run.left.why, next="course doctor")
    return _went_wrong(run.failures[0]) if run.failures else ""


def controls(room: Room) -> str:
    """Apply a consumer, ask the cloud's API what its buckets are like, and judge that by a profile; then destroy it."""
    terraform = room.terraform("consumer")
    try:
        terraform.apply(auto_approve=True)
        asked = {"buckets": _buckets(room), "bucket_report": running.bucket_command([room.account])}
        # One engine everywhere, so that its words are the same.
        report = Inspec(room.root / "controls", engine="testinfra").exec(asked)
    except TerraformError as error:
        return _said(error)
    finally:
        _clear(terraform)
    if failed := report.of("failed"):
        return f"{failed[0].id} does not hold: {failed[0].title}"
    if report.verdict != "passed":
        raise CouldNotTell("The controls could not tell", why=report.text(), next="course doctor")
    return ""


def _buckets(room: Room) -> list[str]:
    """Return the names of the buckets that the consumer's state holds."""
    state = json.loads((room.root / "consumer/terraform.tfstate").read_text(encoding="utf-8"))
    made = [one for one in state["resources"] if one["type"] == "platform_artifact_bucket"]
    return [instance["attributes"]["name"] for one in made for instance in one["instances"]]


def _clear(terraform: Terraform) -> None:
    # A state that is left behind would be in the way of the next mutant.
    if (terraform.workdir / "terraform.tfstate").exists() and terraform.state_list():
        terraform.destroy(auto_approve=True)


def _went_wrong(test: GoTest) -> str:
    """Return why a test in Go failed; what says something of the machine is raised."""
    if test.outcome != "fail" or _AWAY.search(test.output):
        raise CouldNotTell("A suite could not be run", why=test.output[-500:], next="course doctor")
    refused = _ERROR.search(test.output)
    lost = _LOST.search(test.output)
    return lost[0] if lost else refused[1] if refused else test.message or test.name


def _tests(room: Room, file: str) -> str:
    try:
        summary = room.terraform("workspace").test(filter=[file])
    except TerraformError as error:
        return _said(error)
    return "" if summary.passed else _failure(summary)


def _said(error: TerraformError) -> str:
    """Return Terraform's first error; what says something of the machine is raised."""
    whole = f"{error.what}\n{error.why}"
    if isinstance(error, _MACHINE) or _AWAY.search(whole):
        raise CouldNotTell("A layer could not be run", why=whole[-500:], next="course doctor") from error
    errors = [d for d in error.diagnostics_list if d.severity == "error"]
    return errors[0].summary if errors else error.what


def _failure(summary: TestSummary) -> str:
    for run in summary.runs:
        if run.status in ("fail", "error"):
            said: list[Any] = [d for d in run.diagnostics if d.severity == "error"]
            if any(_AWAY.search(f"{d.summary} {d.detail}") for d in said):
                raise CouldNotTell("The cloud went away", why=said[0].summary, next="course services start cloud")
            # Of several, Terraform's order is not the same in every run.
            return f"{run.name}: {min(d.summary for d in said) if said else run.status}"
    raise CouldNotTell("No test was run", why=repr(summary), next="terraform test -verbose")


#: From the bottom up, cheapest first.
LAYERS: tuple[Layer, ...] = (
    Layer("contract", "contract", "code", False, contract),
    Layer("lint", "lint (TFLint)", "code", False, lint),
    Layer("validate", "validate", "code", False, validate),
    Layer("mocks", "tests with mocks", "plan", False, mocks),
    Layer("policy", "policy on the plan", "plan", False, policy),
    Layer("cloud", "tests on a cloud", "objects", True, cloud),
    Layer("again", "apply, plan again", "objects", True, again),
    Layer("terratest", "Terratest: an upgrade", "objects", True, terratest),
    Layer("controls", "controls on what runs", "objects", True, controls),
)
