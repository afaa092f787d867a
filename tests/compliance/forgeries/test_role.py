"""One collector plays every part: the pipeline states the approval of its own plan."""

from __future__ import annotations

from tests.compliance.forgeries.world import World, event


def test_forgery(world: World) -> None:
    lines = world.signed([], "pipeline", event("plan", "ada"), event("approval", "bela"), event("apply", "pipeline"))
    assert world.kinds(lines) == ["role"]


def test_honest_twin(world: World) -> None:
    assert world.kinds(world.story()) == []
