"""Which changes are marked as risky, with which reason, and where they are in the plan's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.widgets import plan_risks
from helpers.widgets.plan_viewer import json_at
from helpers.widgets.renderers.risk import MANY_CHANGES
from helpers.wrappers.terraform.types import Plan
from tests.widgets.plans import SECRET, change, platform_document, platform_plan


def reasons(kind: str, before: Any, after: Any, **more: Any) -> list[str]:
    plan = Plan.from_json({"resource_changes": [change(f"{kind}.x", before, after, **more)]})
    return [risk.reason for risk in plan_risks(plan)]


def test_platform_plan_has_its_four_risks() -> None:
    assert [(r.address, r.reason) for r in plan_risks(platform_plan())] == [
        ("module.vision.platform_artifact_bucket.models", "removes encryption (encryption)"),
        ("module.vision.platform_artifact_bucket.models", "opens public access (public_access_blocked)"),
        (
            "module.vision.platform_gpu_pool.train",
            "replaces a stateful resource (platform_gpu_pool) because kind forces replacement",
        ),
        ("module.speech.platform_network.main", "destroys a stateful resource (platform_network)"),
    ]


def test_json_paths_lead_to_the_change() -> None:
    document = platform_document()
    found = {r.reason.split(" (")[0]: json_at(document, r.json_path) for r in plan_risks(Plan.from_json(document))}
    assert found == {
        "removes encryption": None,
        "opens public access": False,
        "replaces a stateful resource": ["delete", "create"],
        "destroys a stateful resource": ["delete"],
    }


@pytest.mark.parametrize(
    "before, after",
    [
        ({"public_access_blocked": True}, {"public_access_blocked": False}),
        ({"block_public_acls": True}, {"block_public_acls": False}),
        ({"publicly_accessible": False}, {"publicly_accessible": True}),
        ({"acl": "private"}, {"acl": "public-read"}),
        ({"ingress": [{"cidr_blocks": ["10.0.0.0/8"]}]}, {"ingress": [{"cidr_blocks": ["0.0.0.0/0"]}]}),
        ({"source_ranges": []}, {"source_ranges": ["::/0"]}),
        (None, {"public_access_blocked": False}),
    ],
)
def test_opened_access_is_a_risk(before: Any, after: Any) -> None:
    (reason,) = reasons("acme_thing", before, after)
    assert reason.startswith("opens public access")
    if before is not None:
        assert reasons("acme_thing", after, before) == [], "closing it again is none"


@pytest.mark.parametrize(
    "before, after",
    [
        ({"encryption": "AES256"}, {"encryption": None}),
        ({"encrypted": True}, {"encrypted": False}),
        ({"kms_key_id": "k"}, {"kms_key_id": ""}),
        ({"server_side_encryption": [{"sse": "aws:kms"}]}, {"server_side_encryption": []}),
        (None, {"encrypted": False}),
    ],
)
def test_removed_encryption_is_a_risk(before: Any, after: Any) -> None:
    (reason,) = reasons("acme_thing", before, after)
    assert reason.startswith("removes encryption")


@pytest.mark.parametrize(
    "before, after",
    [
        ({"encryption": "aws:kms", "kms_key_id": "k"}, {"encryption": "AES256", "kms_key_id": None}),
        ({"egress": ["10.0.0.0/8"]}, {"egress": ["0.0.0.0/0"]}),
        ({"name": "public"}, {"name": "open"}),
        (None, {"encryption": "AES256", "public_access_blocked": True, "kms_key_id": None}),
        ({"size": 1}, {"size": 2}),
    ],
)
def test_ordinary_changes_are_none(before: Any, after: Any) -> None:
    assert reasons("platform_artifact_bucket", before, after) == []


def test_lifted_protection_and_allowed_loss_are_risks() -> None:
    assert reasons("acme_db", {"deletion_protection": True}, {"deletion_protection": False}) == [
        "lifts deletion protection (deletion_protection)"
    ]
    assert reasons("platform_artifact_bucket", {"force_destroy": False}, {"force_destroy": True}) == [
        "lets data be destroyed (force_destroy)"
    ]


@pytest.mark.parametrize(
    "kind",
    [
        "platform_artifact_bucket",
        "platform_network",
        "platform_team_account",
        "platform_secret",
        "platform_gpu_pool",
        "aws_db_instance",
    ],
)
def test_destroying_what_holds_state_is_a_risk(kind: str) -> None:
    assert reasons(kind, {"name": "x"}, None) == [f"destroys a stateful resource ({kind})"]


def test_destroying_what_holds_none_is_not() -> None:
    assert reasons("terraform_data", {"input": "x"}, None) == []


def test_an_attribute_that_forces_replacement_is_named(real_plan: Plan) -> None:
    found = {r.address: r.reason for r in plan_risks(real_plan)}
    assert found["terraform_data.pool"].endswith("because triggers_replace[0] forces replacement")


def test_many_changes_are_a_risk_of_the_plan() -> None:
    def plan(count: int) -> Plan:
        return Plan.from_json({"resource_changes": [change(f"terraform_data.x{i}", None, {}) for i in range(count)]})

    assert plan_risks(plan(MANY_CHANGES - 1)) == ()
    (risk,) = plan_risks(plan(MANY_CHANGES))
    assert (risk.address, risk.reason) == ("", f"wide blast radius: {MANY_CHANGES} resources change in one plan")


def test_reasons_never_hold_values() -> None:
    before = {"acl": "private", "password_public": SECRET}
    after = {"acl": "public-read", "password_public": "open-sesame"}
    found = reasons(
        "acme_x", before, after, before_sensitive={"password_public": True}, after_sensitive={"password_public": True}
    )
    assert found == ["opens public access (acl)"]
