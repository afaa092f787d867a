"""Whatever its maker changes in the times and claims of a pack, and seals again, the answer is never ``valid``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

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


@given(place=st.sampled_from(PLACES), value=VALUES)
@examples(12)
def test_forgery(packs: Packs, place: tuple[Any, ...], value: Any) -> None:
    before: Any = Bundle.read(packs.honest / STATEMENT).predicate

    def change(said: dict[str, Any]) -> None:
        target: Any = said
        for step in place[:-1]:
            target = target[step]
        target[place[-1]] = value

    for step in place:
        before = before[step]
    if before == value:
        return
    asked = packs.verify(packs.honest).period
    found = packs.verify(packs.resealed(change), period=str(asked))
    if found and place[0] == "period":
        # A longer period than was asked for is an honest pack as well, and the answer is about what was asked.
        assert found.period == asked and found.coverage == packs.verify(packs.honest).coverage
        return
    assert found.status == "invalid" and found.findings and not found.coverage


def test_honest_twin(packs: Packs) -> None:
    assert packs.kinds(packs.resealed(lambda said: None)) == []
