"""What an instructor can get wrong, and what the course says then."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from helpers.core.errors import BadInput
from helpers.core.paths import ROOT
from helpers.course.classroom import founding, klass, roster, stages
from helpers.course.classroom.errors import BadClass, BadExchange, BadRoster, ClassExists, NoClass
from helpers.course.classroom.late import LatePolicy

GOOD = 'course: mod208-x\nterm: "x"\n'


def students(directory: Path, text: str = "id\neva\n") -> Path:
    path = directory / "students.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,email\neva,e@x\n", "students.csv has no column id.*Its columns are: name, email"),
        ("id\neva\ntom\neva\n", "line 4: the id eva is there twice.*Line 2 has it too"),
        ("id\neva\nEva\n", "line 3: the id Eva is there twice.*Line 2 has it too"),
        ("id,last_name,email\neva,Ex, Eva,e@x\n", "line 2 has more values than there are columns.*needs quotes"),
        ("id\neva+tom\n", "line 2: 'eva.tom' cannot be an id"),
        ("id\n\n", "has no students"),
        ("", "has no column id"),
    ],
)
def test_a_list_of_students_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadRoster, match=f"(?s){said}"):
        roster.read(students(tmp_path, text))
    with pytest.raises(BadRoster):
        founding.found(tmp_path / "c", "x", tmp_path / "students.csv", exchange=tmp_path / "e")
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "e").exists()


def test_a_list_that_is_missing_or_in_another_encoding(tmp_path: Path) -> None:
    with pytest.raises(BadRoster, match="cannot be read"):
        roster.read(tmp_path / "none.csv")
    (tmp_path / "s.csv").write_bytes("id,last_name\nä,b".encode("utf-16"))
    with pytest.raises(BadRoster, match="UTF-8"):
        roster.read(tmp_path / "s.csv")


def test_what_canvas_exports_is_understood(tmp_path: Path) -> None:
    text = "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Lab 1 (7)\n    Points Possible,,,,,100\n"
    (one,) = roster.read(students(tmp_path, text + '"Ex, Eva",4711,77,eva,A,\n'))
    assert (one.id, one.canvas_id, one.sis_user_id, one.section, one.name) == ("eva", "4711", "77", "A", "Ex, Eva")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("due: {lab9: 2027-01-01}", "There is no assignment 'lab9'"),
        ("due: {lab1: soon}", "due: lab1 is 'soon', which is not a time"),
        ("late: {a_day: -3}", "late: a_day is -3"),
        ("late: {a_week: 3}", "late has no key 'a_week'"),
        ("duedate: {}", "The key 'duedate' is not known"),
        ("timezone: Mars/Base", "timezone 'Mars/Base' is not known"),
        ("extensions: [{learner: eva, assignment: lab1}]", "extension of eva has no time"),
        ("extensions: [{who: eva}]", "entry of extensions"),
        ("regrades: [{learner: e, assignment: lab1, step: s, why: w, state: done}]", "state 'done'"),
        ("extensions: {a: b}", "extensions is not a list"),
        ("extensions: [{learner: eva, assignment: lab1, days: .inf}]", "extension of eva has no time"),
        ("extensions: [{learner: eva, assignment: lab1, days: .nan}]", "extension of eva has no time"),
        ("extensions: [{learner: eva, assignment: lab1, hours: 1e99}]", "extension of eva has no time"),
        ("late: {a_day: .nan}", "late: a_day is nan"),
        ("due: [", "not valid YAML"),
    ],
)
def test_a_class_file_that_cannot_be_used(tmp_path: Path, more: str, said: str) -> None:
    (tmp_path / klass.FILE).write_text(GOOD + more)
    with pytest.raises(BadClass, match=said):
        klass.load(tmp_path)


def test_dates_are_of_the_class_s_time_zone(tmp_path: Path) -> None:
    (tmp_path / klass.FILE).write_text(
        GOOD + 'timezone: Europe/Berlin\ndue: {lab1: "2027-07-01 18:00", lab2: 2027-01-05}'
    )
    due = klass.load(tmp_path).due
    assert f"{due['lab1-module']:%d %H:%M}, {due['lab2-gitops']:%d %H:%M}" == "01 16:00, 05 22:59"


@pytest.mark.parametrize(
    ("due", "meant"),
    [
        ("2027-01-05", "01-05 22:59:59.999999"),
        ("20270105", "01-05 22:59:59.999999"),
        ("2027-01-05 00:00", "01-04 23:00:00.000000"),
        ("2027-07-01T18:00:00-04:00", "07-01 22:00:00.000000"),
        ("2027-10-31 02:30", "10-31 01:30:00.000000"),  # the clock shows it twice
        ("2027-03-28 02:30", "03-28 01:30:00.000000"),  # the clock skips it
    ],
)
def test_no_way_to_write_a_date_takes_time_from_learners(tmp_path: Path, due: str, meant: str) -> None:
    (tmp_path / klass.FILE).write_text(f"{GOOD}timezone: Europe/Berlin\ndue: {{lab1: {due}}}")
    assert f"{klass.load(tmp_path).due['lab1-module']:%m-%d %H:%M:%S.%f}" == meant


@pytest.mark.parametrize(("due", "hours"), [("2027-10-30", 73), ("2027-03-27", 71), ("2027-06-01", 72)])
def test_an_extension_by_days_ends_at_the_same_time_of_day(tmp_path: Path, due: str, hours: int) -> None:
    extension = "extensions: [{learner: eva, assignment: lab1, days: 3}, {learner: tom, assignment: lab1, hours: 2}]"
    (tmp_path / klass.FILE).write_text(f'{GOOD}timezone: Europe/Berlin\ndue: {{lab1: "{due} 18:00"}}\n{extension}\n')
    room = klass.load(tmp_path)
    assert [room.extension(who, "lab1-module") for who in ("eva", "tom", "kim")] == [hours, 2, 0]


def test_a_class_file_is_of_its_directory_and_its_exchange_of_the_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / klass.FILE).write_text(GOOD + "exchange: ../exchange\n")
    (tmp_path / "marks").mkdir()
    monkeypatch.chdir(tmp_path / "marks")
    assert klass.find().on_exchange.resolve() == tmp_path.parent / "exchange" / "mod208-x"


@pytest.mark.parametrize("course", ["..", "a/b", "/", "."])
def test_a_course_that_is_another_directory_on_the_exchange(tmp_path: Path, course: str) -> None:
    (tmp_path / klass.FILE).write_text(f'course: "{course}"\nterm: x\n')
    with pytest.raises(BadClass, match="course is"):
        klass.load(tmp_path)


def test_a_class_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / klass.FILE).write_bytes(f"{GOOD}# für später\n".encode("latin-1"))
    with pytest.raises(BadClass, match="not UTF-8"):
        klass.load(tmp_path)


def test_there_is_no_class_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOD208_CLASS", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoClass, match="course class new"):
        klass.find()
    (tmp_path / klass.FILE).write_text(GOOD)
    (tmp_path / "marks").mkdir()
    monkeypatch.chdir(tmp_path / "marks")
    assert klass.find().course == "mod208-x"


def found(tmp_path: Path, **more: Any) -> klass.Classroom:
    options = {"exchange": tmp_path / "exchange", **more}
    return founding.found(tmp_path / "spring", "2027", students(tmp_path), **options)


def test_more_time_for_nobody_is_said(tmp_path: Path) -> None:
    path = found(tmp_path).root / klass.FILE
    wrong = "extensions: [{learner: evaa, assignment: lab1, days: 2}]"
    path.write_text(path.read_text().replace("extensions: []", wrong))
    said = stages.status(klass.load(path.parent)).text()
    assert "class.yaml, extensions: 'evaa' is not on the roster; did you mean eva?" in said


def test_a_class_that_exists(tmp_path: Path) -> None:
    found(tmp_path)
    with pytest.raises(ClassExists, match="is there already"):
        found(tmp_path)


def test_a_class_in_the_course_itself(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="must not get into the course's Git history"):
        founding.found(ROOT / "spring", "2027", students(tmp_path), exchange=tmp_path / "e")


def test_a_wrong_due_date_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadClass, match="lab7"):
        found(tmp_path, due={"lab7": "2027-01-01"})
    assert not (tmp_path / "spring").exists()


def test_an_exchange_that_learners_cannot_write_to(tmp_path: Path) -> None:
    (tmp_path / "exchange").mkdir(mode=0o755)
    with pytest.raises(BadExchange, match=r"(?s)mode is 0755.*sudo install -d -m 0777"):
        found(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadExchange, match="cannot be"):
        found(tmp_path, exchange=tmp_path / "file")
    if os.geteuid():
        (tmp_path / "exchange").chmod(0o557)
        with pytest.raises(BadExchange, match="You may not write there"):
            found(tmp_path)


def test_lateness_is_counted_in_days_begun() -> None:
    rule = LatePolicy(grace=15, a_day=10, most=25)
    day = 86_400
    assert [rule.share(s) for s in (0, 900, 901, day, day + 901, 9 * day)] == [0, 0, 0.1, 0.1, 0.2, 0.25]
    assert LatePolicy().share(9 * day) == 0
