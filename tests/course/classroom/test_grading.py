"""What `course class grade` has graded, and that two do not grade at once (`tests/grading/test_fast.py`: how)."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers.core import process
from helpers.core.process import Completed
from helpers.course.class_run import ClassRun, Line
from helpers.course.classroom import grading, marks
from helpers.course.classroom.book import Submission
from helpers.course.classroom.errors import Busy, StageFailed
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


def run_of(*lines: Line) -> str:
    return json.dumps(ClassRun("own", lines, 1.0, 2).to_dict())


def test_only_what_is_new_is_graded_under_the_lock_that_is_held(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, said = list[list[str]](), list[str]()

    def run(argv: list[str], *, on_line: Any, **options: Any) -> Completed:
        asked.append(argv)
        with pytest.raises(Busy), grading.alone(room.root):
            pass
        for text in ("1/1  0:01 gone, 0:00 left  'tom' failed", "a warning"):
            on_line(SimpleNamespace(text=text))
        return Completed((), 1, run_of(Line("tom", "failed", reason="no tool")), "a warning", 0.0)

    done(room, "eva")
    monkeypatch.setattr(process, "run", run)
    with grading.alone(room.root):
        found = grading.grade(room, "own", ["eva", "tom"], again=False, say=said.append)
    assert found == {"tom": "no tool"}
    assert said == ["1/1  0:01 gone, 0:00 left  'tom' failed"]
    (argv,) = asked
    assert [one for one in argv if one.startswith("--student")] == ["--student=tom"]
    assert "--held" in argv
    assert (room.root / "logs" / "grade-own.log").read_text() == "a warning"
    done(room, "tom")
    assert graded(room, "eva", "tom") == {}
    assert len(asked) == 1, "nothing is new, and nothing was started"


def test_a_run_that_says_nothing_has_failed(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "run", lambda *_, **__: Completed((), 1, "", "it was killed", 0.0))
    with pytest.raises(StageFailed, match="could not be graded") as failed:
        graded(room, "eva")
    assert failed.value.why == "it was killed"


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
