"""Checks of Lab 1, notebook 03: the learner's tests, the faults they must catch, and drift."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.core import process
from helpers.core.paths import ROOT
from helpers.core.verdicts.checks import Unmet
from helpers.course.checks import require, step
from helpers.course.checks.support import component_tests, go_suites, test_files
from helpers.course.checks.support.component import READS, in_pulumi
from helpers.course.checks.support.gpu_workspace import INPUTS, MADE_UP, MODULE
from helpers.course.checks.support.module_probes import inspect, learners_fault, said, scratch
from helpers.course.checks.support.mutants import run, survivors, without_validations
from helpers.course.checks.support.terraform_runs import NOWHERE, each, one_provider, terraform, together
from helpers.course.workspace import Workspace
from helpers.wrappers.hcl_mutants.syntax import SourceFile
from helpers.wrappers.terraform.types import TestRun, TestSummary

UNIT, RULES, INTEGRATION = "tests/unit.tftest.hcl", "tests/rules.tftest.hcl", "tests/integration.tftest.hcl"
#: Variables whose refusals the unit tests must show.
REFUSALS = ("team", "environment", "cost_centre", "network_cidr", "gpu_nodes")


def has_runs(lab: Workspace, file: str) -> SourceFile:
    """Return a test file of the module, in parts.

    Raises:
        Unmet: it does not exist, does not parse, or holds no run block.
    """
    return test_files.has_runs(lab, f"{MODULE}/{file}")


@contextlib.contextmanager
def tested(lab: Workspace, env: Mapping[str, str] = NOWHERE) -> Iterator[Path]:
    """Give an initialised copy of the module with its tests; runs with this environment share a provider."""
    with scratch(lab, MODULE) as room, one_provider(env):
        with learners_fault(MODULE):
            terraform(room / MODULE).init(backend=False)
        yield room / MODULE


def beside(folder: Path, name: str) -> Path:
    """Return a copy of an initialised directory, next to it."""
    return shutil.copytree(folder, folder.with_name(f"{folder.name}-{name}"), symlinks=True)


def passing(folder: Path, file: str, env: Mapping[str, str]) -> TestSummary:
    """Run one test file on the learner's own module and refuse any run that does not pass."""
    with learners_fault(MODULE):
        summary = terraform(folder, env).test(filter=[file])
    for one in summary.runs:
        require(one.status == "pass", f'{MODULE}/{file}: run "{one.name}": {one.status}: {said(one.diagnostics)}')
    require(summary.passed, f"{MODULE}/{file}: nothing ran: {said(summary.diagnostics)}")
    return summary


@step(
    "lab1",
    "test-mock",
    reads=(MODULE, *READS),
    hints=(
        "Which bad values would a tired colleague type? Which run shows each of them refused?",
        'A run with variables { environment = "production" } and expect_failures = [var.environment] passes only when '
        'the value is refused. mock_provider "platform" {} stands at the top of the file.',
        'run "environment_is_refused" {\n  command = plan\n\n  variables {\n    environment = "production"\n  }\n\n'
        "  expect_failures = [var.environment]\n}",
    ),
)
def test_mock(lab: Workspace) -> str:
    """The unit tests pass with no cloud in reach, and show the refusals."""
    if in_pulumi(lab):
        return component_tests.unit(lab)
    has_runs(lab, UNIT)
    with tested(lab) as folder:
        copy = beside(folder, "refusals")
        runs: list[TestRun] = []
        shown: set[str] = set()
        together(
            lambda: runs.extend(passing(folder, UNIT, NOWHERE).runs),
            lambda: shown.update(refusals(copy)),
        )
    missing = [name for name in REFUSALS if name not in shown]
    say = f"{MODULE}/{UNIT}: no run shows a bad value refused for " + ", ".join(f'"{name}"' for name in missing)
    require(not missing, say)
    return f"{len(runs)} runs pass without a cloud and show {len(REFUSALS)} kinds of refusals"


def refusals(folder: Path) -> set[str]:
    """Return the variables whose refusal the unit tests expect: without validations, those runs must complain."""
    without_validations(folder)
    one_run_each(folder, UNIT, "alone")
    summary = terraform(folder).test(test_directory="alone")
    texts = [d.detail for one in summary.runs for d in one.diagnostics]
    return {name for text in texts for name in re.findall(r"object, var\.(\w+), was expected", text)}


def one_run_each(folder: Path, file: str, target: str) -> None:
    """Write each run of a test file into a file of its own: Terraform skips the runs after one that errs."""
    terraform(folder).fmt(file)
    text = (folder / file).read_text(encoding="utf-8")
    block = re.compile(r'^run "[^"]+" \{\n.*?^\}$', re.MULTILINE | re.DOTALL)
    head = block.sub("", text)
    (folder / target).mkdir()
    for number, run_block in enumerate(block.findall(text)):
        (folder / target / f"{number:03}.tftest.hcl").write_text(f"{head}\n{run_block}\n", encoding="utf-8")


@step(
    "lab1",
    "test-cloud",
    hints=(
        "What does only an apply know?",
        "command = apply, no mock_provider, and asserts on output.gpus, output.hourly_cost_usd and "
        "output.token_secret_arn.",
        'run "a_workspace_is_made" {\n  command = apply\n\n  assert {\n    condition     = output.gpus == 2\n'
        '    error_message = "..."\n  }\n  ...\n}',
    ),
)
def test_cloud(lab: Workspace) -> str:
    """The integration test applies to the cloud, asserts what came out, and leaves nothing."""
    if in_pulumi(lab):
        return component_tests.on_cloud(lab, in_cloud)
    test_files.asks_the_cloud(has_runs(lab, INTEGRATION), f"{MODULE}/{INTEGRATION}")
    env = cloud.environment("vision")
    before = in_cloud()
    with tested(lab, env) as folder:
        summary = passing(folder, INTEGRATION, env)
        left = sorted(set(in_cloud()) - set(before))
        require(not left, f"{MODULE}/{INTEGRATION} leaves {', '.join(left)} in the cloud")
        for wrong in WRONG:
            noticed = _notices_output(folder, wrong, env) or _notices_resource(lab, folder, wrong, env)
            require(noticed, f'{MODULE}/{INTEGRATION} passes with a wrong output "{wrong.output}": nothing asserts it')
    return f"{len(summary.runs)} run applied for real, noticed wrong outputs, and left nothing behind"


@dataclass(frozen=True)
class Wrong:
    """A wrong output, and the wrong resource that it would come from: its type, and its computed attributes."""

    output: str
    value: Any
    type: str
    attributes: Mapping[str, Any]


_POOL, _SECRET = "platform_gpu_pool", "platform_secret"
#: An ARN like any other, of somebody else's secret.
_ARN = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:vision-prod/other-a1b2c3"
WRONG = (
    Wrong("gpus", 0, _POOL, {"gpus": 0, "hourly_cost_usd": 1.6}),
    Wrong("hourly_cost_usd", -1, _POOL, {"gpus": 2, "hourly_cost_usd": -1}),
    Wrong("token_secret_arn", _ARN, _SECRET, {"arn": _ARN}),
)


def _notices_output(folder: Path, wrong: Wrong, env: Mapping[str, str]) -> bool:
    """Return whether the integration test fails on a module with a wrong output."""
    planted = folder / "planted_override.tf.json"
    planted.write_text(json.dumps({"output": {wrong.output: {"value": wrong.value}}}))
    noticed = not run(folder, [INTEGRATION], env, clean_up=True)
    planted.unlink()
    return noticed


def _notices_resource(lab: Workspace, folder: Path, wrong: Wrong, env: Mapping[str, str]) -> bool:
    """Return whether it fails when the resource itself comes out wrong: it may be asked instead of the output."""
    names = [block.name for block in inspect(lab, MODULE).of_type(wrong.type)]
    values = json.dumps(dict(wrong.attributes))
    played = "".join(f"override_resource {{\n  target = {wrong.type}.{n}\n  values = {values}\n}}\n\n" for n in names)
    file = folder / INTEGRATION
    text = file.read_text(encoding="utf-8")
    file.write_text(played + text, encoding="utf-8")
    noticed = not run(folder, [INTEGRATION], env, clean_up=True)
    file.write_text(text, encoding="utf-8")
    return noticed


def in_cloud() -> list[str]:
    """Return what vision's account holds of the kinds the module makes."""

    def client(name: str) -> Any:
        return cloud.client(name, "vision")

    buckets = [f"bucket {b['Name']}" for b in client("s3").list_buckets()["Buckets"]]
    networks = [f"network {v['VpcId']}" for v in client("ec2").describe_vpcs()["Vpcs"]]
    groups = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    pools = [f"pool {g['AutoScalingGroupName']}" for g in groups]
    secrets = [f"secret {s['Name']}" for s in client("secretsmanager").list_secrets()["SecretList"]]
    return [*buckets, *networks, *pools, *secrets]


@step(
    "lab1",
    "test-mutants",
    reads=(MODULE, *READS),
    hints=(
        "If this fault were in your module tonight, which of your tests would be red tomorrow?",
        "Assert the attribute of the resource that the reason names, in a run whose inputs differ from the defaults.",
        'assert {\n  condition     = platform_artifact_bucket.this.encryption == "aws:kms"\n  error_message = "..."\n}'
        "\nand likewise for the attribute in the reason",
    ),
)
def test_mutants(lab: Workspace) -> str:
    """No planted fault survives the learner's mocked tests, which pass on the module as it is."""
    if in_pulumi(lab):
        return component_tests.mutants(lab)
    has_runs(lab, UNIT)
    files = mocked_tests(lab)
    with tested(lab) as folder:
        each(lambda file: passing(folder, file, NOWHERE), files)
        alive = survivors(lab, folder, files, NOWHERE)
    if alive:
        first, names = alive[0], ", ".join(one.mutant.name for one in alive)
        attributes = ", ".join(f"{k} = {json.dumps(v)}" for k, v in first.mutant.attributes.items())
        raise Unmet(
            f"{len(alive)} mutants survived: {names}. The first: {first.mutant.fault} ({first.address}: {attributes}), "
            "and every test still passes"
        )
    return "all planted faults were caught"


@step(
    "lab1",
    "terratest",
    hints=(
        "What has to run whatever happens: an apply that fails half way, a failed assertion, a panic?",
        "defer terraform.Destroy(t, options) stands before the apply. InitAndApplyAndIdempotent also asks for a second "
        "plan. made(t, options, TYPE) gives what really stands in the state, to compare the outputs with.",
        "func TestWorkspace(t *testing.T) {\n\toptions := options(t)\n\tdefer terraform.Destroy(t, options)\n"
        "\tterraform.InitAndApplyAndIdempotent(t, options)\n\toutputs := terraform.OutputAll(t, options)\n"
        '\tassert.Equal(t, 2.0, outputs["gpus"])\n\t...\n}',
    ),
)
def terratest(lab: Workspace) -> str:
    """The Go tests pass on the module, fail on planted faults, and leave nothing in the cloud either way."""
    require(lab.path(go_suites.SUITE).is_dir(), f"{go_suites.SUITE} does not exist")
    built = inspect(lab, MODULE)
    for kind in MADE_UP:
        require(built.of_type(kind), f"{MODULE} has no resource of type {kind}: the step build comes first")
    before = in_cloud()
    with scratch(lab, MODULE) as room, go_suites.Suites(room / MODULE) as suites:
        run = go_suites.passing(suites)
        left = sorted(set(in_cloud()) - set(before))
        require(not left, f"{go_suites.SUITE} leaves {', '.join(left)} in the cloud")
        go_suites.noticed(suites, go_suites.FAULTS)
    faults = len(go_suites.FAULTS)
    return f"{run.count('pass')} Go tests passed, noticed {faults} planted faults, and left nothing behind"


def mocked_tests(lab: Workspace) -> list[str]:
    """Return the learner's test files that need no cloud, whatever they are called; those of the rules first."""
    with_runs = [f"tests/{name}" for name in test_files.with_runs(lab, f"{MODULE}/tests")]
    first = {RULES: 0, UNIT: 1}
    return sorted((name for name in with_runs if name != INTEGRATION), key=lambda name: (first.get(name, 2), name))


DETECTOR = "drift/detect.py"


@step(
    "lab1",
    "drift",
    hints=(
        "What would your detector say on a night when every plan fails?",
        "drift.status has three values. Anything that is neither in-sync nor drifted is a 3. "
        "change.changed_attributes() gives objects with a path.",
        'return {"in-sync": 0, "drifted": 2}.get(drift.status, 3)\n...\n'
        'return [change.address + ": " + ", ".join(a.path for a in change.changed_attributes())\n'
        "        for change in drift.changes]",
    ),
)
def drift(lab: Workspace) -> str:
    """The detector answers rightly for a workspace in sync, drifted, and one that Terraform cannot read."""
    require(lab.read(DETECTOR), f"{DETECTOR} does not exist")
    built = inspect(lab, MODULE)
    for kind in MADE_UP:
        require(built.of_type(kind), f"{MODULE} has no resource of type {kind}: the step build comes first")
    with scratch(lab, MODULE, pattern="*.tf") as room, scratch(lab, DETECTOR) as script, applied(room) as folder:
        _answers(script / DETECTOR, folder, "unknown", 3, "typo.tf", broken=True)
        _answers(script / DETECTOR, folder, "in-sync", 0, "")
        _suspend_versioning()
        _answers(script / DETECTOR, folder, "drifted", 2, "platform_artifact_bucket", also="versioning")
    return "three situations, three answers"


WORDS = {"unknown": "could not tell", "in-sync": "in sync", "drifted": "drifted"}
BY_CODE = {0: "in sync", 2: "drifted", 3: "could not tell"}
_BUCKET = "acme-drifting-dev-artifacts"


@contextlib.contextmanager
def applied(room: Path) -> Iterator[Path]:
    """Give a root module of the learner's module, applied to the cloud; destroyed afterwards."""
    folder = room / "drifting"
    folder.mkdir()
    call = {**INPUTS, "source": f"../{MODULE}", "team": "drifting", "registry_token": "${var.registry_token}"}
    token = {"type": "string", "sensitive": True, "ephemeral": True}
    source = {"platform": {"source": "acme.test/platform/platform"}}
    document = {
        "terraform": {"required_providers": source},
        "variable": {"registry_token": token},
        "module": {"workspace": call},
    }
    (folder / "main.tf.json").write_text(json.dumps(document))
    env = cloud.environment("vision")
    with learners_fault(MODULE), one_provider(env):
        drifting = terraform(folder, env, variables={"registry_token": "of-the-check"})
        drifting.init()
        try:
            drifting.apply(auto_approve=True)
            yield folder
        finally:
            drifting.destroy(auto_approve=True)


def _suspend_versioning() -> None:
    off = {"Status": "Suspended"}
    cloud.client("s3", "vision").put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration=off)


def _answers(
    script: Path, folder: Path, status: str, code: int, names: str, *, also: str = "", broken: bool = False
) -> None:
    typo = folder / "typo.tf"
    if broken:
        typo.write_text('output "oops" {\n  value = module.workspace.nothing\n}\n')
    env = process.environment({"PYTHONPATH": str(ROOT)})
    done = process.run([sys.executable, script, folder], env=env, timeout=120)
    typo.unlink(missing_ok=True)
    error = done.stderr.strip().splitlines()[-1:] or [""]
    require("Traceback" not in done.stderr, f"{DETECTOR} ends with {error[0]}")
    said_code = BY_CODE.get(done.returncode, f"exit code {done.returncode}")
    about = f"{DETECTOR}: a workspace that is {WORDS[status]!r}"
    words = f"; it says: {done.stdout.strip()}" if done.stdout.strip() else ""
    codes = f"exit code {done.returncode}, not {code}{words}"
    require(done.returncode == code, f"{about} is reported as {said_code!r} ({codes})")
    for word in filter(None, (names, also)):
        require(word in done.stdout, f"{about}: the report does not name {word}")
