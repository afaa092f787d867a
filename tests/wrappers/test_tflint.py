"""TFLint, the real one: issues, no issue and no verdict are three different things."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.tflint import CannotLint, PluginNotHere, Tflint

CLEAN = """terraform {
  required_version = ">= 1.11"
}

variable "team" {
  type = string
}

output "team" {
  value = var.team
}
"""
UNUSED = CLEAN + '\nvariable "spare" {}\n'


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "-a module"
    folder.mkdir()
    (folder / "main.tf").write_text(CLEAN)
    return folder


def test_no_issue_and_issues_are_results(module: Path) -> None:
    lint = Tflint(module)
    assert lint.version == "0.64.0" and lint.ruleset_version.count(".") == 2
    assert lint.lint().passed
    (module / "main.tf").write_text(UNUSED)
    report = lint.lint()
    assert not report.passed and report.rules == ("terraform_typed_variables", "terraform_unused_declarations")
    assert {(issue.file, issue.line) for issue in report.issues} == {("main.tf", 13)}
    assert "terraform_unused_declarations" in report._repr_html_() and "main.tf:13" in report._repr_html_()


def test_rules_are_chosen_by_the_caller(module: Path) -> None:
    (module / "main.tf").write_text(UNUSED)
    lint = Tflint(module)
    assert lint.lint(only=["terraform_typed_variables"]).rules == ("terraform_typed_variables",)
    assert lint.lint(disable=["terraform_typed_variables", "terraform_unused_declarations"]).passed
    assert "terraform_documented_variables" in lint.lint(enable=["terraform_documented_variables"]).rules
    assert lint.lint(ignore_files=["main.tf"]).passed
    with pytest.raises(BadInput, match="does not know"):
        lint.lint(only=["terraform_no_such_rule"])


def test_a_module_cannot_switch_its_judge_off(module: Path) -> None:
    (module / "main.tf").write_text(UNUSED)
    (module / ".tflint.hcl").write_text('plugin "terraform" {\n  enabled = false\n}\n')
    assert not Tflint(module).lint().passed
    assert Tflint(module, config_file=".tflint.hcl").lint().passed
    with pytest.raises(BadInput, match=r"no other\.hcl"):
        Tflint(module, config_file="other.hcl").lint()
    with pytest.raises(RefusedVariable):
        Tflint(module, env={"TFLINT_CONFIG_FILE": "x"})


def test_what_cannot_be_judged_is_no_result(module: Path) -> None:
    (module / "main.tf").write_text('variable "team" {')
    with pytest.raises(CannotLint, match=r"main\.tf:1") as caught:
        Tflint(module).lint()
    assert str(module) not in caught.value.diagnostics()
    (module / "main.tf").write_text(CLEAN)
    (module / "rules.hcl").write_text('plugin "aws" {\n  enabled = true\n}\n')
    with pytest.raises(PluginNotHere, match="fetches no plugin"):
        Tflint(module, config_file="rules.hcl").lint()
    (module / "rules.hcl").write_text("config {\n  colour = 1\n}\n")
    with pytest.raises(CannotLint):
        Tflint(module, config_file="rules.hcl").lint()
