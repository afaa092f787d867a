"""Hidden tests of Lab 1, notebook 04: plans that the step's own check does not show."""

from __future__ import annotations

from helpers.course.checks.lab1_policy import gate, judge
from helpers.course.checks.support.plans import BUCKET, NETWORK, POOL, SECRET, PlanCase, case, plan
from helpers.course.labs import Lab

HIDDEN = (
    case("secret-new", "a secret is replaced, new one first", "ACME-DEL-001", SECRET, ["create", "delete"]),
    case(
        "indexed",
        "a bucket in a set is public",
        "ACME-BKT-002",
        BUCKET,
        ["create"],
        {"public_access_blocked": ...},
        'module.team["speech"].platform_artifact_bucket.this[0]',
    ),
    case(
        "empty-tag",
        "a bucket whose environment tag is missing",
        "ACME-TAG-001",
        BUCKET,
        ["update"],
        {"tags": {"team": "vision"}},
    ),
    case("network-away", "a network is deleted", "ACME-DEL-001", NETWORK, ["delete"]),
)
CHEAP = case("cheap", "a pool for exactly 50 USD an hour", "ACME-COST-001", POOL, ["create"], {"hourly_cost_usd": 50})
EMPTY = PlanCase("empty", "a plan without changes", plan())


def policy_write(lab: Lab) -> None:
    """The rules hold for plans the learner has not seen."""
    for wrong in HIDDEN:
        said = [r.msg for r in judge(lab, wrong).failures]
        assert any(wrong.rule in m and wrong.address in m for m in said), (
            f"{wrong.about} is not refused by {wrong.rule}"
        )
    for fine in (EMPTY, CHEAP):
        report = judge(lab, fine)
        assert report.passed and not report.warnings, f"{fine.about} is not let through"


def policy_gate(lab: Lab) -> None:
    """The gate stops what the learner has not seen."""
    for wrong in HIDDEN:
        assert gate(lab, wrong).returncode != 0, f"the gate lets {wrong.about} pass"
