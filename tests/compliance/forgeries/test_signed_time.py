"""A pack with another date than the one at which it was sealed, or with a time that nobody signed for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.compliance.evidence.types import STATEMENT
from helpers.wrappers.cosign import Bundle
from tests.compliance.forgeries.packs import Packs


def unsigned(packs: Packs) -> Any:
    """Return a pack sealed without a signed time."""
    copy = packs.copy()
    said = Bundle.read(copy / STATEMENT).predicate
    packs.seal_again(copy, said, timestamp=False)
    return copy


def borrowed(packs: Packs) -> Any:
    """Return a pack with the signed time of an earlier one."""
    copy = packs.resealed(lambda said: None)
    bundle = json.loads((copy / STATEMENT).read_bytes())
    earlier = json.loads((packs.honest / STATEMENT).read_bytes())
    name = "timestampVerificationData"
    bundle["verificationMaterial"][name] = earlier["verificationMaterial"][name]
    (copy / STATEMENT).write_text(json.dumps(bundle))
    return copy


@pytest.mark.parametrize(
    ("made", "kind"), [("2031-01-01T00:00:00Z", "future-date"), ("2020-01-01T00:00:00Z", "wrong-date")]
)
def test_forgery_of_the_date(packs: Packs, made: str, kind: str) -> None:
    assert kind in packs.kinds(packs.resealed(lambda said: said.update(madeAt=made)))


def test_forgery_of_the_end(packs: Packs) -> None:
    kinds = packs.kinds(packs.resealed(lambda said: said["period"].update(until="2031-01-01T00:00:00Z")))
    assert kinds == ["future-date", "stale-trail"]


def test_forgery_of_the_signed_time(packs: Packs) -> None:
    assert packs.kinds(unsigned(packs)) == ["statement-no-timestamp"]
    assert packs.kinds(borrowed(packs)) == ["statement-bad-timestamp"]


def test_honest_twin(packs: Packs) -> None:
    found = packs.verify(packs.resealed(lambda said: None))
    assert found.status == "valid" and found.sealed_at is not None
