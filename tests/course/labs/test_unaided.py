"""Two steps of Lab 3 have no hint that is nearly their solution, and their own words say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.core.errors import BadInput
from helpers.core.paths import ROOT
from helpers.course import checks
from helpers.course.labs import Lab

UNAIDED = {"find", "gate"}


def test_which_steps_of_the_lab_have_two_hints_only() -> None:
    found = {name: len(one.hints) for name in checks.names("lab3") if (one := checks.find("lab3", name))}
    assert {name for name, count in found.items() if count == 2} == UNAIDED
    assert set(found.values()) == {2, 3}


def test_their_notebooks_say_so() -> None:
    said = set()
    for notebook in (ROOT / "source" / "lab3-compliance").glob("*.ipynb"):
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            text = "".join(cell["source"])
            if "two hints, and neither is nearly the answer" in text:
                said.add(text.partition("## Step `")[2].partition("`")[0])
    assert said == UNAIDED


def test_hints_stop_at_the_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "s"))
    lab = Lab("lab3", work=tmp_path / "work")
    given = [lab.hint("find") for _ in range(3)]
    assert [one.level for one in given] == [1, 2, 2] and "hint 2 of 2 (pointer)" in repr(given[1])
    with pytest.raises(BadInput, match="find has no hint level 3") as refused:
        lab.hint("find", 3)
    assert "yours to find" in refused.value.diagnostics()


def test_a_step_with_two_hints_says_that_it_means_it() -> None:
    with pytest.raises(TypeError, match="a step has three hints"):
        checks.step("lab3", "find", hints=("a question", "a place"))
