"""Short names for sockets."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from helpers.runtime.services.errors import ServiceError
from helpers.runtime.services.short_paths import short_path


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "t"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def deep(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / ("d" * 90) / name
    folder.mkdir(parents=True)
    return folder / "tmp"


def test_a_short_path_stays_where_it_is(tmp_path: Path) -> None:
    assert short_path(Path("/x/tmp"), 45) == Path("/x/tmp")


def test_a_long_one_gets_a_private_room_always_the_same(tmp_path: Path, shelf: Path) -> None:
    path = deep(tmp_path, "one")
    room = short_path(path, 45)
    assert room.parent.parent == shelf
    assert room.parent.stat().st_mode & 0o777 == 0o700
    assert short_path(path, 45) == room
    assert short_path(deep(tmp_path, "two"), 45) != room


def test_a_room_goes_when_its_state_is_gone(tmp_path: Path, shelf: Path) -> None:
    gone, kept = deep(tmp_path, "gone"), deep(tmp_path, "kept")
    rooms = short_path(gone, 45).parent, short_path(kept, 45).parent
    (rooms[0] / "socket").write_text("")
    gone.parent.rmdir()
    strange = shelf / f"mod208-{os.getuid()}-of-somebody-else"
    strange.mkdir()
    short_path(deep(tmp_path, "new"), 45)
    assert not rooms[0].exists()
    assert rooms[1].exists()
    assert strange.exists()


def test_what_somebody_planted_there_is_refused_and_not_written_through(tmp_path: Path, shelf: Path) -> None:
    path, victim = deep(tmp_path, "one"), tmp_path / "victim"
    room = short_path(path, 45).parent
    note = room / "stands-for"
    victim.write_text("mine")
    note.unlink()
    note.symlink_to(victim)
    with pytest.raises(ServiceError, match="cannot be used for sockets"):
        short_path(path, 45)
    assert victim.read_text() == "mine"
    note.unlink()
    room.chmod(0o777)
    with pytest.raises(ServiceError, match="Others may use it"):
        short_path(path, 45)
    room.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    room.symlink_to(elsewhere)
    with pytest.raises(ServiceError, match="It is not a directory"):
        short_path(path, 45)
    assert not list(elsewhere.iterdir())
