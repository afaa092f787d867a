"""Files and directories appear whole or not at all."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from helpers.core.files import NotPrivate, new_directory, read_private, write_atomic, write_private


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_text_and_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_atomic(tmp_path / "text", "a\r\nü\n")
    write_atomic(tmp_path / "bytes", b"\xff\n")
    assert (tmp_path / "text").read_bytes() == "a\r\nü\n".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\xff\n"


def test_the_mode_is_that_of_a_new_file_or_private(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_atomic(tmp_path / "normal", "x")
        write_private(tmp_path / "private", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "normal").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_private(path, "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    path, texts = tmp_path / "file", {letter * 50_000 for letter in "ab"}
    write_atomic(path, "a" * 50_000)

    def write(letter: str) -> None:
        for _ in range(50):
            write_atomic(path, letter * 50_000)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in "ab"]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_text() in texts
    assert names(tmp_path) == ["file"]


def test_a_new_directory_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    with new_directory(target) as new:
        (new / "file").write_text("x")
        assert not target.exists()
    assert names(target) == ["file"]
    assert names(target.parent) == ["target"]
    assert target.stat().st_mode & 0o777 == 0o700


def test_a_new_directory_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), new_directory(tmp_path / "target") as new:
        (new / "file").write_text("x")
        raise ValueError("no")
    assert names(tmp_path) == []


def test_of_two_new_directories_one_wins(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with pytest.raises(FileExistsError), new_directory(target, within=tmp_path / "incoming") as late:
        (late / "file").write_text("late")
        with new_directory(target) as early:
            (early / "file").write_text("early")
    assert (target / "file").read_text() == "early"
    assert names(tmp_path / "incoming") == []


def test_a_private_file_is_read_only_while_it_is_private(tmp_path: Path) -> None:
    file, link = tmp_path / "token", tmp_path / "link"
    write_private(file, "ü")
    assert read_private(file) == "ü"
    link.symlink_to(file)
    with pytest.raises(NotPrivate, match="link is not its owner's alone"):
        read_private(link)
    for mode in (0o640, 0o604, 0o620, 0o602):
        file.chmod(mode)
        with pytest.raises(NotPrivate) as caught:
            read_private(file)
        assert f"{mode:04o}" in caught.value.why and "chmod 600 token" in caught.value.next
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(NotPrivate, match="pipe"):
        read_private(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "nothing")


def test_a_private_file_that_somebody_else_put_there_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "token"
    write_private(file, "planted")
    # Ours is the only user here; so we become another one for the reader.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "getuid", lambda: file.stat().st_uid + 1)
        with pytest.raises(NotPrivate) as caught:
            read_private(file)
    assert "somebody else" in caught.value.why


def test_the_name_beside_a_file_cannot_be_guessed(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):
        with new_directory(tmp_path / "made", within=tmp_path / "in") as directory:
            names.add(directory.name)
        (tmp_path / "made").rmdir()
    assert len(names) == 3 and all(re.fullmatch(r"\.made\.[0-9a-f]{24}", name) for name in names)
