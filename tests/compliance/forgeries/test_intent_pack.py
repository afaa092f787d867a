"""A pack that covers a control although a change of its period was not on record before it began, or never ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from helpers.compliance.audit import Entry, Event, Subject
from helpers.compliance.evidence import controls
from helpers.compliance.evidence.period import Period, time_text
from tests.compliance.forgeries.packs import Frozen, Packs
from tests.compliance.forgeries.world import NOW, Lines, World, event

#: The controls of the auditor's list that are asked for each promotion.
ASKED = {"CC6.8", "CC8.1"}
ELSEWHERE = Subject.of("elsewhere.json", b"[]")


def began(**said: Any) -> Event:
    return event("promotion", said.pop("actor", "pipeline"), "unknown", **said)


def ended(**said: Any) -> Event:
    return event("promotion", said.pop("actor", "pipeline"), **said)


def story(world: World, *events: Event, collector: str = "pipeline") -> Lines:
    """Return a log in which the change has all its approvals."""
    lines = world.signed([], "pipeline", event("plan", "ada", days_ago=9))
    lines = world.signed(lines, "forge", event("approval", "bela", days_ago=9))
    return world.signed(lines, collector, *events)


def gaps(world: World, lines: Lines, days: float | None = None) -> list[str]:
    """Return what a pack of a log, which its verifier calls valid, says of intents in its last days."""
    assert world.kinds(lines) == []
    entries = [Entry.of(index, line) for index, line in enumerate(lines)]
    now = NOW.replace(microsecond=0)
    period = None if days is None else Period(now - timedelta(days=days), now)
    found = {
        one.control.id: [gap for gap in one.gaps if gap.startswith("entry ")]
        for one in controls.coverage(controls.load(), entries, (), time_text(now), period)
    }
    assert {id for id in found if found[id]} in (set(), ASKED) and found["CC8.1"] == found["CC6.8"]
    return found["CC8.1"]


FORGERIES: dict[str, tuple[list[Event], int]] = {
    "an end without an intent": ([ended()], 1),
    "an intent after its end": ([ended(), began()], 2),
    "an intent of another account": ([began(actor="watch"), ended()], 2),
    "an intent about something else": ([replace(began(), subject=ELSEWHERE), ended()], 2),
    "an intent of another operation": ([began(operation="roll-back"), ended(operation="promote")], 2),
    "an intent with other parameters": ([began(parameters={"to": "test"}), ended(parameters={"to": "prod"})], 2),
    "an intent without the parameters": ([began(), ended(parameters={"to": "prod"})], 2),
    "an intent used twice": ([began(), ended(intent=2), ended(intent=2)], 1),
    "two ends, one failed": ([began(), event("promotion", "pipeline", "failed"), ended()], 1),
    "an entry that is no number": ([began(), ended(intent=True)], 2),
    "an intent that was recorded as an apply": ([event("apply", "pipeline", "unknown"), ended()], 1),
    "a change that never ended": ([began()], 1),
}


@pytest.mark.parametrize(("events", "found"), FORGERIES.values(), ids=FORGERIES)
def test_forgery(world: World, events: list[Event], found: int) -> None:
    assert len(gaps(world, story(world, *events))) == found


def test_forgery_with_the_intent_of_another_key(world: World) -> None:
    lines = story(world, began(), collector="platform")
    assert len(gaps(world, world.signed(lines, "pipeline", ended()))) == 2


def test_forgery_with_the_intent_of_another_period(world: World) -> None:
    """It was for another end, which lies before the period."""
    lines = story(world, began(days_ago=6), ended(days_ago=5), ended(days_ago=2))
    assert gaps(world, lines, days=4) == ["entry 4: a promote by pipeline without an intent before it"]


def test_forgery_that_says_the_cluster_wrote_it(world: World) -> None:
    """Only who collects the cluster's own log knows a write by its end; the pipeline's key does not speak for it."""
    assert len(gaps(world, story(world, replace(ended(), source=("kubernetes", "1"))))) == 1


@pytest.mark.parametrize("events", [[ended()], [began()]], ids=["no intent", "no end"])
def test_forgery_of_the_claim(packs: Packs, events: list[Event]) -> None:
    """The maker of a pack cannot leave the gap out, and its verifier names it."""
    sealed = packs.seal(Frozen(packs.world, story(packs.world, *events)))
    found = packs.verify(sealed)
    assert found and {one.control.id for one in found.coverage if any("entry 2" in gap for gap in one.gaps)} == ASKED
    assert set(packs.kinds(packs.resealed(covering, sealed))) == {"wrong-claim"}


def covering(statement: dict[str, Any]) -> None:
    for one in statement["controls"]:
        one["gaps"] = [gap for gap in one["gaps"] if "entry 2" not in gap]
        one["covered"] = not one["gaps"]


@pytest.mark.parametrize(
    "events",
    [
        [began(), ended()],
        [began(), ended(intent=2)],
        [began(), event("promotion", "pipeline", "failed", intent=2), began(), ended(intent=4)],
        [event("promotion", "pipeline", "refused")],
        [began(parameters={"to": "prod", "by": 1}), ended(parameters={"by": 1, "to": "prod"})],
    ],
    ids=["begun and ended", "by its place", "failed, and again", "refused before it began", "parameters in any order"],
)
def test_honest_twin(world: World, events: list[Event]) -> None:
    assert gaps(world, story(world, *events)) == []


def test_honest_twin_over_the_end_of_a_period(world: World) -> None:
    assert gaps(world, story(world, began(days_ago=5), ended(days_ago=3)), days=4) == []


def test_honest_twin_of_a_write_of_the_cluster(packs: Packs) -> None:
    written = replace(event("apply", "ada"), source=("kubernetes", "1"))
    found = packs.verify(packs.seal(Frozen(packs.world, story(packs.world, written, collector="kubernetes"))))
    assert found and not any("what was done by" in one for one in found.not_checked)


def test_what_no_control_asks_about_is_left_open_by_name(packs: Packs) -> None:
    found = packs.verify(packs.honest)
    assert "what was done by entry 2: an apply by pipeline without an intent before it" in found.not_checked
