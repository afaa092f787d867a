"""An entry is edited, taken out or put in, by one who holds the log's key, but no collector's."""

from __future__ import annotations

import pytest

from tests.compliance.forgeries.world import World


@pytest.mark.parametrize("how", ["flipped", "deleted", "reordered", "replayed", "inserted"])
def test_forgery(world: World, how: str) -> None:
    lines = world.story()
    at = lines[1].index(b"payload") + 40
    changed = {
        "flipped": [lines[0], lines[1][:at] + bytes([lines[1][at] ^ 1]) + lines[1][at + 1 :], lines[2]],
        "deleted": [lines[0], lines[2]],
        "reordered": [lines[0], lines[2], lines[1]],
        "replayed": [*lines, lines[1]],
        "inserted": [lines[0], b'{"payload":"x"}', *lines[1:]],
    }[how]
    found = world.verify(world.export(changed))
    assert found.status == "invalid" and how in {one.kind for one in found.findings}


def test_honest_twin(world: World) -> None:
    assert world.kinds(world.story()) == []
