"""A class through its stages with nbgrader's own commands: what each says, and that each may be repeated."""

from __future__ import annotations

import csv
import datetime
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from helpers.core import process
from helpers.core.process import Completed
from helpers.course.classroom import archiving, book, founding, klass, marks, nb, reviewing, stages
from helpers.course.classroom.errors import Archived, BadRoster, ClassExists, ReleasedAlready, TooEarly
from helpers.course.classroom.klass import Classroom
from tests import forked_nbgrader
from tests.course.classroom import small
from tests.klass import cell

pytestmark = pytest.mark.e2e
DUE = datetime.datetime(2027, 3, 1, 18, tzinfo=datetime.UTC)
NAME = "own"


def forked(argv: list[str], *, cwd: Path, env: dict[str, str], timeout: float | None, on_line: Any = None) -> Completed:
    """Run nbgrader as `process.run` does, without its start."""
    done = forked_nbgrader.run(argv[3:], cwd=cwd, env=env, timeout=timeout or 3000)
    return Completed(tuple(argv), done.returncode, "", done.text, 0.0)


def hand_in(
    room: Classroom, learner: str, hours: float, text: str = "", *, file: str = small.SECOND, **more: Any
) -> None:
    """Put a submission on the exchange, *hours* after it was due."""
    when = f"{DUE + datetime.timedelta(hours=hours):%Y-%m-%d %H:%M:%S} UTC"
    target = room.on_exchange / "inbound" / f"{learner}+{NAME}+{when}+x"
    shutil.copytree(room.root / "release" / NAME, target)
    if text:
        small.solve(target, text)
    if more.get("locked"):
        nb_ = nbformat.read(target / small.SECOND, 4)
        cell(nb_, "two-test").source = "print('passed')"
        nbformat.write(nb_, target / small.SECOND)
    if steps := more.get("shown"):
        small.shown(target, *steps)
    (target / small.SECOND).rename(target / file)
    (target / "timestamp.txt").write_text(when)
    (target / "submission_secret.txt").write_text(learner)


def mine(who: str) -> str:
    return f'locals {{\n  word   = "solved-zebra"\n  author = "{who} wrote all of this text, and nobody else did"\n}}'


def edit(room: Classroom, old: str, new: str) -> Classroom:
    path = room.root / klass.FILE
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return klass.load(room.root)


def rows(room: Classroom, file: str) -> list[dict[str, str]]:
    with (room.root / "marks" / file).open() as opened:
        return list(csv.DictReader(opened))


@pytest.fixture(scope="module")
def said() -> dict[str, stages.Done]:
    return {}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, said: dict[str, stages.Done]) -> Iterator[Classroom]:
    """Release, collect, grade and marks; eva is on time, tom renamed his notebook and is 30 hours late."""
    here = tmp_path_factory.mktemp("class")
    students = here / "students.csv"
    students.write_text(
        "Username;Surname;Email address;canvas_id\neva;=Ex;eva@acme.test;11\ntom;Te;;12\nkim;;;\nann;;;\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nb, "process", SimpleNamespace(run=forked, environment=process.environment))
        one = founding.found(here / "spring", "2027", students, exchange=here / "exchange", late=(30, 10, 50))
        small.make(one.root / "source" / NAME, both=False)
        one = edit(one, "due: {}", f'due: {{{NAME}: "2027-03-01 18:00"}}')
        said["release"] = stages.release(one, NAME)
        said["release again"] = stages.release(one, NAME)
        hand_in(one, "eva", -5, mine("eva"))
        hand_in(one, "tom", 30, mine("tom"), file="my-homework.ipynb", shown=["two"])
        hand_in(one, "kim", -1, mine("eva"), locked=True)
        hand_in(one, "zed", -1)
        said["collect"] = stages.collect(one, NAME)
        heard: list[str] = []
        said["grade"] = stages.grade(one, NAME, ("eva", "tom"), say=heard.append)
        said["marks"] = marks.write(one)
        yield one


def test_release_may_be_repeated(said: dict[str, stages.Done], room: Classroom) -> None:
    assert "own is released: 1 notebooks" in said["release"].text()
    assert "due at 2027-03-01 18:00 UTC; 10 % a day, 50 % at most" in said["release"].text()
    assert "released already, and nothing" in said["release again"].text()


def test_collect_says_who_is_missing_and_who_is_a_stranger(said: dict[str, stages.Done], room: Classroom) -> None:
    data = said["collect"].data
    assert (data["submitted"], data["missing"], data["strangers"]) == (["eva", "kim", "tom"], ["ann"], ["zed"])
    with book.opened(room) as gradebook:
        assert "zed" not in [str(one.id) for one in gradebook.students], "a stranger was enrolled"


def test_grade_grades_who_was_asked_for_and_says_who_waits(said: dict[str, stages.Done], room: Classroom) -> None:
    assert said["grade"].data["graded"] == ["eva", "tom"]
    assert said["grade"].data["failed"] == {}
    assert said["grade"].data["waiting"] == ["eva", "tom"]
    assert said["grade"].next == f"course class review {NAME}"


def test_marks_have_totals_lateness_and_ids(room: Classroom) -> None:
    found = {row["id"]: row for row in rows(room, "marks.csv")}
    assert list(found) == ["eva", "tom", "kim", "ann"]
    eva, tom = found["eva"], found["tom"]
    assert (eva[f"{NAME} points"], eva[f"{NAME} penalty"], eva[f"{NAME} total"]) == ("3.0", "0", "3.0")
    # 30 hours less 30 minutes of grace are two days begun.
    assert (tom[f"{NAME} points"], tom[f"{NAME} penalty"], tom[f"{NAME} total"]) == ("3.0", "0.6", "2.4")
    assert (tom[f"{NAME} hours_late"], tom[f"{NAME} submitted"]) == ("30.0", "2027-03-03 00:00:00")
    assert (found["ann"][f"{NAME} state"], found["kim"][f"{NAME} state"]) == ("not-submitted", "not-submitted")
    assert eva["last_name"] == "'=Ex", "a spreadsheet would take it for a formula"


def test_what_waits_is_left_empty_for_the_platforms(room: Classroom) -> None:
    most, *people = rows(room, "canvas.csv")
    assert list(most) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME]
    assert (most["Student"].strip(), most[NAME]) == ("Points Possible", "7.0")
    assert [one[NAME] for one in people] == ["", "", "", ""]
    assert next((one["Username"], one[NAME]) for one in rows(room, "moodle.csv")) == ("eva", "")


def test_a_renamed_notebook_is_graded_and_told(room: Classroom) -> None:
    (two,) = [row for row in rows(room, "questions.csv") if row["student"] == "tom" and row["step"] == "two"]
    assert two["points"] == "3.0"
    assert "my-homework.ipynb was graded as 02-second.ipynb" in two["remarks"]


def test_what_to_look_at_is_information(room: Classroom) -> None:
    found = {row["id"]: row[f"{NAME} look_at"] for row in rows(room, "marks.csv")}
    assert found["eva"] == "1 texts equal those of kim"
    assert found["tom"] == "the solution of two was shown before submission"
    assert found["ann"] == ""


def test_a_locked_cell_that_was_changed_is_seen(room: Classroom) -> None:
    from helpers.course.classroom import integrity  # beside the test that needs it

    said = integrity.look(room, NAME, ["kim"])["kim"]
    assert said == ("the locked cell two-test was changed",)


def test_a_person_gives_points_and_feedback_is_new_and_the_platforms_get_it(room: Classroom) -> None:
    stages.feedback(room, NAME)
    page = room.root / "feedback" / "tom" / NAME / "02-second.html"
    before = page.read_text()
    assert "my-homework.ipynb was graded as 02-second.ipynb" in before
    with book.opened(room) as gradebook:
        for who in ("eva", "tom"):
            grade = gradebook.find_grade("why", "02-second", NAME, who)
            grade.manual_score, grade.needs_manual_grade = 4.0, False
        gradebook.db.commit()
    done = stages.feedback(room, NAME)
    assert done.data["waiting"] == []
    assert "7.0" in page.read_text() and page.read_text() != before
    assert list((room.on_exchange / "feedback").glob("*.html"))
    marks.write(room)
    assert [one[NAME] for one in rows(room, "canvas.csv")] == ["7.0", "7.0", "5.6", "", ""]


def test_judging_again_leaves_settled_what_a_person_settled(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nb, "process", SimpleNamespace(run=forked, environment=process.environment))
    done = stages.grade(room, NAME, ("tom",), again=True, say=lambda _: None)
    assert done.data["waiting"] == []
    with book.opened(room) as gradebook:
        assert gradebook.find_grade("why", "02-second", NAME, "tom").score == 4.0
    log = (room.root / "logs" / f"grade-{NAME}.log").read_text()
    assert "'tom' graded" in log
    assert "has changed" not in log, "a warning about a cell that nobody changed hides the real ones"


def test_feedback_names_steps_and_shows_no_hidden_test(room: Classroom) -> None:
    page = (room.root / "feedback" / "eva" / NAME / "02-second.html").read_text()
    assert ">two</a>" in page and "Test cell" not in page
    assert small.WORDS not in page
    assert "<script" not in page


def test_an_extension_and_a_request_are_read_from_the_file(room: Classroom) -> None:
    later = edit(
        room, "extensions: []", f"extensions: [{{learner: tom, assignment: {NAME}, days: 1, reason: illness}}]"
    )
    request = f'regrades: [{{learner: tom, assignment: {NAME}, step: two, why: "it is there"}}]'
    later = edit(later, "regrades: []", request)
    marks.write(later)
    tom = next(row for row in rows(later, "marks.csv") if row["id"] == "tom")
    # 6 hours late instead of 30: one day begun.
    assert (tom[f"{NAME} extension"], tom[f"{NAME} hours_late"], tom[f"{NAME} penalty"]) == ("24.0", "6.0", "0.7")
    assert tom[f"{NAME} regrades"] == "two: open"
    assert "Regrade asked by tom, own two: it is there" in reviewing.waits(later, NAME).text()
    assert "regrade asked: tom" in stages.status(later).text()


def test_another_version_is_not_released_by_accident(room: Classroom) -> None:
    path = room.root / "source" / NAME / small.SECOND
    before = path.read_text()
    nb_ = nbformat.read(path, 4)
    nb_.cells.append(nbformat.v4.new_markdown_cell("A new text.", id="new"))
    nbformat.write(nb_, path)
    with pytest.raises(ReleasedAlready, match="--again"):
        stages.release(room, NAME)
    assert "is released: 1" in stages.release(room, NAME, again=True).text()
    path.write_text(before)
    stages.release(room, NAME, again=True)


def test_status_counts(room: Classroom) -> None:
    (row,) = stages.status(room).data["assignments"]
    assert (row["released"], row["submitted"], row["graded"]) == (True, 3, 2)
    assert stages.status(room).next == f"course class grade {NAME}"


def test_a_stage_too_early_says_which_one_comes_first(room: Classroom) -> None:
    with pytest.raises(TooEarly, match="course class release lab1"):
        stages.collect(room, "lab1")
    with pytest.raises(BadRoster, match="no student 'nobody'"):
        stages.grade(room, NAME, ("nobody",))


def test_the_next_term_on_the_same_exchange_finds_nothing_of_this_one(room: Classroom, tmp_path: Path) -> None:
    students = room.root / "students.csv"
    with pytest.raises(ClassExists, match="4 submissions"):
        founding.found(tmp_path / "again", "2027", students, exchange=room.exchange)
    following = founding.found(tmp_path / "autumn", "2028", students, exchange=room.exchange)
    with pytest.raises(TooEarly, match="course class release own"):
        small.make(following.root / "source" / NAME, both=False)
        stages.collect(following, NAME)
    stages.release(following, NAME)
    assert stages.collect(following, NAME).data["submitted"] == []

    copy = Path(shutil.copytree(room.root, tmp_path / "spring"))
    done = archiving.archive(klass.load(copy), tmp_path / "spring.tar.gz")
    assert archiving.verify(tmp_path / "spring.tar.gz") == done.data["files"] > 20
    assert sorted(path.name for path in room.exchange.iterdir()) == [following.course]
    with pytest.raises(Archived):
        klass.find(copy)
    note = json.loads((copy / klass.ARCHIVED).read_text())
    assert note["archive"] == str(tmp_path / "spring.tar.gz")
