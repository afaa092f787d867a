"""Policies from public trackers: what Conftest would pass over in silence is an error, or said in the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.widgets.renderers.evidence import policy_report_html
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.policy import BuiltinError, NothingChecked, RegoError
from helpers.wrappers.rego_rules import rules_in

GOOD = 'package main\n\ndeny contains "is public" if input.public\n'


def policy(folder: Path, text: str, name: str = "main.rego") -> Conftest:
    (folder / "policy").mkdir(exist_ok=True)
    (folder / "policy" / name).write_text(text)
    return Conftest(folder)


@pytest.mark.parametrize(
    "rule",
    ["deny if input.public", 'deny := "is public" if input.public', 'deny[name] := "public" if some name, _ in input'],
)
def test_a_rule_that_is_no_set_is_named(tmp_path: Path, rule: str) -> None:
    """conftest#864: it is true, and the report says passed."""
    tested = policy(tmp_path, f"package main\n\n{rule}\n")
    with pytest.raises(RegoError, match="would not hear a rule") as caught:
        tested.test(document={"public": True})
    assert "main.deny is not a set of messages: deny" in caught.value.why and caught.value.problems[0].line == 3


@pytest.mark.parametrize(
    "rule",
    [
        'deny contains "x" if input.public',
        'deny := {m | input.public; m := "x"}',
        'deny = ["x"] if input.public',
        'deny_public contains msg if {\n\tinput.public\n\tmsg := "x"\n}',
    ],
)
def test_every_form_of_a_set_is_heard(tmp_path: Path, rule: str) -> None:
    (tmp_path / "a.rego").write_text(f"package main\n\n{rule}\n")
    assert all(one.gives_messages for one in rules_in([tmp_path]) if one.judges)


def test_a_rule_in_a_mistyped_package_is_said(tmp_path: Path) -> None:
    tested = policy(tmp_path, GOOD)
    policy(tmp_path, 'package mian\n\ndeny contains "no owner" if not input.owner\n', "owner.rego")
    report = tested.test(document={"public": False})
    assert report.passed and report.not_evaluated == ("mian.deny (owner.rego:3)",)
    assert "mian.deny" in policy_report_html(report)
    assert tested.test(document={"public": False}, all_namespaces=True).not_evaluated == ()


def test_a_test_whose_rule_divides_by_zero_does_not_pass(tmp_path: Path) -> None:
    tested = policy(tmp_path, 'package main\n\ndeny contains "dear" if 100 / input.pods > 50\n')
    text = 'package main_test\n\nimport data.main\n\ntest_none if count(main.deny) == 0 with input as {"pods": 0}\n'
    policy(tmp_path, text, "main_test.rego")
    with pytest.raises(BuiltinError):
        tested.verify()


@pytest.mark.parametrize(
    "rule",
    [
        'deny contains {"message": "is public"} if input.public',
        'limit := 1 if input.public\n\nlimit := 2 if input.public\n\ndeny contains "x" if limit > 0',
    ],
)
def test_a_mistake_of_the_author_is_no_fault_of_the_machine(tmp_path: Path, rule: str) -> None:
    with pytest.raises(RegoError, match="could not be evaluated"):
        policy(tmp_path, f"package main\n\n{rule}\n").test(document={"public": True})


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null\n", "---\n# nothing\n"])
def test_configuration_that_says_nothing_is_not_passed(tmp_path: Path, text: str) -> None:
    tested = policy(tmp_path, GOOD)
    (tmp_path / "empty.yaml").write_text(text)
    with pytest.raises(NothingChecked, match="says nothing"):
        tested.test("empty.yaml")
    with pytest.raises(NothingChecked, match="says nothing"):
        tested.test(document=text, filename="x.yaml")
