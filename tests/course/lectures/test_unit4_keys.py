"""The scenarios of the lecture on keys: people who sign a root, and a keeper who shows two histories."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpers.compliance.audit import Trail
from helpers.core.errors import BadInput
from helpers.core.paths import ROOT
from helpers.course.scenarios import split_view
from helpers.course.scenarios.ceremony import Ceremony
from helpers.runtime import services

OLD, NEW = {"ada", "bela", "cleo"}, {"ada", "bela", "dan"}
PEOPLE = sorted(OLD | NEW)


@pytest.fixture
def ceremony(tmp_path: Path) -> Ceremony:
    return Ceremony(tmp_path / "ceremony", PEOPLE)


def test_a_root_counts_when_two_old_and_two_new_holders_signed_it(ceremony: Ceremony) -> None:
    first = ceremony.publish(ceremony.root(1, sorted(OLD)).signed("ada", "bela"))
    second = ceremony.root(2, sorted(NEW))
    for count in range(1, len(PEOPLE) + 1):
        for names in itertools.combinations(PEOPLE, count):
            ceremony.publish(second.signed(*names))
            said = ceremony.client("phone", first).visit()
            counts = len(OLD & set(names)) >= 2 and len(NEW & set(names)) >= 2
            assert said.startswith("trusts root 2" if counts else "refused: root was signed by "), names


def test_a_client_goes_step_by_step_and_trusts_no_root_that_is_over(ceremony: Ceremony) -> None:
    first = ceremony.publish(ceremony.root(1, sorted(OLD)).signed("ada", "bela"))
    asleep = ceremony.client("asleep", first)
    assert asleep.trusts == 0
    for version in (2, 3):
        ceremony.publish(ceremony.root(version, sorted(NEW)).signed("ada", "bela"))
    assert (asleep.visit(), asleep.trusts) == ("trusts root 3", 3)
    # A root of the same number by a thief does not take its place.
    ceremony.publish(ceremony.root(3, ["cleo", "dan"]).signed("cleo", "dan"))
    assert asleep.visit() == "trusts root 3"
    ceremony.withdraw(2)
    assert ceremony.client("late", first).visit() == "trusts root 1"
    over = ceremony.root(4, sorted(NEW), expires=datetime.now(UTC) - timedelta(hours=1))
    ceremony.publish(over.signed("ada", "bela"))
    assert asleep.visit().startswith("refused, too old")
    # The root that has ended still vouches for the next one, as the lecture says.
    ceremony.publish(ceremony.root(5, sorted(NEW)).signed("ada", "bela"))
    assert asleep.visit() == "trusts root 5"
    cells = json.loads((ROOT / "notebooks/unit4/04-keys-roles-and-witnesses.ipynb").read_text("utf-8"))["cells"]
    (said,) = ["".join(cell["source"]) for cell in cells if cell["id"] == "keys-35"]
    assert "The ended root still vouches for the next one" in said


def test_who_has_no_key_signs_nothing(ceremony: Ceremony) -> None:
    with pytest.raises(BadInput, match="mallory has no key"):
        ceremony.root(1, ["ada", "bela"]).signed("mallory")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MOD208_STATE", str(tmp_path / "state"))
    services.ensure("audit")
    yield tmp_path
    services.stop("audit")


def test_each_of_two_views_is_judged_by_who_cosigned_it(state: Path) -> None:
    (state / "work").mkdir()
    true, forged = split_view.split(state / "work")
    witnesses = [one.name for one in Trail().directory.witnesses()]
    assert (true.cosigners, forged.cosigners) == (witnesses, [])
    assert {split_view.ask(name, true) for name in witnesses} == {"cosigned"}
    assert {split_view.ask(name, forged) for name in witnesses} == {split_view.ANSWERS[409]}
    found = [true.judged(), forged.judged(quorum=0), forged.judged(), forged.judged(quorum=0, witnessed=[true])]
    kinds = [",".join(one.kind for one in verdict.findings) for verdict in found]
    assert kinds == ["", "", "unwitnessed", "forked"]
    # The log goes on: what the witnesses know now is more than the forged view has.
    Trail().record("plan", actor="ada", subject=split_view.PLAN, decision="accepted")
    assert split_view.ask(witnesses[0], forged) == "refused: it knows 2 entries"
