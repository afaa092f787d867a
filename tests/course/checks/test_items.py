"""A check tells all that is wrong at once, by groups, with the hints that belong to each reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.core.verdicts.checks import CheckResult
from helpers.course import checks
from helpers.course.checks import Check, CheckCrashed, Unmet, every, item, require, settled
from helpers.course.checks.support.gpu_workspace import REFUSED
from helpers.course.labs import Lab
from helpers.course.labs._next import following
from helpers.course.workspace import Workspace
from helpers.widgets import check_html

HINTS = ("nudge", "pointer", "near-solution")
OWN = ("its nudge", "its pointer", "its near-solution")
VARIABLES = "modules/gpu-workspace/variables.tf"
MAIN = "modules/gpu-workspace/main.tf"
POLICY = "policy/workspace.rego"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    return Lab("lab1", work=tmp_path / "work")


def several(lab: Workspace) -> str:
    with every("Colours"):
        require(lab.path("red").exists(), "red is missing", OWN)
        require(True, "nothing")
        require(lab.path("blue").exists(), "blue is missing")
    with item("Shapes", "round"):
        require(lab.path("round").exists(), "round is missing")
        require(False, "what follows builds on it")
    settled()
    raise AssertionError("the check went on after something was wrong")


def test_all_reasons_are_told_and_each_has_its_hints(lab: Lab) -> None:
    found = Check("lab1", "interface", HINTS, several)(lab)
    assert found.reason.splitlines() == ["red is missing", "blue is missing", "round is missing"]
    assert found.counted == "1 of 4 right"
    assert found.due == ((OWN, ("red is missing",)), (HINTS, ("blue is missing", "round is missing")))
    assert found.hints == OWN
    html = check_html(found)
    assert html.index("Colours") < html.index("red is missing") < html.index("Shapes") < html.index("round is missing")
    assert "0 of 8 points" in html and html.count("<details>") == 6
    lab.path("red").write_text("")
    assert OWN not in dict(Check("lab1", "interface", HINTS, several)(lab).due)


def test_one_thing_in_a_block_of_several_is_noted_once(lab: Lab) -> None:
    def nested(lab: Workspace) -> str:
        with every("Colours"):
            with item("Colours", "red"):
                require(False, "red is missing")
            require(True, "nothing")
        return "all is there"

    found = Check("lab1", "interface", HINTS, nested)(lab)
    assert [(one.name, one.passed) for one in found.items] == [("red", False), ("", True)]


def test_outside_of_a_check_the_first_reason_is_raised(lab: Lab) -> None:
    with pytest.raises(Unmet, match="red is missing"):
        several(lab)


def wrong_and_then_broken(lab: Workspace) -> str:
    with every("Things"):
        require(not lab.path("wrong").exists(), "it is wrong")
        {}["missing"]
    return "fine"


def test_a_fault_that_follows_from_a_reason_is_not_told_and_any_other_is(lab: Lab) -> None:
    check = Check("lab1", "interface", HINTS, wrong_and_then_broken)
    with pytest.raises(CheckCrashed):
        check(lab)
    lab.path("wrong").write_text("")
    assert check(lab).reason == "it is wrong"


def test_three_mistakes_in_the_interface_are_three_reasons_and_stay_in_memory(lab: Lab) -> None:
    lab.solve("interface")
    lab.path(VARIABLES).write_text(
        lab.read(VARIABLES)
        .replace('variable "owner"', 'variable "proprietor"')
        .replace("var.owner", "var.proprietor")
        .replace("default     = 16", "default     = 32")
    )
    outputs = "modules/gpu-workspace/outputs.tf"
    lab.path(outputs).write_text(re.sub(r'output "gpus" \{.*?^\}\n', "", lab.read(outputs), flags=re.DOTALL | re.M))
    first, again = lab.result("interface"), lab.result("interface")
    for said in ('"owner" is not declared', "is 32, not 16", 'output "gpus" is not declared'):
        assert said in first.reason
    assert first.items == again.items and first.next == following(lab.spec, "interface")
    lab.solve("interface")
    assert repr(lab.grade("interface")).startswith("interface: 8 of 8 points. ")


def test_every_value_that_is_tried_is_tried() -> None:
    names = [probe.name for probe in REFUSED]
    assert len(set(names)) == len(names), "of two probes with one name Terraform gets the last"


def test_a_quota_of_nodes_in_place_of_gpus_is_told(lab: Lab) -> None:
    lab.solve("interface")
    text = lab.read(VARIABLES)
    quota = re.search(r"var\.gpu_nodes \* [^\n]*<= var\.gpu_quota", text)
    assert quota, "the solution computes GPUs of nodes"
    lab.path(VARIABLES).write_text(text.replace(quota[0], "var.gpu_nodes <= var.gpu_quota"))
    assert "accepts 3 with {'gpu_kind': 'a100'}" in lab.result("interface").reason


def near(step: str, *, of: CheckResult | None = None) -> str:
    check = checks.find("lab1", step)
    assert check is not None
    return (of.hints if of else check.hints)[2]


def put(lab: Lab, path: str, hint: str) -> None:
    """Write a near-solution over the block of the same head; what it leaves open is as the solution has it."""
    text = lab.read(path)
    head = hint.splitlines()[0]
    begin = text.index(head) if head in text else None
    assert begin is not None, f"{path} of the solution has no block {head}"
    end = text.index("\n}\n", begin) + 3
    given = text[begin:end].splitlines()
    lines = [_filled(line, given) for line in hint.splitlines()]
    keys = {line.split("=")[0].strip() for line in lines}
    # A bare row of dots stands for what else belongs there.
    more = [line for line in given[1:-1] if line.split("=")[0].strip() not in keys and "=" in line]
    lines[-1:] = [*(more if any(line.strip() == "..." for line in hint.splitlines()) else []), lines[-1]]
    lab.path(path).write_text(
        text[:begin] + "\n".join(line for line in lines if line.strip() != "...") + "\n" + text[end:]
    )


def _filled(line: str, given: list[str]) -> str:
    key, _, value = line.partition("=")
    if value.strip() not in ("...", '"..."'):
        return line
    return next(one for one in given if one.partition("=")[0].strip() == key.strip())


@pytest.mark.parametrize(
    ("step", "path", "head"),
    [("interface", VARIABLES, 'variable "cost_centre"'), ("build", MAIN, 'resource "platform_artifact_bucket"')],
)
def test_a_near_solution_does_not_fail_its_own_check(lab: Lab, step: str, path: str, head: str) -> None:
    lab.solve("interface")
    lab.solve(step)
    assert near(step).startswith(head)
    put(lab, path, near(step))
    said = lab.result(step)
    # A hint need not be aligned as the formatter has it.
    assert said.passed or "is not formatted" in said.reason, said.reason


def test_the_near_solution_of_a_policy_refuses_what_it_is_about(lab: Lab) -> None:
    lab.solve("policy-write")
    own = f"package main\n\nimport rego.v1\n\n{near('policy-write')}\n"
    lab.path(POLICY).write_text(own)
    reasons = lab.result("policy-write").reason
    assert "ACME-BKT-001" not in reasons, reasons
    assert "ACME-" in reasons, "the other rules are not written"
