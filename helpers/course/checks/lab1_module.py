"""Checks of Lab 1, notebooks 01 and 02: the interface, a consumer, the build, the repair, the plan."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from helpers.clients.aws import cloud
from helpers.core import yaml_reader
from helpers.core.yaml_reader import InvalidYaml
from helpers.course.checks import Unmet, every, item, require, settled, step
from helpers.course.checks.support import component_example, component_rules
from helpers.course.checks.support.component import READS, in_pulumi
from helpers.course.checks.support.gpu_workspace import (
    INPUTS,
    MADE_UP,
    MODULE,
    OTHER,
    OUTPUTS,
    POOL,
    REFUSED,
    SPEC,
    Input,
    Rule,
    promised,
    rules,
)
from helpers.course.checks.support.module_probes import Probe, ask_all, inspect, learners_fault, said, scratch
from helpers.course.checks.support.terraform_runs import one_provider, terraform
from helpers.course.workspace import Workspace
from helpers.wrappers.module_interface import Interface, read
from helpers.wrappers.module_interface.type_constraint import parse
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import TerraformError
from helpers.wrappers.terraform.types import State

EXAMPLE = f"{MODULE}/examples/basic"
BROKEN = "exercises/broken"
CHECKED_TOKEN = "a-token-for-the-check"  # noqa: S105 (it protects nothing)


@step(
    "lab1",
    "interface",
    reads=(MODULE, *READS),
    hints=(
        "Read the table of the decision row by row. Which of its words is not in your file yet?",
        "Each variable has description, type and, where the table says so, default, nullable = false and a validation. "
        "regex() raises an error when nothing matches: wrap it in can().",
        'variable "cost_centre" {\n  description = "..."\n  type        = string\n\n  validation {\n'
        '    condition     = can(regex("^cc-[0-9]{4}$", var.cost_centre))\n    error_message = "..."\n  }\n}',
    ),
)
def interface(lab: Workspace) -> str:
    """Inputs and outputs are declared as decided, and the inputs refuse what they must."""
    if in_pulumi(lab):
        return component_rules.interface(lab)
    found = inspect(lab, MODULE)
    for name, wanted in SPEC.items():
        with every("Inputs"):
            _declared(found, name, wanted)
    for name in OUTPUTS:
        with item("Outputs", name):
            output = found.output(name)
            if output is None:
                raise Unmet(f'output "{name}" is not declared in {MODULE}/outputs.tf')
            require(output.description, f'{MODULE}/{output.where}: output "{name}" has no description')
    settled()
    with scratch(lab, f"{MODULE}/variables.tf") as room:
        folder = room / MODULE
        with item("Values that are tried", "registry_token"):
            _kept_nowhere(folder)
        ask_all(folder, MODULE, REFUSED, INPUTS)
    return f"{len(SPEC)} inputs and {len(OUTPUTS)} outputs are as decided; {len(REFUSED)} probes were answered rightly"


def _declared(found: Interface, name: str, wanted: Input) -> None:
    given = found.variable(name)
    if given is None:
        raise Unmet(f'variable "{name}" is not declared in {MODULE}/variables.tf')
    where = f"{MODULE}/{given.where}"
    require(given.description, f'{where}: variable "{name}" has no description')
    kind = " ".join(given.type.split()) or "missing"
    same = kind == wanted.type or (given.type and parse(given.type) == parse(wanted.type))
    require(same, f'{where}: the type of variable "{name}" is {kind}, not {wanted.type}')
    if wanted.required:
        require(given.required, f'{where}: variable "{name}" must have no default: the caller has to say it')
    else:
        require(not given.required, f'{where}: variable "{name}" has no default ({wanted.default!r})')
        kept = given.defaults_to(wanted.default)
        require(kept, f'{where}: the default of "{name}" is {given.default!r}, not {wanted.default!r}')
    if wanted.secret:
        require(given.sensitive, f'{where}: variable "{name}" is a secret, but is not sensitive')


def _kept_nowhere(folder: Path) -> None:
    """Terraform itself refuses an ephemeral value in an ordinary output; so it must refuse this one."""
    probe = folder / "probe.tf.json"
    probe.write_text(json.dumps({"output": {"probe": {"value": "${var.registry_token}", "sensitive": True}}}))
    with learners_fault(MODULE):
        answer = terraform(folder).validate()
    probe.unlink()
    require(
        any("phemeral" in d.summary for d in answer.errors),
        f'{MODULE}/variables.tf: variable "registry_token" would be kept in the state: it is not ephemeral'
        if answer.valid
        else f"{MODULE}/{answer.errors[0].where}: {answer.errors[0].summary}: {answer.errors[0].detail}",
        (
            "sensitive hides a value on the screen. Where else does Terraform keep it?",
            "A state file holds sensitive values in the clear. Look at the third detail under the table.",
            'variable "registry_token" {\n  ...\n  sensitive = true\n  ephemeral = true\n}',
        ),
    )


@step(
    "lab1",
    "contract",
    reads=(MODULE, *READS),
    hints=(
        "What must a caller say, and what has a default?",
        "A variable block (sensitive and ephemeral), a module block, two output blocks. A module gives "
        "its outputs as module.NAME.OUTPUT.",
        'module "workspace" {\n  source = "../.."\n\n  team = "vision"\n  ...\n  registry_token = var.registry_token\n'
        '}\n\noutput "bucket" {\n  value = module.workspace.bucket\n}',
    ),
)
def contract(lab: Workspace) -> str:
    """The example type-checks against the interface, before there is anything behind it."""
    if in_pulumi(lab):
        return component_example.contract(lab)
    consumer = inspect(lab, EXAMPLE)
    require(consumer.module_calls, f"{EXAMPLE} has no module block")
    first = consumer.module_calls[0]
    call = next((c for c in consumer.module_calls if posixpath.normpath(f"{EXAMPLE}/{c.source}") == MODULE), None)
    if call is None:
        raise Unmet(f'{EXAMPLE}/{first.where}: the source is {first.source!r}, not "../.."')
    with every("What the example declares"):
        for name in ("hourly_cost_usd", "bucket"):
            require(consumer.output(name), f'{EXAMPLE}: output "{name}" is not declared')
        secret_variable(consumer, EXAMPLE)
    settled()
    given = call_of_example(lab, consumer)
    wanted = {"team": "vision", "environment": "dev", "cost_centre": "cc-4021", "network_cidr": "10.20.0.0/20"}
    with every("What the module gets"):
        for name, value in {**wanted, "gpu_kind": "l4", "gpu_nodes": 1}.items():
            gets = f"{EXAMPLE}/{call.where}: the module gets {name} = {given[name]!r}, not {value!r}"
            require(given[name] == value, gets)
    return "the example type-checks against the interface and asks for what was agreed"


def secret_variable(root: Interface, where: str) -> None:
    """Raise `Unmet` unless a root module declares the token, sensitive and ephemeral."""
    token = root.variable("registry_token")
    if token is None:
        raise Unmet(f'{where}: variable "registry_token" is not declared')
    require(token.sensitive, f'{where}/{token.where}: variable "registry_token" is a secret, but is not sensitive')
    require(token.ephemeral, f'{where}/{token.where}: variable "registry_token" is kept in the state: not ephemeral')


def call_of_example(lab: Workspace, consumer: Interface) -> dict[str, Any]:
    """Return the inputs that the example gives to the module, as Terraform works them out on a skeleton.

    Raises:
        Unmet: the example does not fit the interface, or an output of it comes from elsewhere.
    """
    declared = inspect(lab, MODULE)
    with scratch(lab, f"{MODULE}/variables.tf") as room, scratch(lab, EXAMPLE, pattern="*.tf") as example:
        echo = {v.name: f"${{var.{v.name}}}" for v in declared.variables if not v.sensitive}
        # The token cannot be shown; a condition can compare it.
        token = {
            "condition": f'${{var.registry_token == "{CHECKED_TOKEN}"}}',
            "error_message": "registry_token is not what the caller was given.",
        }
        shown = {o.name: {"output": o.name, "inputs": echo} for o in declared.outputs}
        asked = {"precondition": token} if declared.variable("registry_token") else {}
        outputs = {name: {"value": value, **asked} for name, value in shown.items()}
        (room / MODULE / "skeleton.tf.json").write_text(json.dumps({"output": outputs}))
        (example / EXAMPLE).rename(_parent(room / EXAMPLE))
        folder = room / EXAMPLE
        with learners_fault(EXAMPLE):
            terraform(folder).init(backend=False)
            answer = terraform(folder).validate()
            if not answer.valid:
                first = answer.errors[0]
                raise Unmet(f"{EXAMPLE}/{first.where}: {first.summary}: {' '.join(first.detail.split())}")
        given = {"registry_token": CHECKED_TOKEN}
        probe = Probe("contract", say=f"{EXAMPLE} does not fit the interface")
        mock: dict[str, Any] | None = {} if "platform" in [p.name for p in consumer.providers] else None
        answers = ask_all(folder, EXAMPLE, [probe], given, mock=mock, details=True)
    changes = {change.name: change.after for change in answers.plans["contract"].output_changes}
    for name in ("hourly_cost_usd", "bucket"):
        value = changes.get(name)
        if not isinstance(value, dict):
            raise Unmet(f'{EXAMPLE}: output "{name}" does not come from the module')
        require(value["output"] == name, f'{EXAMPLE}: output "{name}" gives the module\'s {value["output"]}')
    inputs: dict[str, Any] = changes["bucket"]["inputs"]
    return inputs


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@step(
    "lab1",
    "build",
    reads=(MODULE, *READS),
    hints=(
        "Which rule of the four does the reason speak of? Where would a reader of main.tf find it?",
        "Every resource has owner and tags = local.tags. The pool has network_id and quota. The bucket says "
        "encryption, public_access_blocked, versioning and expire_days. In merge() the last map wins.",
        'resource "platform_artifact_bucket" "this" {\n  name                  = "acme-${local.name}-artifacts"\n'
        '  owner                 = var.owner\n  encryption            = "aws:kms"\n  public_access_blocked = true\n'
        "  versioning            = true\n"
        "  expire_days           = var.data_retention_days\n  tags                  = ...\n}",
    ),
)
def build(lab: Workspace) -> str:
    """The module is formatted and valid, and builds what was decided by the platform's rules."""
    if in_pulumi(lab):
        return component_rules.build(lab)
    found = inspect(lab, MODULE)
    with every("Resources"):
        for kind in MADE_UP:
            require(found.of_type(kind), f"{MODULE} has no resource of type {kind}")
    settled()
    with scratch(lab, MODULE, pattern="*.tf") as room, one_provider():
        formatted(room / MODULE, MODULE)
        count = follows_rules(room / MODULE, {"small": INPUTS, "other": OTHER})
    return f"the module is valid and formatted; {count} attributes and outputs follow the rules for two workspaces"


def formatted(folder: Path, where: str) -> None:
    """Refuse a directory that does not initialise, validate, or is not in canonical format."""
    with learners_fault(where):
        terraform(folder).init(backend=False)
        answer = terraform(folder).validate()
        if not answer.valid:
            raise Unmet(said(answer.diagnostics, where))
        wrong = terraform(folder).fmt(check=True).files
    say = f"{where}/{wrong[0] if wrong else ''} is not formatted"
    require(not wrong, say, ("What does a reviewer see first?", "Terraform formats files itself.", "terraform fmt"))


def follows_rules(folder: Path, cases: dict[str, dict[str, Any]]) -> int:
    """Build workspaces with a mocked provider and compare every attribute with the rules; return how many.

    Args:
        folder: initialised copy of the module.
        cases: name of a run -> inputs of the module.
    """
    probes = [
        Probe(name, inputs, apply=True, say=f"{MODULE} cannot build {inputs['team']}-{inputs['environment']}")
        for name, inputs in cases.items()
    ]
    # A guard against destroying is the learner's good right, but what is made up here has to go again.
    unguarded = {"lifecycle": {"prevent_destroy": False}}
    blocks = {kind: {block.name: unguarded for block in read(folder).of_type(kind)} for kind in MADE_UP}
    (folder / "unguarded_override.tf.json").write_text(json.dumps({"resource": blocks}))
    answers = ask_all(folder, MODULE, probes, {}, mock=MADE_UP, details=True)
    return sum(
        _keeps_rules(answers.states[name], inputs) + _keeps_promises(answers.outputs[name], inputs)
        for name, inputs in cases.items()
    )


def _keeps_rules(state: State, inputs: dict[str, Any]) -> int:
    wanted = rules(inputs)
    for rule in wanted:
        with item("Rules", f"{rule.type}.{rule.attribute}"):
            _keeps(rule, state, inputs)
    return len(wanted)


def _keeps(rule: Rule, state: State, inputs: dict[str, Any]) -> None:
    mine = [r for r in state.resources if r.mode == "managed" and r.type == rule.type]
    if not mine and rule.type == POOL and inputs.get("gpu_nodes") == 0:
        # No node, no pool: as good as a pool of none.
        return
    require(len(mine) == 1, f"{MODULE} builds {len(mine)} resources of type {rule.type}, not 1")
    value = mine[0].values.get(rule.attribute)
    say = f"{MODULE}: {mine[0].address}: {rule.attribute} is {value!r}, not {rule.value!r} ({rule.why})"
    # The caller's tags and the platform's three; a module may add its own.
    kept = rule.value.items() <= (value or {}).items() if rule.attribute == "tags" else value == rule.value
    require(kept, say)


_OF_AN_OUTPUT = (
    "Read the name of the output aloud. Which resource, and which of its attributes, would a caller expect behind it?",
    "outputs.tf: value is an attribute of a resource in this module, such as its id or its name. What the provider "
    "works out, like the price or the number of GPUs, is an attribute of the resource too.",
    'output "hourly_cost_usd" {\n  description = "..."\n  value       = platform_gpu_pool.this.hourly_cost_usd\n}',
)


def _keeps_promises(outputs: Mapping[str, Any], inputs: dict[str, Any]) -> int:
    wanted = promised(inputs)
    with every("Outputs"):
        for name, values in wanted.items():
            say = f'{MODULE}/outputs.tf: output "{name}" gives {outputs.get(name)!r}, not what its name says'
            require(outputs.get(name) in values, say, _OF_AN_OUTPUT)
    return len(wanted)


@step(
    "lab1",
    "validate",
    reads=(BROKEN,),
    hints=(
        "Terraform names a file and a line. What is open there, unknown there, or missing there?",
        "In this order: a block without its closing brace, a variable nobody declares, a resource without its quota. "
        "Then the format: one space around =, equal signs in line.",
        'main.tf: close the block with }\nvariables.tf: variable "network_cidr" { ... }\n'
        "pool.tf: quota = 4, then terraform fmt",
    ),
)
def validate(lab: Workspace) -> str:
    """The module of the exercise validates, is formatted, and still has its network and its pool."""
    found = inspect(lab, BROKEN)
    with every("What has to stay"):
        for kind in ("platform_network", "platform_gpu_pool"):
            require(found.of_type(kind), f"{BROKEN}: the resource of type {kind} is gone; repairing is not deleting")
        require(found.variable("network_cidr"), f'{BROKEN}/variables.tf: variable "network_cidr" is not declared')
    settled()
    with scratch(lab, BROKEN, pattern="*.tf") as room, one_provider():
        formatted(room / BROKEN, BROKEN)
    return "the module validates and is formatted"


LIVE, ANSWERS = "live/dev", "answers/plan.yaml"


@step(
    "lab1",
    "plan",
    hints=(
        "Which of the plans you made in this notebook shows it?",
        "PlanViewer shows the number of creates and the outputs. An h100 node has 8 GPUs. The error of the quota names "
        "the variable and the file of the rule.",
        "plan = live(registry_token='x').plan(); plan.count('create'), plan.output_changes, 'x' in str(plan.raw)",
    ),
)
def plan(lab: Workspace) -> str:
    """The plan of vision's workspace is safe, a pool over the quota is refused, and the answers are true."""
    given = read_answers(
        lab,
        ANSWERS,
        ("first_plan_creates", "price_known_before_apply", "largest_h100_pool", "quota_refused_by", "token_in_plan"),
    )
    pulumi = in_pulumi(lab)
    require(pulumi or lab.path(LIVE).is_dir(), f"{LIVE}/main.tf does not exist: run its cell again")
    truth = component_example.planned(lab) if pulumi else planned(lab)
    with every("Answers"):
        for name, value in truth.items():
            right = given[name] == value and type(given[name]) is type(value)
            require(right, f"{ANSWERS}: {name} is {given[name]!r}; plan again and look")
    tool = "Pulumi" if pulumi else "Terraform"
    return f"the plan is safe and every answer is what {tool} says: {truth['first_plan_creates']} creates"


def read_answers(lab: Workspace, path: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the answers of a YAML file.

    Raises:
        Unmet: it cannot be read, or an answer is missing.
    """
    try:
        data = yaml_reader.load(lab.read(path)) or {}
    except InvalidYaml as error:
        raise Unmet(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    require(isinstance(data, dict), f"{path} has no lines of the form key: value")
    with every("Answers"):
        for name in names:
            require(data.get(name) is not None, f"{path}: {name} is not answered")
    settled()
    return dict(data)


def planned(lab: Workspace) -> dict[str, Any]:
    """Return the true answers, from real plans of the learner's module against the cloud.

    Raises:
        Unmet: there is no plan, it is risky, or the quota is not refused by the module.
    """
    token = "the-token-of-the-check"  # noqa: S105 (it protects nothing)
    env = cloud.environment("vision")
    with scratch(lab, LIVE, pattern="*.tf") as room, scratch(lab, MODULE, pattern="*.tf") as other:
        (other / MODULE).rename(_parent(room / MODULE))
        folder = room / LIVE

        def live(**more: Any) -> Terraform:
            return terraform(folder, env, variables={"registry_token": token, **more})

        with one_provider(env):
            with learners_fault(LIVE):
                live().init()
                first = live().plan()
            destroyed = first.count("delete", "replace")
            require(not destroyed, f"{LIVE}: a first plan destroys {destroyed} resources")
            largest = _largest(live)
    price = next(change for change in first.output_changes if change.name == "hourly_cost_usd")
    return {
        "first_plan_creates": first.count("create"),
        "price_known_before_apply": not price.known_after_apply,
        "largest_h100_pool": largest,
        "quota_refused_by": "module",
        "token_in_plan": token in json.dumps(first.raw),
    }


def _largest(live: Callable[..., Terraform]) -> int:
    """Return how many h100 nodes may be planned; the next one must be refused by the module's own validation."""
    for nodes in range(1, 5):
        try:
            live(gpu_kind="h100", gpu_nodes=nodes).plan(refresh=False)
        except TerraformError as error:
            text = said(error.diagnostics_list, LIVE)
            by_module = any("variable" in d.summary for d in error.diagnostics_list)
            require(by_module, f"{MODULE}: {nodes} h100 nodes are not refused by the module: {text}")
            return nodes - 1
    raise Unmet(f"{MODULE}: 4 h100 nodes (32 GPUs) are planned although the quota is 16")
