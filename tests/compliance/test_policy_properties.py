"""Properties of policies on the real OPA: acme's policy keeps them, and each mistake breaks the one it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.compliance.policy_properties import PROPERTIES, check_properties
from helpers.core.paths import IAC

GUARD = 'deny contains "not a plan" if not is_array(input.resource_changes)\n'
PUBLIC = (
    "package main\n\n"
    + GUARD
    + "\ndeny contains change.address if {\n\tsome change in input.resource_changes\n\t%s\n}\n"
)


def change(kind: str, **after: Any) -> dict[str, Any]:
    return {"address": f"{kind}.this", "type": kind, "change": {"actions": ["create"], "after": after}}


PLANS = [
    {"resource_changes": [change("platform_network", tags={"team": "a", "environment": "dev"})]},
    {
        "resource_changes": [
            change("platform_artifact_bucket", encryption="aws:kms", public_access_blocked=False, tags=None),
            change("platform_gpu_pool", size=1, tags={"team": "a"}),
        ]
    },
]


def broken(tmp_path: Path, text: str) -> dict[str, str]:
    (tmp_path / "policy.rego").write_text(text)
    results = check_properties(str(tmp_path), PLANS, examples=25)
    assert [r.name for r in results] == list(PROPERTIES)
    return {r.name: r.says for r in results if not r.holds}


def test_the_policy_of_the_lecture_keeps_all_of_them() -> None:
    results = check_properties(str(IAC / "lectures/unit2/policy/policy"), PLANS, examples=40)
    assert [r.says for r in results] == ["", "", "", ""] and all(r.examples >= 3 for r in results)


CURED = """change.type == "platform_artifact_bucket"
	object.get(change.change.after, "public_access_blocked", false) != true"""
SOME_NETWORK = """package main

deny contains "no network" if not any_network

any_network if {
	some change in input.resource_changes
	change.type == "platform_network"
}
"""


def test_a_value_that_is_not_known_yet(tmp_path: Path) -> None:
    text = PUBLIC % "change.change.after.public_access_blocked == false"
    assert broken(tmp_path, text)["unknown"] == "no longer: platform_artifact_bucket.this"
    assert "unknown" not in broken(tmp_path, PUBLIC % CURED)


def test_a_denial_that_goes_away(tmp_path: Path) -> None:
    found = broken(tmp_path, SOME_NETWORK)
    assert found["monotone"] == "no longer: no network"
    (result,) = check_properties(str(tmp_path), PLANS, names=["monotone"], examples=25)
    assert result.counterexample == {"plan": [], "added": ["platform_network.this"]}, "nothing can be left out"
    assert "platform_network.this" in result._repr_html_()


def test_the_order_matters(tmp_path: Path) -> None:
    first = 'package main\n\ndeny contains "first" if input.resource_changes[0].type == "platform_network"\n'
    assert broken(tmp_path, first)["order"] == "another order, another verdict"


@pytest.mark.parametrize("text", [PUBLIC.replace(GUARD, "") % "true", 'package main\n\ndeny := {"x"} if input.a\n'])
def test_what_is_not_a_plan(tmp_path: Path, text: str) -> None:
    assert broken(tmp_path, text)["total"]


def test_an_unknown_property_is_an_error() -> None:
    with pytest.raises(KeyError):
        check_properties(str(IAC / "lectures/unit2/policy/policy"), PLANS, names=["guess"])
