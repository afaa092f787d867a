"""A key was taken out of the list of functionaries; the export carries the list from before."""

from __future__ import annotations

from pathlib import Path

from tests.compliance.forgeries.world import World, event


def test_forgery(world: World, tmp_path: Path) -> None:
    world.log.enrol("contractor", ["plan", "approval"])
    old = world.log.collectors.read_bytes()
    world.log.enrol("contractor", [])
    mine = tmp_path / "functionaries"
    mine.write_bytes(world.log.collectors.read_bytes())
    world.collectors = old
    lines = world.signed(world.signed([], "pipeline", event("plan", "ada")), "contractor", event("approval", "bela"))
    found = world.verify(world.export(lines), collectors=mine)
    assert [one.kind for one in found.findings] == ["roles-rolled-back", "role"]


def test_honest_twin(world: World, tmp_path: Path) -> None:
    mine = tmp_path / "functionaries"
    mine.write_bytes(world.log.collectors.read_bytes())
    world.log.enrol("contractor", ["plan"])
    world.collectors = world.log.collectors.read_bytes()
    lines = world.signed([], "contractor", event("plan", "ada"))
    assert world.verify(world.export(lines), collectors=mine).status == "valid"
