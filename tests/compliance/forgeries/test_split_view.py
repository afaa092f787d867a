"""The log's keeper shows one history to one reader and another to the next; one of them has a witness's checkpoint."""

from __future__ import annotations

from pathlib import Path

from tests.compliance.forgeries.test_rewritten import other_history
from tests.compliance.forgeries.world import World


def test_forgery(world: World, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.write_text(world.checkpoint(world.story()), encoding="utf-8")
    # Even with cosignatures of a quorum that colludes, the two views do not fit together.
    found = world.verify(world.export(other_history(world)), witnessed=[seen])
    assert [one.kind for one in found.findings] == ["forked"]


def test_honest_twin(world: World, tmp_path: Path) -> None:
    lines, seen = world.story(), tmp_path / "seen"
    seen.write_text(world.checkpoint(lines, ("witness-b",)), encoding="utf-8")
    assert world.verify(world.export(lines), witnessed=[seen]).status == "valid"
