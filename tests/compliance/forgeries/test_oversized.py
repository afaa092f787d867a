"""A file so long that whoever reads it runs out of memory."""

from __future__ import annotations

import os

import pytest

from tests.compliance.forgeries.world import World


@pytest.mark.parametrize("name", ["checkpoint", "collectors", "tile/0/000.p/3", "planted"])
def test_forgery(world: World, name: str) -> None:
    export = world.export(world.story())
    (export / name).touch()
    os.truncate(export / name, 1 << 33)
    assert [one.kind for one in world.verify(export).findings] == ["too-large"]


def test_honest_twin(world: World) -> None:
    assert world.kinds(world.story()) == []
