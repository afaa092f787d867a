"""Plans in Terraform's JSON form that the policies of Lab 1 are tried on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BUCKET = "platform_artifact_bucket"
POOL = "platform_gpu_pool"
NETWORK = "platform_network"
SECRET = "platform_secret"  # noqa: S105  # a resource type
TAGS = {"team": "vision", "environment": "dev"}

#: What each resource looks like when all is well.
SOUND: dict[str, dict[str, Any]] = {
    BUCKET: {"name": "acme-vision-dev-artifacts", "encryption": "aws:kms", "public_access_blocked": True, "tags": TAGS},
    POOL: {"name": "vision-dev", "kind": "l4", "size": 1, "hourly_cost_usd": 0.8, "tags": TAGS},
    NETWORK: {"name": "vision-dev", "cidr": "10.20.0.0/20", "tags": TAGS},
    SECRET: {"name": "vision-dev/registry-token", "tags": TAGS},
}


@dataclass(frozen=True)
class PlanCase:
    """One plan, what is special about it, and the rule that must fire, and for which resource."""

    name: str
    about: str
    plan: dict[str, Any] = field(repr=False)
    rule: str = ""
    address: str = ""


def change(kind: str, actions: list[str], changes: dict[str, Any] | None = None, address: str = "") -> dict[str, Any]:
    """Return one resource change with *changes* to the sound values."""
    sound = SOUND[kind]
    after = None if actions == ["delete"] else {k: v for k, v in {**sound, **(changes or {})}.items() if v is not ...}
    before = None if actions == ["create"] else sound
    where = address or f"module.workspace.{kind}.this"
    return {
        "address": where,
        "mode": "managed",
        "type": kind,
        "name": "this",
        "change": {"actions": actions, "before": before, "after": after},
    }


def read_only() -> dict[str, Any]:
    """Return a data source that the apply will read: no object of anybody's."""
    return {**change(NETWORK, ["read"], {"tags": None}, "data.platform_network.shared"), "mode": "data"}


def plan(*changes: dict[str, Any]) -> dict[str, Any]:
    """Return a plan of these changes."""
    return {"format_version": "1.2", "resource_changes": list(changes)}


def case(
    name: str, about: str, rule: str, kind: str, actions: list[str], changes: dict[str, Any] | None = None, at: str = ""
) -> PlanCase:
    """Return a plan in which one change is at fault, among others that are sound."""
    wrong = change(kind, actions, changes, at)
    others = [change(k, ["create"], address=f"module.other.{k}.this") for k in SOUND]
    return PlanCase(name, about, plan(*others, wrong), rule, wrong["address"])


GOOD = (
    PlanCase("create", "four sound resources are created", plan(*(change(k, ["create"]) for k in SOUND))),
    PlanCase("no-op", "nothing changes", plan(*(change(k, ["no-op"]) for k in SOUND))),
    PlanCase(
        "untouched", "an old pool without tags, which nothing changes", plan(change(POOL, ["no-op"], {"tags": None}))
    ),
    PlanCase("read", "a network is only read, by a data source", plan(read_only())),
    PlanCase("pool-away", "a GPU pool is deleted; it holds no data", plan(change(POOL, ["delete"]))),
)

REFUSED = (
    case("aes", "a bucket with AES256", "ACME-BKT-001", BUCKET, ["create"], {"encryption": "AES256"}),
    case("plain", "a bucket without encryption", "ACME-BKT-001", BUCKET, ["update"], {"encryption": ...}),
    case("public", "a bucket that is public", "ACME-BKT-002", BUCKET, ["update"], {"public_access_blocked": False}),
    case("bucket-away", "a bucket is deleted", "ACME-DEL-001", BUCKET, ["delete"]),
    case("network-new", "a network is replaced", "ACME-DEL-001", NETWORK, ["delete", "create"]),
    case("no-team", "a pool without the tag team", "ACME-TAG-001", POOL, ["create"], {"tags": {"environment": "dev"}}),
    case("pool-new", "a replaced pool without tags", "ACME-TAG-001", POOL, ["delete", "create"], {"tags": None}),
    case("no-tags", "a network without tags", "ACME-TAG-001", NETWORK, ["create"], {"tags": None}),
)

WARNED = (case("dear", "a pool for 98 USD an hour", "ACME-COST-001", POOL, ["update"], {"hourly_cost_usd": 98.3}),)
