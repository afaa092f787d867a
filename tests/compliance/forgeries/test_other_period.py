"""A pack of an earlier period, shown for a later one."""

from __future__ import annotations

from datetime import timedelta

from tests.compliance.forgeries.packs import Frozen, Packs
from tests.compliance.forgeries.world import NOW

LAST, THIS = (f"{NOW - timedelta(days=a):%Y-%m-%d}/{NOW - timedelta(days=b):%Y-%m-%d}" for a, b in ((60, 30), (30, 0)))


def made(packs: Packs, period: str) -> Frozen:
    """Return a log with a look for drift in the period."""
    return Frozen(packs.world, packs.story(45 if period == LAST else 15))


def test_forgery(packs: Packs) -> None:
    older = packs.seal(made(packs, LAST), LAST)
    assert packs.kinds(older, period=THIS) == ["other-period"]
    # Nor is one that reaches over a part of it, nor an event of another month evidence for this one.
    half = f"{LAST.split('/')[0]}/{NOW - timedelta(days=20):%Y-%m-%d}"
    assert packs.kinds(packs.seal(made(packs, LAST), half), period=THIS) == ["other-period"]
    said = packs.verify(packs.seal(made(packs, LAST), THIS), period=THIS)
    watched = next(one for one in said.coverage if one.control.id == "CC7.2")
    assert said.status == "valid" and watched.gaps and not watched.evidence


def test_forgery_of_a_year_without_a_trail(packs: Packs) -> None:
    wide = packs.seal(made(packs, THIS), f"2019-01-01/{THIS.split('/')[1]}")
    said = packs.verify(wide, period="2019-01-01/2020-01-01")
    assert any("before the trail begins" in one for one in said.not_checked), "nobody recorded anything then"


def test_honest_twin(packs: Packs) -> None:
    for period in (LAST, THIS):
        said = packs.verify(packs.seal(made(packs, period), period), period=period)
        watched = next(one for one in said.coverage if one.control.id == "CC7.2")
        assert said.status == "valid" and watched.covered
        assert str(said.period) == period.replace("/", "T00:00:00Z/") + "T00:00:00Z"
