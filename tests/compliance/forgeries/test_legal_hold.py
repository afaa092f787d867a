"""What a court asked to keep is let go, because its retention is over."""

from __future__ import annotations

from helpers.compliance.audit import Event, Subject
from helpers.compliance.audit.retention import DAYS
from tests.compliance.forgeries.test_retention import kinds, let_go
from tests.compliance.forgeries.world import NOW, Lines, World, event


def hold(world: World, lines: Lines, what: str = "hold", by: str = "legal") -> Lines:
    said = Event("legal-hold", by, Subject.of("matter", "7"), "accepted", "matter 7", {what: [[0, 1]]}, NOW)
    return world.signed(lines, by, said)


def old(world: World) -> Lines:
    return world.signed([], "pipeline", event("plan", "ada", days_ago=DAYS["plan"] + 1))


def test_forgery(world: World) -> None:
    assert kinds(world, let_go(world, hold(world, old(world)))) == ["legal-hold", "deleted"]


def test_forgery_of_the_release(world: World) -> None:
    lines = hold(world, hold(world, old(world)), "release", by="records")
    assert kinds(world, let_go(world, lines)) == ["role", "legal-hold", "deleted"]


def test_honest_twin(world: World) -> None:
    lines = hold(world, hold(world, old(world)), "release")
    assert kinds(world, let_go(world, lines)) == []
    assert world.kinds(hold(world, old(world))) == []
