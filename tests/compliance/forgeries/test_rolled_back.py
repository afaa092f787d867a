"""The log's keeper shows an honest earlier state, from before the entry that hurts."""

from __future__ import annotations

from pathlib import Path

from tests.compliance.forgeries.world import World


def test_forgery(world: World, tmp_path: Path) -> None:
    lines, kept = world.story(), tmp_path / "kept"
    kept.write_text(world.checkpoint(lines), encoding="utf-8")
    found = world.verify(world.export(lines[:2]), witnessed=[kept])
    assert [one.kind for one in found.findings] == ["truncated"]


def test_honest_twin(world: World, tmp_path: Path) -> None:
    lines, kept = world.story(), tmp_path / "kept"
    kept.write_text(world.checkpoint(lines[:2]), encoding="utf-8")
    assert world.verify(world.export(lines), witnessed=[kept]).status == "valid"
