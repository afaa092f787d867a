"""Each graded step of Labs 1 and 2 has a file of alternative solutions, right ones and wrong ones that look right.

An ordinary run tries the first right and the first wrong one of each step; of those that Lab 2's cluster judges, only
the first wrong one. ``make soak`` tries all.
"""

from __future__ import annotations

import pytest

from helpers.course import outline
from tests.course import alternatives
from tests.repeats import SOAK

LABS = ("lab1", "lab2")
#: Steps that have no file yet: the forge, Argo CD or the API server judges each of their solutions.
NOT_YET = {
    "lab1": (),
    "lab2": ("admission", "change", "promote", "rollback", "window", "drift"),
}
GRADED = [(lab, step.id) for lab in LABS for step in outline.lab(lab).steps]
STEPS = [(lab, step) for lab, step in GRADED if step not in NOT_YET[lab]]


@pytest.mark.parametrize(("lab", "step"), STEPS)
def test_a_step_has_three_right_and_three_wrong_ones(lab: str, step: str) -> None:
    found = alternatives.of(lab, step)
    assert len(found.right) >= alternatives.LEAST and len(found.wrong) >= alternatives.LEAST
    assert not found.unknown
    assert all(one.changes and one.says for one in found.wrong)
    assert all(one.changes and not one.says for one in found.right)
    each = [*found.right, *found.wrong]
    assert len({one.name for one in each}) == len(each)
    assert len({repr(one.changes) for one in each}) == len(each), "two are the same"


def test_what_has_no_file_yet_is_a_step() -> None:
    assert {(lab, step) for lab, steps in NOT_YET.items() for step in steps} == set(GRADED) - set(STEPS)


def test_no_file_is_of_a_step_that_is_not_there() -> None:
    files = {(file.parent.name, file.stem) for file in alternatives.FOLDER.glob("*/*.yaml")}
    assert files == set(STEPS)


@pytest.mark.parametrize("lab", LABS)
def test_an_ordinary_run_tries_one_of_each_kind(lab: str) -> None:
    steps = [step for of, step in STEPS if of == lab]
    tried = [param.values[0] for param in alternatives.chosen(lab, steps)]
    asked = [(step, kind) for step in steps for kind in alternatives.ordinary(lab, step)]
    assert SOAK or [(one.step, "wrong" if one.says else "right") for one in tried] == asked
    assert {bool(one.says) for one in tried} == {True, False}
    assert all("wrong" in alternatives.ordinary(lab, step) for step in steps)
