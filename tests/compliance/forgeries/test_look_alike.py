"""The author approves under a name that only looks like somebody else's."""

from __future__ import annotations

import pytest

from helpers.compliance.audit import BadEvent
from helpers.compliance.audit.statement import _ACCOUNT
from tests.compliance.forgeries.world import World, event


@pytest.mark.parametrize(
    ("author", "approver"), [("bob", "b0b"), ("lena", "1ena"), ("mara", "rnara"), ("ada", "ADA"), ("will", "wi11")]
)
def test_forgery(world: World, author: str, approver: str) -> None:
    lines = world.signed([], "pipeline", event("plan", author))
    lines = world.signed(lines, "forge", event("approval", approver))
    assert world.kinds(lines) == ["look-alike"]


@pytest.mark.parametrize("name", ["ada ", " ada", "\u0430da", "\uff41da", "a\u200bda", "ad\u00e1", "ada\u202e", "a da"])
def test_forgery_of_a_name(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    lines = world.signed([], "pipeline", event("plan", "ada"))
    with pytest.raises(BadEvent, match="actor"):
        world.signed(lines, "forge", event("approval", name))
    # One who writes the event without our code is found by the verifier.
    monkeypatch.setattr("helpers.compliance.audit.statement._account", lambda text: text)
    assert "name" in world.kinds(world.signed(lines, "forge", event("approval", name)))
    assert not _ACCOUNT.fullmatch(name)


@pytest.mark.parametrize(("author", "approver"), [("ada", "bela"), ("bob", "rob"), ("anna", "hanna")])
def test_honest_twin(world: World, author: str, approver: str) -> None:
    lines = world.signed([], "pipeline", event("plan", author))
    lines = world.signed(lines, "forge", event("approval", approver))
    assert world.kinds(world.signed(lines, "pipeline", event("apply", "pipeline"))) == []
