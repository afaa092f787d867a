"""Plans from public trackers: what Terraform says of them, a reader and its display have to say, too."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from helpers.widgets.plan_viewer import PlanViewer
from helpers.widgets.renderers.plan import plan_html
from helpers.widgets.renderers.risk import plan_risks
from helpers.wrappers.terraform.types import Plan

SECRET = "correct-horse-battery"


def change(address: str, actions: list[str], before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    inside = {
        name: more.pop(name) for name in list(more) if name in ("before_sensitive", "after_sensitive", "importing")
    }
    kind, _, name = address.rpartition(".")
    body = {"actions": actions, "before": before, "after": after, **inside}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": body, **more}


def plan(*changes: dict[str, Any], **more: Any) -> Plan:
    return Plan.from_json({"format_version": "1.2", "resource_changes": list(changes), **more})


class TestSensitive:
    """hashicorp/terraform#28522: a value that becomes sensitive, or stops being so, is hidden on both sides."""

    @pytest.mark.parametrize("marks", [({"key": True}, {}), ({}, {"key": True}), (False, True), (True, False)])
    def test_either_side_hides_both(self, marks: tuple[Any, Any]) -> None:
        one = change(
            "x.y",
            ["update"],
            {"key": SECRET},
            {"key": SECRET + "-2"},
            before_sensitive=marks[0],
            after_sensitive=marks[1],
        )
        shown = plan_html(plan(one)) + json.dumps(plan(one).raw) + PlanViewer(plan(one)).html()
        assert SECRET not in shown and "(sensitive value)" in shown

    def test_marks_of_lists_and_of_other_keys_are_joined(self) -> None:
        before, after = {"keys": ["a-secret", "open-one"], "n": 1}, {"keys": ["open-two", "b-secret", "c"], "n": 2}
        marks = {"before_sensitive": {"keys": [True]}, "after_sensitive": {"keys": [False, True]}}
        text = plan_html(plan(change("x.y", ["update"], before, after, **marks)))
        assert not [word for word in ("a-secret", "open-one", "open-two", "b-secret") if word in text]
        assert "n" in text and ">2<" in text

    @pytest.mark.parametrize(
        "copy",
        [
            f"postgres://app:{SECRET}@db",
            json.dumps({"password": 'quo"te-and\\slash'}),
            base64.b64encode(SECRET.encode()).decode(),
            "https://db/?p=p%40ss%2Fword-1",
        ],
    )
    def test_copies_in_another_form_are_found(self, copy: str) -> None:
        hidden = [SECRET, 'quo"te-and\\slash', "p@ss/word-1"]
        one = change("x.y", ["create"], None, {"given": hidden, "made": copy}, after_sensitive={"given": True})
        raw = plan(one).raw["resource_changes"][0]["change"]["after"]
        assert raw["made"] != copy and "(sensitive value)" in str(raw["made"])

    def test_a_number_is_found_as_well(self) -> None:
        one = change(
            "x.y", ["create"], None, {"pin": 918273, "port": 5432, "copy": 918273}, after_sensitive={"pin": True}
        )
        raw = plan(one).raw["resource_changes"][0]["change"]["after"]
        assert str(raw["copy"]) == "(sensitive value)" and raw["port"] == 5432


class TestWhatNoActionSays:
    def test_an_import_is_shown(self) -> None:
        found = plan(change("x.y", ["no-op"], {}, {}, importing={"id": "i-1"}))
        assert "Plan: 1 to import" in plan_html(found) and "Nothing changes here" not in plan_html(found)
        assert "imports i-1" in plan_html(found)
        assert found.has_changes and PlanViewer(found).shown("changes") == found.resource_changes

    def test_an_import_by_identity_is_one(self) -> None:
        found = plan(change("x.y", ["no-op"], {}, {}, importing={"identity": {"region": "eu", "name": "logs"}}))
        assert found.resource_changes[0].importing == "name=logs, region=eu"

    def test_a_move_is_shown(self) -> None:
        found = plan(change("x.new", ["no-op"], {}, {}, previous_address="x.old"))
        assert "1 to move" in plan_html(found) and "was x.old" in plan_html(found) and found.has_changes

    def test_nothing_at_all_still_says_so(self) -> None:
        found = plan(change("x.y", ["no-op"], {}, {}))
        assert "Nothing changes here." in plan_html(found) and not found.has_changes

    def test_what_is_deferred_is_not_nothing(self) -> None:
        left = {"reason": "resource_config_unknown", "resource_change": change("x.y", ["create"], None, {"a": 1})}
        text = plan_html(plan(complete=False, deferred_changes=[left]))
        assert "not complete" in text and "x.y" in text and "resource config unknown" in text
        assert "Nothing changes here" not in text

    def test_actions_are_shown_and_their_secrets_hidden(self) -> None:
        """Terraform 1.14: ``action_invocations``."""
        run = {
            "address": "action.mail_send.team",
            "type": "mail_send",
            "config_values": {"to": "team@acme.test", "password": SECRET},
            "config_sensitive": {"password": True},
            "lifecycle_action_trigger": {"triggering_resource_address": "x.y"},
        }
        found = plan(action_invocations=[run])
        text = plan_html(found)
        assert "action.mail_send.team" in text and "team@acme.test" in text and SECRET not in text
        assert SECRET not in json.dumps(found.raw) and found.has_changes

    def test_a_check_that_failed_without_a_diagnostic_is_shown(self) -> None:
        check = {
            "address": {"to_display": "check.budget"},
            "status": "fail",
            "instances": [{"problems": [{"message": "too dear"}]}],
        }
        assert "too dear" in plan_html(plan(checks=[check]))

    @pytest.mark.parametrize("name", ["variables", "output_changes", "resource_changes", "checks", "configuration"])
    def test_null_is_empty(self, name: str) -> None:
        assert Plan.from_json({"format_version": "1.2", name: None}).changes == ()


class TestDeposed:
    FOUND = plan(
        change("aws_db_instance.main", ["delete"], {"id": "old"}, None, deposed="5a1b"),
        change("aws_db_instance.main", ["no-op"], {"id": "live"}, {"id": "live"}),
    )

    def test_the_address_is_the_live_object(self) -> None:
        assert self.FOUND["aws_db_instance.main"].action == "no-op"

    def test_what_is_destroyed_says_that_it_is_deposed(self) -> None:
        assert "aws_db_instance.main (deposed object 5a1b)" in plan_html(self.FOUND)

    def test_the_risk_is_of_the_deposed_object(self) -> None:
        (risk,) = plan_risks(self.FOUND)
        assert "deposed object 5a1b" in risk.address
        assert [c.deposed for c in PlanViewer(self.FOUND).shown("risky")] == ["5a1b"]


class TestActionsOfALaterTerraform:
    @pytest.mark.parametrize("actions", [["vaporise"], ["delete", "create", "run"], ["update", "create"], []])
    def test_a_word_that_is_not_known_is_a_change_and_a_risk(self, actions: list[str]) -> None:
        found = plan(change("x.y", actions, {"a": 1}, {"a": 2}))
        assert found.changes and found.has_changes and plan_risks(found)
        assert "unknown to this reader" in plan_html(found)

    def test_create_and_forget_destroys_nothing(self) -> None:
        found = plan(change("x.y", ["create", "forget"], {"a": 1}, {"a": 2}))
        assert found.summary == "1 to add, 0 to change, 0 to destroy" and found.count("delete", "replace") == 0
        assert found.changes and "forget the old one" in plan_html(found)


class TestLists:
    def rules(self, *cidrs: str) -> dict[str, Any]:
        return {"ingress": [{"cidr": cidr, "port": 443} for cidr in cidrs]}

    def test_a_rule_that_moves_up_opens_nothing(self) -> None:
        one = change("aws_rules.x", ["update"], self.rules("10.0.0.0/8", "0.0.0.0/0"), self.rules("0.0.0.0/0"))
        assert plan_risks(plan(one)) == ()

    def test_one_more_open_rule_does(self) -> None:
        before, after = self.rules("10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0"), self.rules("0.0.0.0/0", "0.0.0.0/0")
        assert "opens public access" in plan_risks(plan(change("aws_rules.x", ["update"], before, after)))[0].reason

    def test_positions_are_in_the_order_of_numbers(self) -> None:
        one = change("x.y", ["update"], {"l": list(range(12))}, {"l": list(range(100, 112))})
        paths = [a.path for a in plan(one).resource_changes[0].changed_attributes()]
        assert paths == [f"l[{n}]" for n in range(12)]


class TestSize:
    """The page grows with neither the number of resources nor their attributes."""

    def wide(self, resources: int, attributes: int) -> str:
        values = {f"attribute_{n}": "x" * 1200 for n in range(attributes)}
        return plan_html(plan(*(change(f"null.r{n}", ["create"], None, values) for n in range(resources))))

    def test_five_thousand_resources(self) -> None:
        assert len(self.wide(5000, 1)) < 500_000

    def test_many_long_attributes(self) -> None:
        text = self.wide(20, 500)
        assert len(text) < 500_000 and "… and 460 more; see plan[" in text

    def test_it_does_not_grow(self) -> None:
        assert len(self.wide(800, 6)) < 1.1 * len(self.wide(300, 6))
