"""A thief signs with a collector's key after it was withdrawn: it counts for what was signed before, and no further."""

from __future__ import annotations

from tests.compliance.forgeries.world import World, event


def test_forgery(world: World) -> None:
    lines = world.signed(world.story(), "pipeline", event("promotion", "mallory"))
    world.log.enrol("pipeline", ["plan", "apply", "promotion"], until=3)
    world.collectors = world.log.collectors.read_bytes()
    assert world.kinds(lines) == ["role"]


def test_honest_twin(world: World) -> None:
    world.log.enrol("pipeline", ["plan", "apply", "promotion"], until=3)
    world.collectors = world.log.collectors.read_bytes()
    assert world.kinds(world.story()) == []
