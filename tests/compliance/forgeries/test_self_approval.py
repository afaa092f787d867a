"""Work is put into effect that only its author approved."""

from __future__ import annotations

import pytest

from tests.compliance.forgeries.world import World, event


@pytest.mark.parametrize("effect", ["apply", "promotion"])
@pytest.mark.parametrize("made", ["plan", "sign"])
def test_forgery(world: World, made: str, effect: str) -> None:
    lines = world.signed([], "pipeline", event(made, "ada"))
    lines = world.signed(lines, "forge", event("approval", "ada"))
    assert world.kinds(world.signed(lines, "pipeline", event(effect, "pipeline"))) == ["self-approval"]


def test_honest_twin(world: World) -> None:
    lines = world.signed([], "pipeline", event("plan", "ada"))
    lines = world.signed(lines, "forge", event("approval", "ada"), event("approval", "bela"))
    assert world.kinds(world.signed(lines, "pipeline", event("apply", "pipeline"))) == []
