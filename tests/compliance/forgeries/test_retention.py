"""An inconvenient entry is let go: by who may not, before its time, by a clock of tomorrow, or under another's date."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from helpers.compliance.audit import Event, Retention, Subject
from helpers.compliance.audit.retention import DAYS
from helpers.compliance.audit.types import Entry
from tests.compliance.forgeries.world import NOW, PLAN, Lines, World, event

POLICY = Subject.of("retention-policy", "{}")


def let_go(world: World, lines: Lines, by: str = "records", at: timedelta = timedelta(0)) -> Lines:
    gone = Event("retention", "records", POLICY, "accepted", "", {"expired": [[0, 1]]}, NOW + at)
    return world.signed(lines, by, gone)


def withheld(line: bytes, **changes: object) -> bytes:
    """Return what an export writes in the place of an entry."""
    entry = Entry.of(0, line)
    said = entry.statement["predicate"]
    kept = {
        "index": said["index"],
        "previous": said["previous"]["sha256"],
        "action": said["action"],
        "at": said["at"],
        "until": said["retention"]["until"],
        "leafHash": entry.leaf_hash,
        "keyid": entry.signer,
        "sig": said["retention"]["sig"],
    }
    return json.dumps({"withheld": {**kept, **changes}}, separators=(",", ":")).encode()


def kinds(world: World, lines: Lines, **changes: object) -> list[str]:
    export = world.export(lines, shown=[withheld(lines[0], **changes), *lines[1:]])
    return [one.kind for one in world.verify(export).findings]


def test_forgery_by_a_collector(world: World) -> None:
    lines = let_go(world, world.signed([], "pipeline", event("plan", "ada", days_ago=900)), by="pipeline")
    assert kinds(world, lines) == ["role", "deleted"]


def test_forgery_before_its_time(world: World) -> None:
    """A break-glass is kept for seven years."""
    lines = let_go(world, world.signed([], "pipeline", event("break-glass", "mallory", days_ago=900)))
    assert kinds(world, lines) == ["retention", "deleted"]
    assert world.kinds(lines) == ["retention"], "asking for it is wrong, even when the content is still there"


def test_forgery_by_tomorrows_clock(world: World) -> None:
    lines = world.signed([], "pipeline", event("break-glass", "mallory", days_ago=900))
    assert kinds(world, let_go(world, lines, at=timedelta(days=3650))) == ["future", "deleted"]


@pytest.mark.parametrize("changes", [{"until": "2020-01-01T00:00:00.000Z"}, {"action": "plan"}, {"sig": "AA=="}])
def test_forgery_of_its_term(world: World, changes: dict[str, str]) -> None:
    lines = let_go(world, world.signed([], "pipeline", event("break-glass", "mallory", days_ago=900)))
    assert kinds(world, lines, **changes) == ["retention", "deleted"]


def test_forgery_by_a_collector_that_keeps_too_short(world: World) -> None:
    short = Retention({**DAYS, "break-glass": 1})
    lines = world.signed([], "pipeline", event("break-glass", "mallory", days_ago=900), retention=short)
    assert kinds(world, let_go(world, lines)) == ["retention", "deleted"]


def test_forgery_without_a_word(world: World) -> None:
    lines = world.signed([], "pipeline", event("plan", "ada", days_ago=900), Event("apply", "cd", PLAN, "accepted"))
    assert kinds(world, lines) == ["deleted"]


def test_honest_twin(world: World) -> None:
    lines = let_go(world, world.signed([], "pipeline", event("plan", "ada", days_ago=DAYS["plan"] + 1)))
    assert kinds(world, lines) == [] and world.kinds(lines) == []
