"""The interface of ``gpu-workspace`` as it was decided, and questions it must answer rightly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from helpers.course.checks.support.module_probes import Probe

MODULE = "modules/gpu-workspace"


@dataclass(frozen=True)
class Input:
    """One agreed input of the module."""

    type: str
    required: bool = True
    default: Any = None
    secret: bool = False


SPEC: dict[str, Input] = {
    "team": Input("string"),
    "environment": Input("string"),
    "owner": Input("string"),
    "cost_centre": Input("string"),
    "gpu_kind": Input("string", False, "l4"),
    "gpu_nodes": Input("number", False, 1),
    "gpu_quota": Input("number", False, 16),
    "network_cidr": Input("string"),
    "data_retention_days": Input("number", False, 30),
    "registry_token": Input("string", secret=True),
    "registry_token_version": Input("number", False, 1),
    "tags": Input("map(string)", False, {}),
}

OUTPUTS = ("workspace_id", "bucket", "pool", "network", "gpus", "hourly_cost_usd", "token_secret_arn")

#: Inputs that every rule accepts.
INPUTS: dict[str, Any] = {
    "team": "vision",
    "environment": "dev",
    "owner": "vision@acme.test",
    "cost_centre": "cc-4021",
    "network_cidr": "10.20.0.0/20",
    "registry_token": "a-token-for-the-check",
}


def _refuses(name: str, *values: Any, also: dict[str, Any] | None = None) -> list[Probe]:
    return [
        Probe(
            "_".join((name, *map(str, (also or {}).values()), str(number))),
            {**(also or {}), name: value},
            refused=[name],
            say=f'{MODULE}/variables.tf: variable "{name}" accepts {value!r}' + (f" with {also}" if also else ""),
        )
        for number, value in enumerate(values, 1)
    ]


def _falls_back(name: str, default: str) -> Probe:
    expect = f"var.{name} == {default}" if default else f"length(var.{name}) == 0"
    say = f'{MODULE}/variables.tf: variable "{name}" takes null in place of its default: nullable = false is missing'
    return Probe(f"{name}_null", {name: None}, expect=expect, say=say)


GPUS_PER_NODE = {"t4": 1, "l4": 1, "a100": 8, "h100": 8}
POOL = "platform_gpu_pool"

REFUSED: list[Probe] = [
    Probe(
        "accepted_smallest",
        {"team": "ocr", "network_cidr": "10.20.0.0/24", "gpu_nodes": 0, "gpu_quota": 0, "data_retention_days": 1},
        say=f"{MODULE}/variables.tf refuses the smallest values that the decision allows",
    ),
    Probe(
        "accepted_widest",
        {
            "team": "a2345678901234567890",
            "network_cidr": "10.0.0.0/16",
            "gpu_kind": "h100",
            "gpu_nodes": 1000,
            "gpu_quota": 8000,
            "data_retention_days": 3650,
        },
        say=f"{MODULE}/variables.tf refuses the largest values that the decision allows",
    ),
    Probe("accepted_l4", {"gpu_nodes": 16}, say=f"{MODULE}: 16 l4 nodes of one GPU each fit a quota of 16"),
    Probe(
        "accepted_t4", {"gpu_kind": "t4", "gpu_nodes": 9}, say=f"{MODULE}: 9 t4 nodes of one GPU each fit a quota of 16"
    ),
    Probe("accepted", say=f"{MODULE}/variables.tf refuses the agreed example"),
    Probe("accepted_largest", {"gpu_kind": "h100", "gpu_nodes": 2}, say=f"{MODULE}: 2 h100 nodes fit a quota of 16"),
    *_refuses("team", "Vision", "v", "9lives", "a" * 21, "vision_lab"),
    *_refuses("environment", "production", "DEV"),
    *_refuses("owner", "vision", "Vision@acme.test"),
    *_refuses("cost_centre", "4021", "cc-40211"),
    *_refuses("gpu_kind", "v100"),
    *_refuses("gpu_nodes", -1, 1.5, 17),
    *_refuses("gpu_nodes", 3, also={"gpu_kind": "a100"}),
    *_refuses("gpu_quota", -1, 8001),
    *_refuses("network_cidr", "10.0.0.0", "10.0.0.0/8", "10.0.0.0/28", "fd00::/20"),
    *_refuses("data_retention_days", 0, 3651, 1.5),
    *_refuses("registry_token_version", 0),
    _falls_back("gpu_nodes", "1"),
    _falls_back("gpu_kind", '"l4"'),
    _falls_back("gpu_quota", "16"),
    _falls_back("data_retention_days", "30"),
    _falls_back("registry_token_version", "1"),
    _falls_back("tags", ""),
]

#: Computed values that a mocked provider makes up, so that an output can be traced to its resource.
MADE_UP: dict[str, dict[str, Any]] = {
    "platform_network": {"id": "vpc-made-up"},
    "platform_artifact_bucket": {"id": "bucket-made-up", "arn": "arn:made-up:bucket"},
    "platform_gpu_pool": {"id": "pool-made-up", "gpus": 7, "hourly_cost_usd": 1.25},
    "platform_secret": {"id": "secret-made-up", "arn": "arn:made-up:secret"},
}


@dataclass(frozen=True)
class Rule:
    """One attribute that a resource must have, and the rule behind it."""

    type: str
    attribute: str
    value: Any
    why: str


def rules(inputs: dict[str, Any]) -> list[Rule]:
    """Return what must be built for *inputs*."""
    name = f"{inputs['team']}-{inputs['environment']}"
    owned = ("platform_network", "platform_artifact_bucket", "platform_gpu_pool", "platform_secret")
    paid = ("platform_network", "platform_artifact_bucket", "platform_gpu_pool")
    marks = {"team": inputs["team"], "environment": inputs["environment"], "module": "gpu-workspace"}
    tags = {**inputs.get("tags", {}), **marks}
    bucket, pool, secret = "platform_artifact_bucket", "platform_gpu_pool", "platform_secret"
    return [
        *(Rule(kind, "owner", inputs["owner"], "every resource names its owner") for kind in owned),
        *(Rule(kind, "cost_centre", inputs["cost_centre"], "somebody pays") for kind in paid),
        *(Rule(kind, "tags", tags, "the platform's three tags win, the caller's stay") for kind in owned),
        Rule("platform_network", "name", name, "the table of names"),
        Rule("platform_network", "cidr", inputs["network_cidr"], "the caller's range"),
        Rule(bucket, "name", f"acme-{name}-artifacts", "the table of names"),
        Rule(bucket, "encryption", "aws:kms", "buckets are encrypted with KMS"),
        Rule(bucket, "public_access_blocked", True, "buckets are private, and the module says so"),
        Rule(bucket, "versioning", True, "buckets are versioned, and the module says so"),
        Rule(bucket, "expire_days", inputs.get("data_retention_days", 30), "the retention the caller chose"),
        Rule(pool, "name", name, "the table of names"),
        Rule(pool, "kind", inputs.get("gpu_kind", "l4"), "the caller's kind"),
        Rule(pool, "size", inputs.get("gpu_nodes", 1), "the caller's number of nodes"),
        Rule(pool, "quota", inputs.get("gpu_quota", 16), "the pool is bound to the caller's quota"),
        Rule(pool, "network_id", "vpc-made-up", "the pool runs in the workspace's network"),
        Rule(secret, "name", f"{name}/registry-token", "the table of names"),
        Rule(secret, "value_wo_version", inputs.get("registry_token_version", 1), "a new version sends a new value"),
    ]


def promised(inputs: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return what each output may be for *inputs*, with the made-up values: "name or id of each" leaves a choice."""
    name = f"{inputs['team']}-{inputs['environment']}"
    nodes = inputs.get("gpu_nodes", 1)
    counted = nodes * GPUS_PER_NODE[inputs.get("gpu_kind", "l4")]
    none = (None, 0) if nodes == 0 else ()
    return {
        "workspace_id": (name,),
        "bucket": (f"acme-{name}-artifacts", "bucket-made-up"),
        "pool": ("pool-made-up", name, *none[:1]),
        "network": ("vpc-made-up", name),
        "gpus": (7, counted, *none),
        "hourly_cost_usd": (1.25, *none),
        "token_secret_arn": ("arn:made-up:secret",),
    }


#: A second workspace, unlike the first in everything.
OTHER: dict[str, Any] = {
    **INPUTS,
    "team": "ranking",
    "environment": "staging",
    "owner": "ranking@acme.test",
    "cost_centre": "cc-4023",
    "network_cidr": "10.40.0.0/22",
    "gpu_kind": "a100",
    "gpu_nodes": 3,
    "gpu_quota": 24,
    "data_retention_days": 90,
    "registry_token_version": 4,
    "tags": {"model": "two-tower", "team": "somebody-else"},
}
