"""What Terraform says, as types: plans, drift, outputs, tests, and that nothing sensitive shows."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core.errors import BadInput
from helpers.core.sensitive import Sensitive, mask_document
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform._paths import attribute_changes
from helpers.wrappers.terraform._run import literal, parse_event
from helpers.wrappers.terraform.types import Action, Drift, Event, Plan, TestSummary

MakeProject = Callable[..., Terraform]
SECRET = "sekret-of-the-plan"


class TestPlan:
    def test_create(self, project: MakeProject) -> None:
        tf = project(variables={"size": 2})
        plan = tf.plan()
        assert plan.summary == "3 to add, 0 to change, 0 to destroy"
        assert plan.has_changes and plan.applyable and not plan.errored
        assert [c.address for c in plan.changes] == [
            "terraform_data.pool[0]",
            "terraform_data.pool[1]",
            "terraform_data.user",
        ]
        rows = {row.path: row for row in plan["terraform_data.pool[1]"].changed_attributes()}
        assert rows["input.index"].after == 1 and rows["input.index"].before is None
        assert rows["id"].known_after_apply
        assert rows["input.token"].sensitive
        assert rows['input["odd key"][1]'].after == 2

    def test_replace_names_what_forces_it(self, project: MakeProject) -> None:
        project().apply(auto_approve=True)
        plan = project(variables={"size": 2}).plan()
        change = plan["terraform_data.pool[0]"]
        assert change.action is Action.REPLACE and change.actions == ("delete", "create")
        forcing = [row.path for row in change.changed_attributes() if row.forces_replacement]
        assert forcing == ["triggers_replace[0]"]
        assert plan.summary == "2 to add, 1 to change, 1 to destroy"

    def test_nothing_to_do_is_told_apart_from_something(self, project: MakeProject) -> None:
        tf = project()
        assert tf.plan().has_changes
        tf.apply(auto_approve=True)
        plan = tf.plan()
        assert not plan.has_changes and plan.changes == ()
        (tf.workdir / "more.tf").write_text('output "new" { value = 1 }\n')
        plan = tf.plan()
        assert plan.has_changes and plan.changes == ()

    def test_destroy_target_replace(self, project: MakeProject) -> None:
        tf = project()
        tf.apply(auto_approve=True)
        assert tf.plan(destroy=True).summary == "0 to add, 0 to change, 2 to destroy"
        assert [c.address for c in tf.plan(destroy=True, target=["terraform_data.user"]).changes] == [
            "terraform_data.user"
        ]
        assert tf.plan(replace=["terraform_data.user"])["terraform_data.user"].action is Action.REPLACE

    def test_saved_plan_is_private_and_can_be_shown_again(self, project: MakeProject) -> None:
        tf = project()
        plan = tf.plan(out="review.tfplan")
        assert plan.path == tf.workdir / "review.tfplan"
        assert plan.path.stat().st_mode & 0o777 == 0o600
        assert tf.show_plan("review.tfplan").resource_changes == plan.resource_changes

    def test_two_plans_do_not_share_a_file_and_old_ones_go(self, project: MakeProject) -> None:
        tf = project()
        plans = [tf.plan() for _ in range(12)]
        assert len({plan.path for plan in plans}) == 12
        assert len(list((tf.workdir / ".terraform" / "plans").iterdir())) == 10
        assert tf.apply(plans[-1]).added == 2

    def test_unknown_fields_and_words_are_tolerated(self) -> None:
        raw = {
            "resource_changes": [
                {"address": "a.b", "new": 1, "change": {"actions": ["teleport"], "before": {}, "after": {}}}
            ],
            "invented": {"x": 1},
        }
        assert Plan.from_json(raw).resource_changes[0].actions == ("teleport",)


class TestSensitive:
    def test_nothing_of_a_plan_shows_it(self, project: MakeProject) -> None:
        tf = project()
        tf.apply(auto_approve=True)
        plan = project(variables={"size": 2}).plan()
        rows = [row for change in plan.resource_changes for row in change.changed_attributes()]
        shown = repr(plan) + repr(plan.resource_changes) + repr(rows) + repr(plan.variables) + str(plan.raw)
        assert SECRET not in shown + json.dumps(plan.raw) + repr(plan.output_changes)
        # The provider copies the input to an output that it does not mark.
        assert next(row for row in rows if row.path == "output").sensitive
        state = tf.show()
        assert SECRET not in repr(state.resources) + json.dumps(state.raw)
        assert SECRET not in repr(tf.state_show("terraform_data.pool[0]").values)

    def test_an_output_only_by_reveal(self, project: MakeProject) -> None:
        tf = project()
        result = tf.apply(auto_approve=True)
        outputs = tf.output()
        shown = repr(outputs) + repr(outputs["token"]) + str(outputs["token"].value) + f"{outputs['token'].value}"
        assert SECRET not in shown + json.dumps(outputs["token"].value) + repr(result) + repr(result.events)
        assert outputs["token"].reveal() == SECRET
        assert outputs["user"].reveal() == outputs["user"].value
        with pytest.raises(BadInput, match="does not give"):
            result.outputs["token"].reveal()

    def test_reveal_works_for_a_registered_secret(self, project: MakeProject) -> None:
        tf = project(secrets=[SECRET])
        tf.apply(auto_approve=True)
        assert tf.output()["token"].reveal() == SECRET

    def test_a_pickle_holds_only_the_mask(self) -> None:
        data = pickle.dumps(Sensitive("sekret"))
        assert b"sekret" not in data and pickle.loads(data) == "(sensitive value)"

    def test_equal_when_what_they_hide_is_equal(self) -> None:
        assert Sensitive({"a": 1}) == Sensitive({"a": 1}) != Sensitive({"a": 2})
        assert Sensitive("(sensitive value)") != "(sensitive value)"

    def test_a_changed_secret_is_seen_without_being_shown(self, project: MakeProject) -> None:
        project().apply(auto_approve=True)
        plan = project(variables={"token": "another-sekret"}).plan()
        rows = {row.path: row for row in plan["terraform_data.pool[0]"].changed_attributes()}
        assert rows["input.token"].sensitive and rows["input.token"].before != rows["input.token"].after

    def test_verbose_test_events_are_masked(self, project: MakeProject) -> None:
        events: list[Event] = []
        tf = project(files={"tests/a.tftest.hcl": 'run "plan" {\n  command = plan\n}\nrun "apply" {}\n'})
        assert tf.test(verbose=True, on_event=events.append).passed
        assert {"test_plan", "test_state"} <= {event.type for event in events}
        assert SECRET not in json.dumps([event.raw for event in events])

    @given(
        st.recursive(
            st.text(min_size=6, alphabet="xyzXYZ"), lambda c: st.dictionaries(st.text(max_size=3), c) | st.lists(c)
        )
    )
    def test_any_value_marked_as_a_whole_disappears(self, value: Any) -> None:
        raw = {"before": value, "before_sensitive": True, "copy": value}
        shown = json.dumps(mask_document(raw))
        for text in _leaves(value):
            assert text not in shown


def _leaves(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [t for item in (value.values() if isinstance(value, dict) else value) for t in _leaves(item)]


class TestAttributePaths:
    def test_lists_of_different_length(self) -> None:
        rows = attribute_changes({"a": [1, 2]}, {"a": [1]}, {}, ())
        assert [(row[0], row[1], row[2]) for row in rows] == [("a[1]", 2, None)]

    def test_unknown_within_a_list(self) -> None:
        rows = attribute_changes(None, {"a": [{}]}, {"a": [{"id": True}]}, ())
        assert [(row[0], row[4]) for row in rows] == [("a[0].id", True)]

    @given(st.dictionaries(st.text(max_size=4), st.integers() | st.lists(st.integers(), max_size=3)))
    def test_equal_values_have_no_changes(self, value: dict[str, Any]) -> None:
        assert attribute_changes(value, value, {}, ()) == []


class TestVariables:
    @pytest.mark.parametrize(
        "value",
        [
            "plain",
            "${not} a %{template}",
            'quote " and \\ and \n line',
            "snowman ☃ 😀",
            "a\b\f\x01",
            [1, "x"],
            {"k-1": {"n": None}},
            1.5,
            True,
            None,
        ],
    )
    def test_any_value_arrives_as_it_is(self, project: MakeProject, value: object) -> None:
        tf = project(
            'variable "v" {\n  default = "unset"\n}\noutput "v" {\n  value = var.v\n}\n', variables={"v": value}
        )
        tf.apply(auto_approve=True)
        outputs = tf.output()
        assert (outputs["v"].value if value is not None else None) == value

    def test_no_counterpart(self) -> None:
        with pytest.raises(BadInput, match="cannot take"):
            literal({1, 2})

    def test_var_files_and_variables_together(self, project: MakeProject) -> None:
        tf = project(files={"big.tfvars": 'size = 3\ntoken = "from-the-file"\n'}, var_files=["big.tfvars"])
        assert tf.plan().summary.startswith("4 to add")
        both = project(var_files=["big.tfvars"], variables={"size": 1})
        assert both.plan().summary.startswith("2 to add")


class TestDrift:
    FILE = (
        'resource "terraform_data" "a" {\n  input = 1\n}\n'
        'data "terraform_remote_state" "other" {\n  backend = "local"\n  config = { path = "other.tfstate" }\n}\n'
    )

    def test_in_sync(self, project: MakeProject) -> None:
        tf = project()
        tf.apply(auto_approve=True)
        assert tf.drift().status == "in-sync"

    def test_an_error_is_unknown_and_never_in_sync(self, project: MakeProject) -> None:
        tf = project()
        tf.apply(auto_approve=True)
        (tf.workdir / "main.tf").write_text("resource {")
        drift = tf.drift()
        assert drift.status == "unknown" and "main.tf:1" in drift.why

    def test_a_source_that_cannot_be_read_is_unknown(self, project: MakeProject) -> None:
        drift = project(self.FILE).drift()
        assert drift.status == "unknown" and "Unable to find remote state" in drift.why

    def test_a_run_that_takes_too_long_is_unknown(self, project: MakeProject) -> None:
        tf = project(timeout=0.01)
        assert tf.drift().status == "unknown"

    def test_an_empty_state_is_unknown(self, project: MakeProject) -> None:
        drift = project().drift()
        assert drift.status == "unknown" and "empty" in drift.why

    def test_three_answers_are_not_two(self) -> None:
        with pytest.raises(TypeError):
            bool(Drift("unknown"))


class TestTests:
    TESTS = """
run "good" {
  command = plan
  assert {
    condition     = var.size == 1
    error_message = "size is one"
  }
}
run "bad" {
  assert {
    condition     = var.size == 2
    error_message = "size must be two"
  }
}
"""

    def test_a_failing_test_is_a_result(self, project: MakeProject, tmp_path: Path) -> None:
        tf = project(files={"tests/size.tftest.hcl": self.TESTS})
        summary = tf.test(junit_xml=tmp_path / "report.xml")
        assert not summary.passed and summary.status == "fail"
        good, bad = summary.runs
        assert (good.name, good.status, bad.name, bad.status) == ("good", "pass", "bad", "fail")
        assert bad.diagnostics[0].detail == "size must be two"
        assert bad.diagnostics[0].where == "tests/size.tftest.hcl:11"
        assert "<testsuites>" in (tmp_path / "report.xml").read_text()

    def test_no_test_at_all_has_not_passed(self, project: MakeProject) -> None:
        assert not project().test().passed
        assert not TestSummary("pass").passed

    def test_filter_and_variables(self, project: MakeProject) -> None:
        files = {"tests/size.tftest.hcl": self.TESTS, "tests/b.tftest.hcl": 'run "b" {\n  command = plan\n}\n'}
        summary = project(files=files).test(filter=["tests/b.tftest.hcl"])
        assert [run.name for run in summary.runs] == ["b"] and summary.passed
        assert project(files=files, variables={"size": 2}).test().count("fail") == 1


class TestEvents:
    def test_text_and_unknown_types_are_kept(self) -> None:
        assert parse_event("panic: oh no") == Event("text", "panic: oh no")
        assert parse_event("[1]").type == "text"
        event = parse_event('{"type": "brand_new", "@message": "hi", "@level": "trace"}')
        assert (event.type, event.message, event.diagnostic, event.address) == ("brand_new", "hi", None, "")

    @given(st.text())
    def test_no_line_breaks_the_reader(self, line: str) -> None:
        assert parse_event(line).type

    def test_events_of_an_apply_come_as_they_happen(self, project: MakeProject) -> None:
        tf = project()
        with tf.apply_events(tf.plan()) as run:
            types = [event.type for event in run]
            result = run.result()
        assert types.index("apply_start") < types.index("apply_complete") < types.index("change_summary")
        assert dict(result.applied) == {"terraform_data.pool[0]": "create", "terraform_data.user": "create"}
        assert result.events[0].type == "version" and result.added == 2


def test_a_short_default_of_a_sensitive_variable_is_masked(project: MakeProject) -> None:
    plan = project('variable "pin" {\n  sensitive = true\n  default   = "7391"\n}\n').plan()
    assert "7391" not in json.dumps({k: plan.raw[k] for k in ("variables", "configuration")})
