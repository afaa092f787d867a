"""Keys that are arithmetic in a file are what the tools say: asked of Terraform, of its version reader, of a tree."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from helpers.course.quiz import Quiz
from helpers.course.quiz.questions import Number
from helpers.wrappers.module_interface.hcl_reader import ask
from helpers.wrappers.module_interface.version_constraint import comparison, request
from helpers.wrappers.terraform import Terraform

COUNTED = """
variable "names" { type = list(string) }

resource "terraform_data" "bucket" {
  count            = length(var.names)
  triggers_replace = var.names[count.index]
}
"""
STATE = """
variable "password" {
  type      = string
  sensitive = true
}

resource "terraform_data" "marked" {
  input = var.password
}
"""
LEARNERS = ("ada", "grace")


def question(section: str, name: str, learner: str) -> Number:
    found = next(one for one in Quiz(section, learner=learner).questions if one.id == name)
    assert isinstance(found, Number)
    return found


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("MOD208_WORKSPACE", str(tmp_path / "workspace"))


def test_count_shifts_as_terraform_plans_it(tmp_path: Path) -> None:
    asked = question("unit1/01", "count-add", "ada")
    (tmp_path / "main.tf").write_text(COUNTED)
    names = [f"team{place}" for place in range(1, asked.values["n"] + 1)]
    before = Terraform(tmp_path, variables={"names": names})
    before.init()
    before.apply(auto_approve=True)
    names.pop(asked.values["k"] - 1)
    plan = Terraform(tmp_path, variables={"names": names}).plan()
    assert plan.summary.startswith(f"{asked.key} to add, 0 to change, {asked.key + 1} to destroy")


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_constraint_allows_what_terraforms_reader_allows(learner: str) -> None:
    asked = question("unit1/02", "versions-allowed", learner)
    minors, patches = range(asked.values["m"] + 1), range(asked.values["p"] + 1)
    offered = [f"1.{minor}.{patch}" for minor in minors for patch in patches] + ["2.0.0", "2.1.0"]
    constraint = f"~> 1.{asked.values['k']}"
    assert constraint in asked.text
    answers = [comparison(answer) for answer in ask([request([f"= {one}"], [constraint]) for one in offered])]
    assert not [answer.errors for answer in answers if answer.errors]
    assert sum(not answer.refused for answer in answers) == asked.key


def test_a_state_holds_a_marked_value_as_it_is_and_says_that_it_is_marked(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(STATE)
    terraform = Terraform(tmp_path, variables={"password": "pw-7301"})
    terraform.init()
    terraform.apply(auto_approve=True)
    state = json.loads((tmp_path / "terraform.tfstate").read_text())
    (instance,) = state["resources"][0]["instances"]
    assert instance["attributes"]["input"]["value"] == "pw-7301"
    assert instance["sensitive_attributes"] == [[{"type": "get_attr", "value": "input"}]]


def _longest_path(leaves: int) -> int:
    """Return the most siblings on a path of the tree of RFC 6962, section 2.1: split at the largest power of two."""
    if leaves == 1:
        return 0
    left = 1
    while left * 2 < leaves:
        left *= 2
    return 1 + max(_longest_path(left), _longest_path(leaves - left))


@pytest.mark.parametrize("learner", LEARNERS)
def test_an_inclusion_proof_is_as_long_as_the_tree_is_high(learner: str) -> None:
    asked = question("unit4/03", "proof-length", learner)
    assert _longest_path(asked.values["n"]) == asked.key


@pytest.mark.parametrize("learner", LEARNERS)
def test_what_is_counted_in_a_text_is_what_stands_there(learner: str) -> None:
    log = question("unit1/03", "exit-log", learner)
    assert sum(line.endswith("exit code 1") for line in log.material.splitlines()) == log.key
    gates = question("unit3/05", "gates-block", learner)
    assert sum(line.split()[1] != "passed" for line in gates.material.splitlines()) == gates.key
    reviews = question("unit3/03", "approvals-count", learner)
    rows = [line.split() for line in reviews.material.splitlines()]
    assert sum(row[0] == "approved" and row[1] == "c2" for row in rows) == reviews.key
    chain = question("unit4/03", "chain-edited", learner)
    lines = [line.split() for line in chain.material.splitlines()]
    (edited,) = (int(one[0]) for one, after in itertools.pairwise(lines) if one[4] != after[2])
    assert edited == chain.key
