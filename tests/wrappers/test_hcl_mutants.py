"""Mutants of a module: each is one small fault, the same every time, and Terraform's parser reads all but one kind."""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.wrappers.hcl_mutants import OPERATORS, hcl_mutants
from helpers.wrappers.hcl_mutants.syntax import read_syntax
from helpers.wrappers.module_interface import InvalidModule

MODULE = IAC / "lectures/unit2/pyramid/workspace"
EXAMPLES = {"local.name": "vision-dev", "var.team": "vision", "var.environment": "dev"}


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_every_operator_finds_a_place_and_each_mutant_is_one_small_edit() -> None:
    mutants = hcl_mutants(MODULE, examples=EXAMPLES)
    assert mutants == hcl_mutants(MODULE, examples=EXAMPLES), "the same module has the same mutants"
    assert {mutant.operator for mutant in mutants} == set(OPERATORS)
    assert len({mutant.id for mutant in mutants}) == len(mutants) > 100
    for mutant in mutants:
        lines = changed((MODULE / mutant.file).read_text(), mutant.text)
        blocks = mutant.operator in ("drop-validation", "drop-condition", "drop-output")
        assert 1 <= len(lines) <= (6 if blocks else 2), (mutant, lines)


def test_all_but_the_broken_ones_still_parse(tmp_path: Path) -> None:
    for number, mutant in enumerate(hcl_mutants(MODULE, examples=EXAMPLES)[::4]):
        copy = shutil.copytree(MODULE, tmp_path / str(number))
        mutant.write(copy)
        if mutant.operator == "break-syntax":
            with pytest.raises(InvalidModule, match="does not parse"):
                read_syntax(copy)
        else:
            assert read_syntax(copy)


@pytest.mark.parametrize(
    ("operator", "text", "after"),
    [
        (
            "drop-condition",
            'resource "a" "b" {\n  x = 1\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n',
            'resource "a" "b" {\n  x = 1\n}\n',
        ),
        (
            "drop-tag",
            'resource "a" "b" {\n  tags = { team = var.t, on = "ü" }\n}\n',
            'resource "a" "b" {\n  tags = { on = "ü" }\n}\n',
        ),
        (
            "widen-cidr",
            'resource "a" "b" {\n  from = ["10.0.0.0/24"]\n}\n',
            'resource "a" "b" {\n  from = ["10.0.0.0/16"]\n}\n',
        ),
        ("flip-bool", '# ü\nresource "a" "b" {\n  on = !true\n}\n', '# ü\nresource "a" "b" {\n  on = !false\n}\n'),
        (
            "negate-condition",
            'check "c" {\n  assert {\n    condition = 1 == 2 || true\n  }\n}\n',
            'check "c" {\n  assert {\n    condition = !(1 == 2 || true)\n  }\n}\n',
        ),
        (
            "hard-code",
            'resource "a" "b" {\n  name = "x-${ var.team }"\n}\n',
            'resource "a" "b" {\n  name = "x-vision"\n}\n',
        ),
    ],
)
def test_what_an_operator_does(tmp_path: Path, operator: str, text: str, after: str) -> None:
    (tmp_path / "main.tf").write_text(text)
    found = hcl_mutants(tmp_path, operators=[operator], examples=EXAMPLES)
    assert found[0].text == after


def test_a_reference_is_swapped_with_a_variable_of_the_same_type(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'variable "a" {\n  type = string\n}\nvariable "n" {\n  type = number\n}\nvariable "b" {\n  type = string\n}\n'
        'resource "x" "y" {\n  a = var.a\n  n = var.n\n  b = var.b\n}\n'
    )
    assert [m.fault for m in hcl_mutants(tmp_path, operators=["swap-reference"])] == [
        "var.a became var.b",
        "var.b became var.a",
    ]


def test_mutants_are_asked_for_by_id_and_mistakes_are_explained(tmp_path: Path) -> None:
    (mutant,) = hcl_mutants(MODULE, ids=["drop-output:output.network"])
    assert mutant.file == "outputs.tf" and "network" not in mutant.text
    with pytest.raises(BadInput, match="There are: break-syntax"):
        hcl_mutants(MODULE, operators=["guess"])
    with pytest.raises(BadInput, match="no mutant 'x:y'"):
        hcl_mutants(MODULE, ids=["x:y"])
    with pytest.raises(BadInput, match=r"no \.tf file"):
        hcl_mutants(tmp_path)
    with pytest.raises(BadInput, match=r"no outputs\.tf"):
        mutant.write(tmp_path)
