"""A pack whose statement means one thing to one reader and another thing to the next; its maker signed these bytes."""

from __future__ import annotations

import pytest

from tests.compliance.forgeries.packs import Packs

DEEP = b"[" * 200 + b"]" * 200


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"madeAt":', b'"madeAt":"2020-01-01T00:00:00Z","madeAt":'),
        (b'"madeAt":', b'"MadeAt":"2020-01-01T00:00:00Z","madeAt":'),
        (b'"madeAt":', b'"note":"nobody knows this part","madeAt":'),
        (b'"madeAt":', b'"note":' + DEEP + b',"madeAt":'),
        (b'"attestations":', b'"approvedBy":"bela","attestations":'),
        (b'"period":{', b'"period":{"through":"2031-01-01T00:00:00Z",'),
    ],
)
def test_forgery(packs: Packs, old: bytes, new: bytes) -> None:
    honest = packs.payload()
    compact = honest.replace(b'": ', b'":').replace(b', "', b',"')
    assert old in compact
    assert packs.kinds(packs.with_payload(compact.replace(old, new, 1))) == ["wrong-claim"]


def test_honest_twin(packs: Packs) -> None:
    """Signed by hand, the honest bytes are as good as cosign's."""
    assert packs.kinds(packs.with_payload(packs.payload())) == []
