"""The threat model names a test for each claim, and each forgery has a row: nothing is defended by words alone."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from helpers.compliance.evidence.types import FINDINGS
from helpers.core.paths import ROOT
from helpers.wrappers.cosign import Cause

PAGE = ROOT / "docs" / "threat-model.md"
FORGERIES = ROOT / "tests" / "compliance" / "forgeries"
COLUMNS = ["claim", "evidence", "who must have signed", "what a verifier checks", "finding", "test"]
#: What cosign finds in a pack's statement is named after its cause.
OF_COSIGN = {f"statement-{cause}" for cause in Cause}
#: Has no twin of its own: what it changes is the honest log, which must be valid before.
PROPERTIES = "test_mutations.py"


def rows(text: str) -> list[list[str]]:
    """Return the table of claims."""
    lines = [line for line in text.partition("## Claims")[2].splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return table[:1] + table[2:]


def problems(text: str, root: Path = ROOT) -> list[str]:
    """Return what is wrong with the table of claims."""
    head, *claims = rows(text)
    found = [] if head == COLUMNS and claims else [f"the columns are {head}"]
    for row in claims:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row[-1])
        if len(row) != len(COLUMNS) or not all(row):
            found.append(f"{row[0]}: a cell is missing")
        if not named:
            found.append(f"{row[0]}: names no test")
        for name in named:
            found += [f"{row[0]}: {what}" for what in missing(root / name)]
    return found


def missing(test: Path) -> list[str]:
    """Return what a test of a row lacks: the forgery, or the honest twin."""
    if not test.is_file():
        return [f"there is no {test.name}"]
    names = [one.name for one in ast.parse(test.read_text()).body if isinstance(one, ast.FunctionDef)]
    if test.name == PROPERTIES:
        return [] if any(name.startswith("test_") for name in names) else [f"{test.name} tests nothing"]
    lacks = [what for what in ("test_forgery", "test_honest_twin") if not any(n.startswith(what) for n in names)]
    return [f"{test.name} has no {what}" for what in lacks]


def test_each_claim_has_a_test_that_forges_it() -> None:
    assert problems(PAGE.read_text(encoding="utf-8")) == []


def test_each_forgery_has_a_row() -> None:
    named = set(re.findall(r"`tests/compliance/forgeries/(\w+\.py)`", PAGE.read_text(encoding="utf-8")))
    assert named == {path.name for path in FORGERIES.glob("test_*.py")}


def test_each_finding_that_is_named_is_one_of_the_verifiers() -> None:
    source = (ROOT / "toolchain" / "audit-log" / "diff.go").read_text(encoding="utf-8")
    kinds = set(re.findall(r'= "([a-z-]+)"', source)) | {"audit-log-rewritten"}
    named = {kind for row in rows(PAGE.read_text(encoding="utf-8"))[1:] for kind in re.findall(r"`([a-z-]+)`", row[4])}
    assert named and named <= kinds | set(FINDINGS) | OF_COSIGN


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("`tests/compliance/forgeries/test_role.py`", "`tests/compliance/forgeries/test_gone.py`", "no test_gone.py"),
        ("`tests/compliance/forgeries/test_role.py`", "we are careful", "names no test"),
        ("`tests/compliance/forgeries/test_role.py`", "`tests/docs/test_style.py`", "has no test_forgery"),
        ("| a functionary that may state that action at that index |", "| |", "a cell is missing"),
        ("| claim | evidence |", "| claim | what we say |", "the columns are"),
    ],
)
def test_a_row_without_a_test_is_found(old: str, new: str, said: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert old in text and any(said in one for one in problems(text.replace(old, new, 1)))
