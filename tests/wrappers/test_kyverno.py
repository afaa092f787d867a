"""Kyverno, the real one: what it says, and that its silence is never taken for a yes."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.wrappers.base import RefusedVariable
from helpers.wrappers.kyverno import Kyverno, PolicyInvalid, RuleError
from helpers.wrappers.policy import InputUnreadable, NothingChecked, PolicyMissing

POLICY = """apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: replicas, annotations: {policies.kyverno.io/severity: medium}}
spec:
  validationActions: [Deny]
  matchConstraints:
    resourceRules:
    - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}
  validations:
  - expression: EXPRESSION
    message: at least two replicas
"""
DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {0}, namespace: prod}}\nspec: {{replicas: {1}}}\n"
)
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
TEST = """apiVersion: cli.kyverno.io/v1alpha1
kind: Test
metadata: {name: t}
policies: [policy.yaml]
resources: [a.yaml, b.yaml]
results:
- {policy: replicas, isValidatingPolicy: true, kind: Deployment, resources: [RESOURCE], result: RESULT}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY.replace("EXPRESSION", "object.spec.replicas >= 2"))
    (tmp_path / "a.yaml").write_text(DEPLOYMENT.format("a", 3))
    (tmp_path / "b.yaml").write_text(DEPLOYMENT.format("b", 1))
    (tmp_path / "config.yaml").write_text(CONFIG_MAP)
    return tmp_path


def test_a_report(folder: Path) -> None:
    tool = Kyverno(folder)
    assert int(tool.version.split(".")[0]) == 1
    report = tool.apply(["policy.yaml"], ["a.yaml", "b.yaml"])
    assert not report.passed and report.successes == 1
    (failure,) = report.failures
    assert (failure.file, failure.namespace, failure.msg) == ("b.yaml", "replicas", "at least two replicas")
    assert failure.metadata["object"] == "Deployment/b" and failure.metadata["namespace"] == "prod"
    assert tool.apply(["policy.yaml"], ["a.yaml"]).passed


def test_folders_with_other_files_in_them(folder: Path) -> None:
    rules = folder / "rules, and more"
    rules.mkdir()
    (folder / "policy.yaml").rename(rules / "policy.yaml")
    (rules / "notes.yaml").write_text("a: 1\n")
    (folder / "manifests, all").mkdir()
    (folder / "b.yaml").rename(folder / "manifests, all/b.yaml")
    report = Kyverno(folder).apply([rules], ["manifests, all"])
    assert [f.file for f in report.failures] == ["manifests, all/b.yaml"]


def test_an_error_is_no_pass(folder: Path) -> None:
    (folder / "policy.yaml").write_text(POLICY.replace("EXPRESSION", "object.spec.gone.there == 1"))
    with pytest.raises(RuleError) as caught:
        Kyverno(folder).apply(["policy.yaml"], ["a.yaml"])
    assert "no such key" in caught.value.why and "Deployment/a" in caught.value.why
    assert caught.value.report is not None and not caught.value.report.passed


def test_silence_is_no_pass(folder: Path) -> None:
    """Kyverno ends with 0 for the first two and for the last, and prints nothing."""
    tool = Kyverno(folder)
    with pytest.raises(PolicyMissing):
        tool.apply(["gone.yaml"], ["a.yaml"])
    with pytest.raises(PolicyMissing):
        tool.apply(["config.yaml"], ["a.yaml"])
    (folder / "empty").mkdir()
    with pytest.raises(PolicyMissing):
        tool.apply(["empty"], ["a.yaml"])
    with pytest.raises(NothingChecked):
        tool.apply(["policy.yaml"], ["config.yaml"])
    report = tool.apply(["policy.yaml"], ["config.yaml"], require=False)
    assert report.evaluated == 0 and not report.passed


def test_what_cannot_be_read(folder: Path) -> None:
    tool = Kyverno(folder)
    with pytest.raises(InputUnreadable):
        tool.apply(["policy.yaml"], ["gone.yaml"])
    (folder / "broken.yaml").write_text("a: b\n")
    with pytest.raises(InputUnreadable):
        tool.apply(["policy.yaml"], ["broken.yaml"])
    (folder / "policy.yaml").write_text(POLICY.replace("EXPRESSION", "object.spec.replicas >="))
    with pytest.raises(PolicyInvalid) as caught:
        tool.apply(["policy.yaml"], ["a.yaml"])
    assert "Syntax error" in caught.value.why and str(folder) not in str(caught.value)
    with pytest.raises(RefusedVariable):
        Kyverno(folder, env={"KUBECONFIG": "x"})


def expect(folder: Path, resource: str, result: str) -> Kyverno:
    (folder / "kyverno-test.yaml").write_text(TEST.replace("RESOURCE", resource).replace("RESULT", result))
    return Kyverno(folder)


def test_tests(folder: Path) -> None:
    good = expect(folder, "b", "fail").test()
    assert good.passed and [case.resource for case in good.passes] == ["apps/v1/Deployment/prod/b"]
    assert good.passes[0].message == "at least two replicas"
    bad = expect(folder, "b", "pass").test()
    assert not bad.passed and bad.failures[0].status == "fail" and "got fail" in bad.failures[0].reason
    assert "failed" in repr(bad) and "replicas" in (bad._repr_html_() or "")


def test_a_test_that_looks_at_nothing_is_no_pass(folder: Path) -> None:
    with pytest.raises(NothingChecked):
        Kyverno(folder).test()
    with pytest.raises(PolicyMissing):
        Kyverno(folder).test("gone")
    # Kyverno calls a resource that the policy does not match a pass, whatever was expected of it.
    (folder / "a.yaml").write_text(CONFIG_MAP)
    result = expect(folder, "x", "fail").test()
    assert not result.passed and {case.status for case in result.cases} == {"error"}
    assert not expect(folder, "nobody", "fail").test().passed


def test_a_rule_that_errs_in_a_test_is_no_pass(folder: Path) -> None:
    (folder / "policy.yaml").write_text(POLICY.replace("EXPRESSION", "object.spec.gone.there == 1"))
    result = expect(folder, "b", "fail").test()
    assert not result.passed and [case.status for case in result.cases] == ["error"]
