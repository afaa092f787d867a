"""A change ended that nobody had on record before it began; every signature in the log is good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.compliance.audit import Entry, Event, Operation, Subject, unfinished
from helpers.compliance.audit.changes import ACTIONS
from tests.compliance.forgeries.world import Lines, World, event

OTHER = Subject.of("other.json", b"[]")
EVERY = pytest.mark.parametrize("operation", list(Operation), ids=str)


def said(operation: Operation, decision: str, actor: str = "pipeline", **details: object) -> Event:
    return event(str(ACTIONS[operation]), actor, decision, operation=str(operation), **details)


def found(world: World, lines: Lines) -> list[str]:
    """Return what is unfinished in a log that its verifier calls valid."""
    assert world.kinds(lines) == []
    entries = [Entry.of(index, line) for index, line in enumerate(lines)]
    about = entries[-1].event.subject
    return unfinished(one for one in entries if one.event.subject == about)


@EVERY
def test_forgery_without_an_intent(world: World, operation: Operation) -> None:
    lines = world.signed([], "pipeline", said(operation, "accepted"))
    assert found(world, lines) == [f"entry 0: {named(operation)} without an intent before it"]


@EVERY
def test_forgery_with_the_intent_after_it(world: World, operation: Operation) -> None:
    lines = world.signed([], "pipeline", said(operation, "accepted"), said(operation, "unknown"))
    assert len(found(world, lines)) == 2


@EVERY
def test_forgery_with_the_intent_of_something_else(world: World, operation: Operation) -> None:
    elsewhere = replace(said(operation, "unknown"), subject=OTHER)
    lines = world.signed([], "pipeline", elsewhere, said(operation, "accepted"))
    assert found(world, lines) == [f"entry 1: {named(operation)} without an intent before it"]
    # Nor when both are asked about together.
    entries = [Entry.of(index, line) for index, line in enumerate(lines)]
    assert len(unfinished(entries)) == 2


@pytest.mark.parametrize(
    ("intent", "end"),
    [
        ({"operation": Operation.APPLY}, {"operation": Operation.DESTROY}),
        ({"operation": Operation.PROMOTE}, {"operation": Operation.ROLL_BACK}),
        ({"actor": "pipeline"}, {"actor": "mallory"}),
        ({}, {"intent": 7}),
    ],
    ids=["another operation", "the other way", "another account", "an entry that is not there"],
)
def test_forgery_with_an_intent_that_does_not_fit(
    world: World, intent: dict[str, object], end: dict[str, object]
) -> None:
    base: dict[str, object] = {"operation": Operation.APPLY}
    begins = said(decision="unknown", **(base | intent))  # type: ignore[arg-type]
    ends = said(decision="accepted", **(base | end))  # type: ignore[arg-type]
    assert len(found(world, world.signed([], "pipeline", begins, ends))) == 2


def test_forgery_with_the_intent_of_another_key(world: World) -> None:
    lines = world.signed([], "platform", said(Operation.DESTROY, "unknown"))
    assert len(found(world, world.signed(lines, "pipeline", said(Operation.DESTROY, "accepted")))) == 2


def test_forgery_that_says_it_was_copied(world: World) -> None:
    # Only the Git server's own log knows a merge by its end; the pipeline's key does not speak for it.
    copied = replace(said(Operation.PROMOTE, "accepted"), source=("forge", "1"))
    assert len(found(world, world.signed([], "pipeline", copied))) == 1


@EVERY
@pytest.mark.parametrize("end", ["accepted", "failed"])
def test_honest_twin(world: World, operation: Operation, end: str) -> None:
    lines = world.signed([], "pipeline", said(operation, "unknown"), said(operation, end, intent=0))
    assert found(world, lines) == []


def test_honest_twin_of_a_merge(world: World) -> None:
    merged = replace(said(Operation.PROMOTE, "accepted", actor="ada"), source=("forge", "1"))
    assert found(world, world.signed([], "forge", merged)) == []


def named(operation: Operation) -> str:
    return f"{'an' if str(operation)[0] in 'aeiou' else 'a'} {operation} by pipeline"
