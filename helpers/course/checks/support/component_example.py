"""Lab 1 in Pulumi: the example that calls the component, and previews of vision's workspace."""

from __future__ import annotations

import json
from typing import Any

from helpers.core.verdicts.checks import Unmet, require
from helpers.course.checks.support.component import COMPONENT, Bench, bench, hints, outputs
from helpers.course.checks.support.component_rules import NAMES, TYPES
from helpers.course.checks.support.gpu_workspace import OUTPUTS
from helpers.course.workspace import Workspace
from helpers.wrappers.pulumi import Preview, Pulumi, PulumiError
from helpers.wrappers.pulumi.errors import MissingConfig

EXAMPLE, LIVE = f"{COMPONENT}/examples/basic", "live-pulumi"
#: What the example has to ask for.
AGREED = {
    "team": "vision",
    "environment": "dev",
    "cost_centre": "cc-4021",
    "network_cidr": "10.20.0.0/20",
}
TOKEN = "a-token-of-the-check"  # noqa: S105 (it protects nothing)

#: Stands in for what is built: the learner's arguments are taken, kept in the state, and each output says its name.
_SPY = f"""
import inspect as _inspect

import pulumi as _pulumi

_signature = _inspect.signature(GpuWorkspace.__init__)


def _init(self, *given, **options):
    bound = _signature.bind(self, *given, **options)
    _, name, args, *rest = bound.arguments.values()
    if not isinstance(args, dict) and not isinstance(args, GpuWorkspaceArgs):
        raise TypeError("the component is not given GpuWorkspaceArgs")
    read = args.get if isinstance(args, dict) else lambda key: getattr(args, key, None)
    inputs = {{key: read(key) for key in {NAMES}}}
    _pulumi.ComponentResource.__init__(self, "check:spy:Called", name, inputs, *rest)
    for output in {OUTPUTS}:
        setattr(self, output, f"the component's {{output}}")
    self.register_outputs({{}})


GpuWorkspace.__init__ = _init
"""


#: Declares the outputs of the stack once more: the preview's document has the properties of resources, and no outputs.
_OUTPUTS = """

import pulumi as _pulumi
from pulumi.runtime import get_root_resource as _root

_pulumi.ComponentResource("check:plan:Outputs", "outputs", dict(_root().outputs))
"""


def contract(lab: Workspace) -> str:
    """The example fits the component's arguments and outputs, before there is anything behind them."""
    with (
        hints(
            "What must a caller say, and what has a default?",
            "A program that reads registry_token as a secret of its configuration, makes one GpuWorkspace, and exports "
            "hourly_cost_usd and bucket of it.",
            'config = pulumi.Config()\nworkspace = GpuWorkspace("workspace", GpuWorkspaceArgs(\n    team="vision",\n'
            '    ...\n    registry_token=config.require_secret("registry_token"),\n))\n'
            'pulumi.export("bucket", workspace.bucket)',
        ),
        bench(lab, made_up=True) as copy,
    ):
        called(copy)
    return "the example runs on Pulumi's engine against the interface and asks for what was agreed"


def called(copy: Bench) -> dict[str, Any]:
    """Return the arguments that the example gives to the component.

    Raises:
        Unmet: it does not fit the interface, asks for something else, or an output comes from elsewhere.
    """
    project = copy.room / EXAMPLE
    for file in ("Pulumi.yaml", "__main__.py"):
        require((project / file).is_file(), f"{EXAMPLE}/{file} does not exist")
    copy.plant(_SPY)
    pulumi = copy.pulumi(project)
    pulumi.config_set("registry_token", TOKEN, secret=True)
    with copy.judged(project):
        pulumi.up()
    state = pulumi.export()
    calls = [entry for entry in state.resources if entry["type"] == "check:spy:Called"]
    require(len(calls) == 1, f"{EXAMPLE} makes {len(calls)} workspaces, not one")
    require(TOKEN not in json.dumps(state.raw), f"{EXAMPLE}: the token is not a secret of the configuration any more")
    said = outputs(pulumi, state)
    for name in ("hourly_cost_usd", "bucket"):
        require(name in said, f'{EXAMPLE}: it exports no "{name}"')
        require(said[name] == f"the component's {name}", f'{EXAMPLE}: "{name}" is not the component\'s {name}')
    given = {name: value for name, value in (calls[0].get("inputs") or {}).items() if value is not None}
    defaults = {"gpu_kind": "l4", "gpu_nodes": 1}
    for name, value in {**AGREED, **defaults}.items():
        seen = given.get(name, defaults.get(name))
        require(seen == value, f"{EXAMPLE}: the component gets {name} = {seen!r}, not {value!r}")
    return given


def planned(lab: Workspace) -> dict[str, Any]:
    """Return the true answers of the step plan, from previews of the learner's program and component.

    Raises:
        Unmet: there is no preview, it is risky, or the quota is not refused by the component.
    """
    for file in ("Pulumi.yaml", "__main__.py"):
        require(lab.path(f"{LIVE}/{file}").is_file(), f"{LIVE}/{file} does not exist")
    with bench(lab, LIVE, made_up=False) as copy:
        project = copy.room / LIVE
        with (project / "__main__.py").open("a", encoding="utf-8") as program:
            program.write(_OUTPUTS)
        pulumi = copy.pulumi(project, "dev")
        pulumi.config_set("registry_token", TOKEN, secret=True)
        with copy.judged(project):
            first = pulumi.preview()
        largest = _largest(copy, pulumi)
    made = {kind.rpartition(":")[2] for kind in (change.type for change in first.resource_changes)}
    missing = sorted(set(TYPES.values()) - made)
    require(not missing, f"{LIVE}: a first preview makes no {', '.join(missing)}: does it use the component?")
    return {
        "first_plan_creates": first.count("create"),
        "price_known_before_apply": _knows(first, "hourly_cost_usd"),
        "largest_h100_pool": largest,
        "quota_refused_by": "module",
        "token_in_plan": TOKEN in json.dumps(first.raw),
    }


def asks_for_token(lab: Workspace) -> None:
    """The program of vision's workspace cannot do without a token from its configuration.

    Raises:
        Unmet: it runs without one, so a secret is in a file, or none is passed on.
    """
    with bench(lab, LIVE, made_up=False) as copy:
        try:
            copy.pulumi(copy.room / LIVE, "dev").preview()
        except MissingConfig:
            return
    raise Unmet(f"{LIVE}: it does without registry_token in its configuration, so a secret is in a file")


def _knows(preview: Preview, output: str) -> bool:
    """Return whether a preview knows an output of the stack."""
    told = next(step for step in preview.steps if step.type == "check:plan:Outputs")
    return isinstance((told.new.get("inputs") or {}).get(output), int | float)


def _largest(copy: Bench, pulumi: Pulumi) -> int:
    """Return how many h100 nodes may be previewed; the next one must be refused by the component, by name."""
    pulumi.config_set("gpu_kind", "h100")
    for nodes in range(1, 5):
        pulumi.config_set("gpu_nodes", nodes)
        try:
            preview = pulumi.preview()
        except MissingConfig:
            raise
        except PulumiError as error:
            said = f"{error.what}: {error.why}".replace(f"{copy.room}/", "")
            require(
                "gpu_nodes" in said, f"{COMPONENT}: {nodes} h100 nodes are refused without a word of gpu_nodes: {said}"
            )
            return nodes - 1
        pools = [c.after or {} for c in preview.resource_changes if c.type.endswith(":GpuPool")]
        sizes = [(pool.get("kind"), pool.get("size")) for pool in pools]
        if sizes != [("h100", nodes)]:
            raise Unmet(f"{LIVE}: with gpu_kind h100 and gpu_nodes {nodes} in the configuration it makes {sizes}")
    raise Unmet(f"{COMPONENT}: 4 h100 nodes (32 GPUs) are previewed although the quota is 16")
