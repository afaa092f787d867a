"""Whatever its maker changes in the times and claims of a pack, and seals again, the answer is never ``valid``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.compliance.evidence.period import time_text
from helpers.compliance.evidence.types import STATEMENT
from helpers.wrappers.cosign import Bundle
from tests.compliance.forgeries.packs import Packs
from tests.compliance.forgeries.world import NOW
from tests.repeats import examples

#: Parts of the statement: a path of members.
PLACES: list[tuple[Any, ...]] = [
    ("madeAt",),
    ("period",),
    ("period", "from"),
    ("period", "until"),
    ("artifacts",),
    ("artifacts", 0, "digest"),
    ("artifacts", 0, "signer"),
    ("artifacts", 0, "attestations"),
    ("controls",),
    ("controls", 0, "covered"),
    ("controls", 2, "evidence"),
    ("controls", 4, "gaps"),
]
DAYS = st.integers(1, 4000).flatmap(lambda days: st.sampled_from([days, -days]))
TIMES = DAYS.map(lambda days: time_text(NOW + timedelta(days=days)))
VALUES = st.one_of(
    TIMES,
    TIMES.map(lambda text: text.replace("Z", "+00:00")),
    st.text(max_size=8),
    st.none(),
    st.integers(-2, 2**40),
    st.sampled_from([[], {}, True, False, ["sbom"], ["provenance"], "0" * 64]),
    st.fixed_dictionaries({"from": TIMES, "until": TIMES}),
)


def replacing(place: tuple[Any, ...], value: Any) -> Callable[[dict[str, Any]], None]:
    """Return what puts a value in a place of the statement."""

    def change(said: dict[str, Any]) -> None:
        target: Any = said
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = value

    return change


@given(place=st.sampled_from(PLACES), value=VALUES)
@examples(12)
def test_forgery(packs: Packs, place: tuple[Any, ...], value: Any) -> None:
    before: Any = Bundle.read(packs.honest / STATEMENT).predicate

    for step in place:
        before = before[step]
    if json.dumps(before) == json.dumps(value):
        return
    asked = packs.verify(packs.honest).period
    found = packs.verify(packs.resealed(replacing(place, value)), period=str(asked))
    if found and place[0] == "period":
        # A longer period than was asked for is an honest pack as well, and the answer is about what was asked.
        assert found.period == asked and found.coverage == packs.verify(packs.honest).coverage
        return
    # A signer that nobody knows is neither: it cannot be told.
    assert found.status in ("invalid", "unknown") and found.findings and not found.coverage


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("artifacts",), []),
        (("artifacts",), {}),
        (("artifacts", 0, "signer"), ""),
        (("artifacts", 0, "signer"), "x"),
        (("artifacts", 0, "attestations"), {}),
        (("controls", 0, "covered"), 0),
        (("controls",), {}),
    ],
)
def test_forgery_by_leaving_out(packs: Packs, place: tuple[Any, ...], value: Any) -> None:
    """Those that random changes would find too rarely."""
    found = packs.verify(packs.resealed(replacing(place, value)))
    assert found.status != "valid" and found.findings


def test_honest_twin(packs: Packs) -> None:
    assert packs.kinds(packs.resealed(lambda said: None)) == []
