"""An earlier state of the log, sealed today as if nothing had happened since."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpers.compliance.evidence import BadEvidence
from tests.compliance.forgeries.packs import Frozen, Packs
from tests.compliance.forgeries.world import NOW

MONTH = f"{NOW - timedelta(days=30):%Y-%m-%d}/{NOW:%Y-%m-%d}"


def test_forgery(packs: Packs) -> None:
    earlier = Frozen(packs.world, packs.story(25), NOW - timedelta(days=20))
    with pytest.raises(BadEvidence, match="beyond what is known"):
        packs.seal(earlier, MONTH)
    start, until = (f"{day}T00:00:00Z" for day in MONTH.split("/"))
    forged = packs.resealed(lambda said: said.update(period={"from": start, "until": until}), packs.seal(earlier))
    assert "stale-trail" in packs.kinds(forged)


def test_forgery_by_witnesses_of_tomorrow(packs: Packs) -> None:
    """With cosignatures from the future, one state of the log would be good for every period until then."""
    tomorrow = Frozen(packs.world, packs.story(25, 1), NOW + timedelta(days=1))
    assert packs.kinds(packs.seal(tomorrow, MONTH)) == ["future-date"]


def test_honest_twin(packs: Packs) -> None:
    assert packs.kinds(packs.seal(Frozen(packs.world, packs.story(25, 1)), MONTH), period=MONTH) == []
    # An earlier state is good for what it reaches to, and says so.
    earlier = packs.verify(packs.seal(Frozen(packs.world, packs.story(25), NOW - timedelta(days=20))))
    assert earlier.status == "valid" and earlier.period is not None
    assert earlier.period.until < NOW - timedelta(days=19)
