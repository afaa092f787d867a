"""One who has every key of the platform, the log's and the collectors', signs another history."""

from __future__ import annotations

from tests.compliance.forgeries.world import Lines, World, event


def other_history(world: World) -> Lines:
    lines = world.signed([], "pipeline", event("plan", "cleo"))
    lines = world.signed(lines, "forge", event("approval", "bela"))
    return world.signed(lines, "pipeline", event("apply", "pipeline"))


def test_forgery(world: World) -> None:
    lines = other_history(world)
    for witnesses in ((), ("witness-a",)):  # alone, and with a witness that colludes
        found = world.verify(world.export(lines, world.checkpoint(lines, witnesses)))
        assert [one.kind for one in found.findings] == ["unwitnessed"]


def test_forgery_with_the_cosignatures_of_the_true_one(world: World) -> None:
    lines = other_history(world)
    true = world.checkpoint(world.story()).partition("\n\n")[2].splitlines(keepends=True)
    mixed = world.checkpoint(lines, ()) + "".join(true[1:])
    found = world.verify(world.export(lines, mixed))
    assert [one.kind for one in found.findings] == ["edited-checkpoint"]


def test_honest_twin(world: World) -> None:
    found = world.verify(world.export(world.story()))
    assert found.status == "valid" and "witnesses" in found.checked
