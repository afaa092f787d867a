"""Notebook 04 with the mistakes learners make: each gets a reason that names what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from grading.hidden import lab1_policy as hidden
from helpers.course.checks.lab1_policy import GATE, POLICY, TESTS
from helpers.course.labs import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A workspace in which the three steps are solved."""
    made = Lab("lab1", work=tmp_path / "work")
    for step in ("policy-write", "policy-tests", "policy-gate"):
        made.solve(step)
    return made


def mistake(lab: Lab, file: str, old: str, new: str) -> None:
    text = lab.read(file)
    assert old in text
    lab.path(file).write_text(text.replace(old, new))


def test_solution_passes_the_hidden_tests_too(lab: Lab) -> None:
    for step in ("policy-write", "policy-tests", "policy-gate"):
        assert lab.result(step).passed, lab.result(step).reason
    hidden.policy_write(lab)
    hidden.policy_gate(lab)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('object.get(change.change.after, "encryption", "")', "change.change.after.encryption", "without encryption"),
        ("ACME-BKT-002 %s", "a bucket %s", "does not carry the id ACME-BKT-002"),
        ("ACME-DEL-001 %s: it holds", "ACME-DEL-001: it holds %s", "does not start with ACME-DEL-001 and"),
        ("ACME-DEL-001 %s: it holds", "ACME-DEL-001: [%s] holds", "passed"),
        (
            'sprintf("ACME-TAG-001 %s: the tag %s is missing", [change.address, name])',
            '"ACME-TAG-001"',
            "does not name the resource",
        ),
        (
            'in {"platform_artifact_bucket", "platform_network", "platform_secret"}',
            '!= "platform_secret"',
            "refuses a good plan (a GPU pool is deleted",
        ),
        ("hourly_cost_usd > 50", "hourly_cost_usd > 0", "warns about a good plan"),
        ("package main", "package policies", "no rule was evaluated"),
        ("deny contains msg if {", "deny[msg] {", "does not compile"),
    ],
)
def test_policy_mistakes(lab: Lab, old: str, new: str, reason: str) -> None:
    mistake(lab, POLICY, old, new)
    result = lab.result("policy-write")
    if reason == "passed":
        assert result.passed
    else:
        assert not result.passed
        assert reason in result.reason or "keyword is required" in result.reason


def test_a_rule_that_no_test_holds_is_named(lab: Lab) -> None:
    mistake(lab, TESTS, "test_dear_pool_is_warned_about", "untested_dear_pool")
    result = lab.result("policy-tests")
    assert not result.passed
    assert f"{POLICY}:" in result.reason and "no test fails when this rule is removed" in result.reason


def test_tests_that_only_refuse_are_not_enough(lab: Lab) -> None:
    for name in ("test_good_bucket_passes", "test_cheap_pool_passes"):
        mistake(lab, TESTS, name, f"un{name}")
    result = lab.result("policy-tests")
    assert not result.passed and "show a good plan passing" in result.reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("fail-on-warn = true", "fail-on-warn = true\nno-fail = true", "exit code 0"),
        ('namespace = ["main"]', 'namespace = ["policies"]', "evaluates no rule"),
        ("show-builtin-errors = true", "", "although a rule crashed"),
        ("fail-on-warn = true", "", "a warning must stop"),
        ('policy = ["policy"]', 'policy = ["elsewhere"]', "the gate stops a good plan"),
    ],
)
def test_gates_that_let_things_through(lab: Lab, old: str, new: str, reason: str) -> None:
    mistake(lab, GATE, old, new)
    result = lab.result("policy-gate")
    assert not result.passed and reason in result.reason


def test_hidden_tests_catch_a_policy_fitted_to_the_shown_plans(lab: Lab) -> None:
    mistake(
        lab, POLICY, '"delete" in change.change.actions', 'change.change.actions in [["delete"], ["delete", "create"]]'
    )
    assert lab.result("policy-write").passed
    with pytest.raises(AssertionError, match="new one first"):
        hidden.policy_write(lab)


def aggregated(text: str) -> str:
    """Return the policy with one deny rule over a set that the five rules fill."""
    made = text.replace("deny contains msg if {", "finding contains msg if {")
    return made + "\ndeny contains msg if some msg in finding\n"


def in_two_files(lab: Lab) -> None:
    """Move the rule about costs into a file of its own."""
    text = lab.read(POLICY)
    head, warn = text.split("warn contains msg if {")
    lab.path(POLICY).write_text(head)
    planned = head[head.index("planned contains") : head.index("# The tags of")]
    own = planned.replace("planned contains", "costly contains")
    lab.write(
        "policy/cost.rego", f"package main\n\n{own}\nwarn contains msg if {{{warn}".replace("in planned", "in costly")
    )


class TestOtherSolutions:
    """Rules that are cut in another way, and the tests that they need; more are in ``tests/course/alternatives``."""

    def test_one_aggregated_rule_is_right_and_its_parts_need_tests(self, lab: Lab) -> None:
        lab.path(POLICY).write_text(aggregated(lab.read(POLICY)))
        assert lab.result("policy-write").passed, lab.result("policy-write").reason
        assert lab.result("policy-tests").passed, lab.result("policy-tests").reason
        mistake(lab, TESTS, "test_public_bucket_is_refused", "untested_public_bucket")
        assert "ACME-BKT-002 says nothing any more" in lab.result("policy-tests").reason

    def test_rules_in_another_file_are_held_too(self, lab: Lab) -> None:
        in_two_files(lab)
        assert lab.result("policy-tests").passed, lab.result("policy-tests").reason
        mistake(lab, TESTS, "test_dear_pool_is_warned_about", "untested_dear_pool")
        assert "policy/cost.rego:" in lab.result("policy-tests").reason
