"""Grading that was killed is done again, and two do not grade at once."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

import pytest

from helpers.core.process import Completed
from helpers.course.classroom import grading, marks, nb
from helpers.course.classroom.book import Submission
from helpers.course.classroom.errors import Busy
from helpers.course.classroom.klass import Classroom
from helpers.course.classroom.roster import Learner
from helpers.course.competencies import Graded


@pytest.fixture
def room(tmp_path: Path) -> Classroom:
    for one in ("eva", "tom"):
        (tmp_path / "submitted" / one / "own").mkdir(parents=True)
        (tmp_path / "submitted" / one / "own" / "timestamp.txt").write_text("2027-03-01 10:00:00 UTC")
    return Classroom(tmp_path, "c", "t")


def done(room: Classroom, learner: str) -> Path:
    directory = room.root / "autograded" / learner / "own"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "timestamp.txt").write_text("2027-03-01 10:00:00 UTC")
    return directory


def graded(room: Classroom, *learners: str) -> dict[str, str]:
    with grading.alone(room.root):
        return grading.grade(room, "own", learners, again=False, say=print)


def test_half_a_grade_of_a_run_that_was_killed_is_not_taken_for_a_whole_one(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    eva, there = done(room, "eva"), list[bool]()

    def killed(*argv: Any, **options: Any) -> Completed:
        done(room, "tom")
        raise KeyboardInterrupt

    def called(*argv: Any, **options: Any) -> Completed:
        there.append((room.root / "autograded" / "tom" / "own").is_dir())
        done(room, "tom")
        return Completed((), 0, "", "", 0.0)

    monkeypatch.setattr(nb, "call", killed)
    with pytest.raises(KeyboardInterrupt):
        graded(room, "eva", "tom")
    monkeypatch.setattr(nb, "call", called)
    for _ in range(2):
        assert graded(room, "eva", "tom") == {}
        assert eva.is_dir(), "it was graded to its end before"
    assert there == [False, True]


def test_what_was_handed_in_again_has_no_mark_until_it_is_graded(room: Classroom) -> None:
    row = Graded("eva", "own", "01", "one", "one-test", "passed", 3.0, 3.0, "")
    submission = Submission("eva", "own", None, 0.0, 0.0, False)
    done(room, "eva")
    states = []
    for _ in range(2):
        found = marks.marks_of(room, [Learner("eva")], [row], {("eva", "own"): submission})
        states.append(found["eva", "own"].state)
        (room.root / "submitted" / "eva" / "own" / "timestamp.txt").write_text("2027-03-01 11:00:00 UTC")
    assert states == ["final", "not-graded"]


def test_two_do_not_grade_at_once(room: Classroom) -> None:
    (room.root / grading.STAGE).mkdir()
    with (room.root / grading.STAGE / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="being graded already"):
            graded(room, "eva")
