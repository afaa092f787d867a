"""The exchange is written by learners: what is collected from it is files, and of the right person."""

from __future__ import annotations

import logging
import os
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory

from grading.collecting import SECRET, Collect
from grading.data import MAX_DEPTH

WHEN = "2027-03-01 10:00:00 UTC"


@pytest.fixture
def inbound(tmp_path: Path) -> Path:
    directory = tmp_path / "exchange" / "c" / "inbound"
    directory.mkdir(parents=True)
    (tmp_path / "class").mkdir()
    return directory


def handed_in(inbound: Path, learner: str, when: str = WHEN) -> Path:
    directory = inbound / f"{learner}+own+{when}+x"
    directory.mkdir()
    (directory / "timestamp.txt").write_text(when)
    return directory


class Said(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.ERROR)
        self.said = said

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def collect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **limits: int) -> dict[str, list[str]]:
    """Collect; return learner -> files, and under "" what was said."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    room = tmp_path / "class"
    options = {"max_file_size": 1000, "max_dir_size": 1000, **limits}
    course = CourseDirectory(root=str(room), course_id="c", assignment_id="own", student_id="*", **options)
    course.db_url = f"sqlite:///{room}/gradebook.db"
    with Gradebook(course.db_url, "c") as book:
        for one in ("eva", "tom"):
            book.update_or_create_student(one)
    said: list[str] = []
    log = logging.Logger("collect")
    log.addHandler(Said(said))
    one = Collect(coursedir=course, authenticator=Authenticator(), update=True)
    one.root = str(tmp_path / "exchange")
    one.log = log
    one.start()
    found = {"": said}
    for path in sorted((room / "submitted").glob("*/own")):
        files = (one.relative_to(path).as_posix() for one in path.rglob("*") if one.is_file())
        found[path.parent.name] = sorted(set(files) - {"timestamp.txt", SECRET})
    return found


def test_a_link_to_the_instructor_s_files_is_not_handed_in(
    tmp_path: Path, inbound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "class" / "source"
    source.mkdir()
    (source / "01.ipynb").write_text("the solution")
    mine = handed_in(inbound, "eva")
    (mine / "01.ipynb").symlink_to(source / "01.ipynb")
    (mine / "work").symlink_to(source)
    (mine / "more").mkdir()
    (mine / "more" / "mine.tf").write_text("mine")
    os.mkfifo(mine / "more" / "pipe")
    (inbound / f"tom+own+{WHEN}+x").symlink_to(source)
    found = collect(tmp_path, monkeypatch)
    assert {who: files for who, files in found.items() if who} == {"eva": ["more/mine.tf"]}
    assert found[""] == [
        f"tom+own+{WHEN}+x on the exchange was not collected: it is not a directory",
        "eva, not collected: 01.ipynb: it is a link",
        "eva, not collected: more/pipe: it is not a regular file",
        "eva, not collected: work: it is a link",
    ]


def test_nobody_stops_the_class_or_hands_in_for_another(
    tmp_path: Path, inbound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (handed_in(inbound, "eva") / "mine.tf").write_text("mine")
    (handed_in(inbound, "eva", "2027-03-01 11:00:00 UTC") / "mine.tf").write_text("newer")
    for name in (f"tom,eva+own+{WHEN}+x", f"..+own+{WHEN}+x", "eva+own+soon+x", "x+own+", f"\x1b[2J+own+{WHEN}+x"):
        (inbound / name).mkdir()
    deep = handed_in(inbound, "tom") / "/".join(["d"] * (MAX_DEPTH + 3))
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep")
    (deep.parents[MAX_DEPTH] / "huge").write_text("x" * 2_000_000)
    found = collect(tmp_path, monkeypatch)
    assert {who: files for who, files in found.items() if who} == {"eva": ["mine.tf"], "tom": []}
    assert (tmp_path / "class" / "submitted" / "eva" / "own" / "mine.tf").read_text() == "newer"
    assert not (tmp_path / "class" / "own").exists()
    text = "\n".join(found[""])
    assert "tom,eva" in text and "its name has no time" in text and "\x1b" not in text
    assert "directories deep" in text and "it is too large" in text
    # The same work, now that its owner is on the roster and is not the one it claims.
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name="tom"))
    (handed_in(inbound, "eva", "2027-03-01 12:00:00 UTC") / "mine.tf").write_text("forged")
    assert "it belongs to tom, another learner" in "\n".join(collect(tmp_path, monkeypatch)[""])
    assert (tmp_path / "class" / "submitted" / "eva" / "own" / "mine.tf").read_text() == "newer"


def test_time_and_secret_are_there_and_readable_whatever_a_learner_made_of_them(tmp_path: Path, inbound: Path) -> None:
    eva, tom = handed_in(inbound, "eva"), handed_in(inbound, "tom")
    (eva / "timestamp.txt").write_text("2027-02-01 10:00:00 UTC")
    (eva / SECRET).write_text("mine")
    (tom / "timestamp.txt").unlink()
    (tom / "timestamp.txt").mkdir()
    (tom / "timestamp.txt" / "x").touch()
    (tom / SECRET).write_bytes(b"\xff")
    course = CourseDirectory(root=str(tmp_path), course_id="c", assignment_id="own")
    one = Collect(coursedir=course, authenticator=Authenticator())
    for source in (eva, tom):
        one.do_copy(str(source), str(tmp_path / source.name.partition("+")[0]))
    assert [(tmp_path / who / "timestamp.txt").read_text() for who in ("eva", "tom")] == [WHEN, WHEN]
    assert (tmp_path / "eva" / SECRET).read_text() == "mine"
    assert len((tmp_path / "tom" / SECRET).read_text()) == 64
