"""Lab 1 in Pulumi: does the component refuse what it must, and declare what was decided?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.core.verdicts.checks import require
from helpers.course.checks.support.component import (
    COMPONENT,
    Bench,
    arn_of,
    bench,
    count,
    hints,
    is_secret,
    objects,
)
from helpers.course.checks.support.component import outputs as outputs_of
from helpers.course.checks.support.gpu_workspace import INPUTS, MODULE, OTHER, OUTPUTS, REFUSED, SPEC, rules
from helpers.course.checks.support.module_probes import Probe
from helpers.course.workspace import Workspace
from helpers.wrappers.pulumi import StackState

#: Terraform's type -> the platform's in Pulumi.
TYPES = {
    "platform_network": "Network",
    "platform_artifact_bucket": "ArtifactBucket",
    "platform_gpu_pool": "GpuPool",
    "platform_secret": "Token",
}
#: A node's GPUs and its price an hour in US dollars, as the platform's catalogue has them.
_NODES = {"t4": (1, 0.55), "l4": (1, 0.80), "a100": (8, 22.00), "h100": (8, 55.00)}
#: Pulumi compares a secret's value, so it needs no number that says "a new one".
ABSENT = "registry_token_version"
NAMES = tuple(name for name in SPEC if name != ABSENT)

_ASK = """import json
import pathlib

import pulumi
from acme_workspace import GpuWorkspace, GpuWorkspaceArgs

asked = json.loads(pathlib.Path("asked.json").read_text())
for name, inputs in asked["probes"].items():
    try:
        workspace = GpuWorkspace(name, GpuWorkspaceArgs(**inputs))
    except Exception as error:
        pulumi.export(f"{name}.refused", f"{type(error).__name__}: {error}")
    else:
        for output in asked["outputs"]:
            pulumi.export(f"{name}.{output}", getattr(workspace, output, None))
"""


def interface(lab: Workspace) -> str:
    """The component takes the agreed inputs and refuses what it must; nothing need be built yet."""
    with (
        hints(
            "Read the table of the decision row by row. Which of its words does your code not say yet?",
            "GpuWorkspace(NAME, GpuWorkspaceArgs(...)) raises an error that names the input. Inputs with a default may "
            "be left out, the others may not.",
            'if not re.fullmatch("cc-[0-9]{4}", args.cost_centre):\n    raise ValueError("cost_centre is cc- and four '
            'digits")',
        ),
        bench(lab, made_up=True) as copy,
    ):
        asked = questions()
        answers(copy, asked, {}, outputs=())
    return f"{len(NAMES)} inputs are as decided; {len(asked)} probes were answered rightly by a run of Pulumi's engine"


def build(lab: Workspace, cases: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """The component declares what was decided, in an update with made-up providers."""
    given = without_version(cases or {"small": INPUTS, "other": OTHER})
    with (
        hints(
            "Which rule of the four does the reason speak of? Where would a reader of the component find it?",
            "Each object has owner, cost_centre and tags, and opts with parent=self. The pool gets network.id. In "
            "{**a, **b} the last one wins.",
            'ArtifactBucket(\n    f"{name}-bucket",\n    {\n        **common,\n        "name": '
            'f"acme-{full}-artifacts",\n        "encryption": "aws:kms",\n        ...\n    },\n'
            "    pulumi.ResourceOptions(parent=self),\n)",
        ),
        bench(lab, made_up=True) as copy,
    ):
        checked = answers(copy, questions() if cases is None else [], given)
    return f"the component is built by Pulumi's engine; {checked} attributes and outputs follow the rules"


def without_version(cases: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return cases without the input that only Terraform needs."""
    return {name: {k: v for k, v in inputs.items() if k != ABSENT} for name, inputs in cases.items()}


def questions() -> list[Probe]:
    """Return the decision's probes, and one for each required input that is left out."""
    kept = [p for p in REFUSED if not p.expect and ABSENT not in p.variables]
    left_out = [
        Probe(f"without_{name}", refused=[name], say=f'{COMPONENT}: input "{name}" has a default: the caller says it')
        for name in NAMES
        if SPEC[name].required
    ]
    return [*kept, *left_out]


def answers(
    copy: Bench, probes: Sequence[Probe], cases: Mapping[str, Mapping[str, Any]], outputs: Sequence[str] = OUTPUTS
) -> int:
    """Run one update with all probes and cases; return how many attributes and outputs were compared.

    Raises:
        Unmet: the first answer that is not as it has to be.
    """
    # Names that no message can hold by chance: a refusal has to name the input.
    asked = {f"w{number}": _inputs(probe) for number, probe in enumerate(probes)}
    project = copy.program("probe", _ASK, asked={"probes": {**asked, **cases}, "outputs": outputs})
    pulumi = copy.pulumi(project)
    with copy.judged(project):
        pulumi.up()
    state = pulumi.export()
    said = outputs_of(pulumi, state)
    for name, probe in zip(asked, probes, strict=True):
        _answered(probe, said.get(f"{name}.refused"), objects(state, name))
    made = sum(len(found) for name in (*asked, *cases) for found in objects(state, name).values())
    stray = count(state) - made
    require(not stray, f"{COMPONENT}: {stray} objects are not part of the component: they have no parent")
    compared = 0
    for name, inputs in cases.items():
        refused = said.get(f"{name}.refused")
        require(refused is None, f"{COMPONENT}: it refuses {dict(inputs)}: {refused}")
        compared += _keeps_rules(state, name, inputs)
        compared += _keeps_promises({o: said.get(f"{name}.{o}") for o in outputs}, inputs)
    require(INPUTS["registry_token"] not in json.dumps(state.raw), f"{COMPONENT}: the token is in the state in clear")
    return compared


def _inputs(probe: Probe) -> dict[str, Any]:
    left_out = probe.name.removeprefix("without_")
    given = {**INPUTS, **probe.variables}
    return {name: value for name, value in given.items() if name not in (left_out, ABSENT)}


def _answered(probe: Probe, refused: str | None, made: Mapping[str, Any]) -> None:
    say = probe.say if COMPONENT in probe.say else probe.say.replace(f"{MODULE}/variables.tf", MODULE)
    if COMPONENT not in say:
        say = say.replace(MODULE, COMPONENT).replace(": variable ", ": input ")
    text = refused or ""
    if not probe.refused:
        require(refused is None, f"{say}: {text}")
        return
    require(refused, say)
    named = any(name in text for name in probe.refused)
    require(named, f"{say.replace(' accepts ', ' refuses ')}, but does not name {probe.refused[0]}: {text}")
    require(not made, f"{COMPONENT}: {probe.refused[0]} is refused only after objects were declared")


def _keeps_rules(state: StackState, name: str, inputs: Mapping[str, Any]) -> int:
    found = objects(state, name)
    for kind in TYPES.values():
        mine = found.get(kind, [])
        require(len(mine) == 1, f"{COMPONENT} declares {len(mine)} objects of type {kind} in one workspace, not 1")
    wanted = [rule for rule in rules(dict(inputs)) if rule.attribute != "value_wo_version"]
    full = f"{inputs['team']}-{inputs['environment']}"
    for rule in wanted:
        (entry,) = found[TYPES[rule.type]]
        value = (entry.get("inputs") or {}).get(rule.attribute)
        right = f"network-of-{full}" if rule.attribute == "network_id" else rule.value
        say = f"{COMPONENT}: {TYPES[rule.type]}: {rule.attribute} is {value!r}, not {right!r} ({rule.why})"
        require(value == right, say)
    token = found["Token"][0]["inputs"].get("value")
    require(is_secret(token), f"{COMPONENT}: Token: value is not a secret: it would be in the state in clear")
    return len(wanted) + 1


def _keeps_promises(given: Mapping[str, Any], inputs: Mapping[str, Any]) -> int:
    full, nodes = f"{inputs['team']}-{inputs['environment']}", inputs.get("gpu_nodes", 1)
    gpus, price = _NODES[inputs.get("gpu_kind", "l4")]
    wanted = {
        "workspace_id": full,
        "bucket": f"acme-{full}-artifacts",
        "pool": full,
        "network": f"network-of-{full}",
        "gpus": nodes * gpus,
        "hourly_cost_usd": round(nodes * price, 2),
        "token_secret_arn": arn_of(full, inputs["registry_token"]),
    }
    for name, value in wanted.items():
        seen = given.get(name)
        require(seen is not None, f'{COMPONENT}: the component has no output "{name}"')
        require(seen == value, f'{COMPONENT}: output "{name}" gives {seen!r}, not what its name says')
    return len(wanted)
