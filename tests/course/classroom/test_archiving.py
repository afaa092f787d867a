"""The class ends, whatever its learners have called their files."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from helpers.course.classroom import archiving
from helpers.course.classroom.archiving import ArchiveBroken
from helpers.course.classroom.klass import Classroom

NAMES = [b"Icon\r", b"two\nlines", b"\xfcbung.tf", b"back\\slash", b"\xe2\x80\xa8", b"SHA256SUMS", b"name  two"]


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "class.yaml").write_text("course: c\nterm: t\n")
    for name in NAMES:
        directory = tmp_path / "exchange" / "c" / "inbound"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / os.fsdecode(name)).write_bytes(name)
    return Classroom(tmp_path / "class", "c", "t", tmp_path / "exchange")


def test_files_of_any_name_are_packed_and_read_back(room: Classroom, tmp_path: Path) -> None:
    archiving.archive(room, tmp_path / "a.tar.gz")
    assert archiving.verify(tmp_path / "a.tar.gz") == len(NAMES) + 1
    assert not room.on_exchange.exists()


def test_a_file_that_is_another_one_is_found(room: Classroom, tmp_path: Path) -> None:
    archiving.archive(room, tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        tar.extractall(tmp_path / "out", filter="data")
    (tmp_path / "out" / "c" / "exchange" / "inbound" / "two\nlines").write_text("other")
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "out" / "c", "c")
    with pytest.raises(ArchiveBroken):
        archiving.verify(tmp_path / "b.tar.gz")
