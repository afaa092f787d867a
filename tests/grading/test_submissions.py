"""One class, many learners, most of them with something broken: what each one gets, and that the class goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.grading import tiny
from tests.klass import Klass, book, cell, code
from tests.repeats import times

pytestmark = pytest.mark.e2e
FIRST, SECOND = "01-first.ipynb", "02-second.ipynb"


def solved(folder: Path, *paths: str) -> None:
    """Write the files a learner would, in an editor."""
    (folder / "work").mkdir(exist_ok=True)
    for path in paths:
        (folder / "work" / path).write_text(f'locals {{ mine = "{tiny.WORD}" }}\n')


def edited(folder: Path, name: str, source: str, notebook: str = FIRST) -> None:
    """Change one cell of a learner's notebook."""
    nb = nbformat.read(folder / notebook, 4)
    cell(nb, name).source = source
    nbformat.write(nb, folder / notebook)


def good(folder: Path) -> None:
    for path, book_, name in (("one", FIRST, "one"), ("two", FIRST, "two"), ("three", SECOND, "three")):
        edited(folder, f"{name}-file", f'%%workfile lab1 {path}.tf\nlocals {{ x = "{tiny.WORD}" }}', book_)


def files(folder: Path) -> None:
    solved(folder, "one.tf", "three.tf")
    (folder / "work" / "two.tf").write_text(f'locals {{ b = "{tiny.WORD} forbidden" }}\n')


def invalid(folder: Path) -> None:
    solved(folder, "one.tf")
    (folder / FIRST).write_text('{"cells": [')


def deleted(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf")
    nb = nbformat.read(folder / FIRST, 4)
    nb.cells = [c for c in nb.cells if c.cell_type == "markdown"]
    nbformat.write(nb, folder / FIRST)


def missing(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf")
    (folder / SECOND).unlink()


def loop(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf", "three.tf")
    edited(folder, "two-file", "while True:\n    pass")


def stubborn(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf", "three.tf")
    deaf = "while True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt:\n        pass"
    edited(folder, "two-file", f"import time\n\n{deaf}")


def killer(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf", "three.tf")
    edited(folder, "two-file", "import os\n\nos._exit(1)")


def flood(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf", "three.tf")
    edited(folder, "two-file", 'while True:\n    print("x" * 10000)')


def schema(folder: Path) -> None:
    solved(folder, "one.tf")
    nb = nbformat.read(folder / FIRST, 4)
    cell(nb, "two-file").metadata["nbgrader"]["schema_version"] = 99
    nbformat.write(nb, folder / FIRST)


def stray(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf", "three.tf")
    start = 'import subprocess\n\nsubprocess.Popen(["sleep", "3000"], start_new_session=True)'
    link = 'import os\n\nos.symlink("/etc/hostname", "work/link")\nos.symlink("/nowhere", "work/dangling")'
    edited(folder, "two-file", f"{start}\n{link}")


def noisy(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf", "three.tf")
    noise = 'import sys, threading\n\nget_ipython().events.register("post_run_cell", '
    edited(folder, "one-file", noise + 'lambda result: print("a library warns", file=sys.stderr))')


def copied(folder: Path) -> None:
    """Cells copied and pasted keep their ids: nbgrader takes the last one."""
    good(folder)
    nb = nbformat.read(folder / FIRST, 4)
    twin = nbformat.from_dict(cell(nb, "one-file"))
    twin["id"] = "twin"
    nb.cells.insert(1, twin)
    nbformat.write(nb, folder / FIRST)


def renamed(folder: Path) -> None:
    """A notebook under a name of one's own, all of the work in its cells, and a notebook that nobody asked for."""
    good(folder)
    (folder / FIRST).rename(folder / "01-first-final.ipynb")
    nbformat.write(book(code("1", "mine")), folder / "scratch.ipynb")


def older(folder: Path) -> None:
    """Fetched from an earlier release: a graded cell was not there yet, another one has gone since."""
    good(folder)
    nb = nbformat.read(folder / FIRST, 4)
    nb.cells = [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "two-test"]
    gone = nbformat.from_dict(cell(nb, "one-test"))
    gone["id"], gone.metadata["nbgrader"]["grade_id"] = "of-an-older-release", "one-test-old"
    nb.cells.append(gone)
    nbformat.write(nb, folder / FIRST)


def empty(folder: Path) -> None:
    """As released."""


LEARNERS = [
    good,
    files,
    invalid,
    deleted,
    missing,
    loop,
    stubborn,
    killer,
    flood,
    schema,
    stray,
    noisy,
    copied,
    renamed,
    older,
    empty,
]


#: Learners of a large class who solved everything.
CROWD = times(1, 200)


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Klass]:
    klass = Klass(tmp_path_factory.mktemp("class"), MOD208_CELL_TIMEOUT="8")
    tiny.make(klass.root / "source" / "tiny")
    klass.publish("tiny")
    fetched = klass.fetch("tiny", "origin")
    for learner in LEARNERS:
        learner(klass.copy(fetched, learner.__name__))
        klass.hand_in("tiny", learner.__name__)
    for number in range(CROWD):
        good(klass.copy(fetched, f"crowd-{number}"))
        klass.hand_in("tiny", f"crowd-{number}")
    # The instructor has run the notebooks in place: the solution lies where a careless grader would copy it from.
    work = klass.root / "source" / "tiny" / "work"
    work.mkdir()
    for name in ("one.tf", "two.tf", "three.tf"):
        (work / name).write_text(f'locals {{ instructor = "{tiny.WORD}" }}\n')
    klass.log = klass.nbgrader("autograde", "tiny", "--create", timeout=times(900, 14_000))  # type: ignore[attr-defined]
    yield klass


@pytest.fixture(scope="module")
def grades(klass: Klass) -> dict[str, dict[str, Any]]:
    return klass.exported()


def steps(grades: dict[str, Any], student: str) -> dict[str, dict[str, Any]]:
    return {row["step"]: row for row in grades[student]["assignments"]["tiny"]["steps"]}


@pytest.mark.parametrize(
    ("student", "points"),
    [
        ("good", (3, 3, 4)),
        ("files", (3, 0, 4)),
        ("empty", (0, 0, 0)),
        ("invalid", (3, 0, 0)),
        ("deleted", (3, 3, 0)),
        ("missing", (3, 3, 0)),
        ("loop", (3, 3, 4)),
        ("stubborn", (3, 3, 4)),
        ("killer", (3, 3, 4)),
        ("flood", (3, 3, 4)),
        ("schema", (3, 0, 0)),
        ("stray", (3, 3, 4)),
        ("noisy", (3, 3, 4)),
        ("copied", (3, 3, 4)),
        ("renamed", (3, 3, 4)),
        ("older", (3, 3, 4)),
    ],
)
def test_each_learner_gets_the_points_of_the_files(
    grades: dict[str, Any], student: str, points: tuple[float, ...]
) -> None:
    found = steps(grades, student)
    assert tuple(found[name]["points"] for name in ("one", "two", "three")) == points, found


@pytest.mark.parametrize(
    ("student", "step", "reason"),
    [
        ("files", "two", "two.tf says what is not allowed"),
        ("empty", "one", "one.tf does not say"),
    ],
)
def test_a_missing_point_has_a_reason(grades: dict[str, Any], student: str, step: str, reason: str) -> None:
    assert reason in steps(grades, student)[step]["reason"]


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("loop", "CellTimeoutError"),
        ("flood", "put out more than"),
        ("killer", "The kernel died while it ran this cell"),
        ("stubborn", "The kernel stopped answering in this cell"),
        ("invalid", "not a valid notebook"),
        ("schema", "grading metadata of a cell is damaged"),
        ("missing", "was not in the submission"),
        ("renamed", "01-first-final.ipynb was graded as 01-first.ipynb"),
        ("renamed", "scratch.ipynb is not a notebook of this assignment"),
    ],
)
def test_feedback_says_what_broke(klass: Klass, student: str, said: str) -> None:
    feedback = klass.root / "feedback" / student / "tiny"
    if not feedback.exists():
        klass.nbgrader("generate_feedback", "tiny", f"--student={student}")
    told = "".join(path.read_text() for path in feedback.glob("*.html"))
    assert said in told
    # A kernel that died has closed its connection as a flood does.
    assert ("put out more than" in told) is (student == "flood")


def test_the_export_says_which_file_was_graded(grades: dict[str, Any]) -> None:
    remarks = steps(grades, "renamed")["one"]["remarks"]
    assert "01-first-final.ipynb was graded as 01-first.ipynb" in remarks
    assert "scratch.ipynb is not a notebook of this assignment; it was not graded" in remarks
    assert steps(grades, "good")["one"]["remarks"] == ""


@pytest.mark.soak
def test_everyone_of_a_large_class_is_graded(grades: dict[str, Any]) -> None:
    points = [sum(row["points"] for row in steps(grades, f"crowd-{number}").values()) for number in range(CROWD)]
    assert points == [10.0] * CROWD


def test_a_flood_does_not_fill_the_disk(klass: Klass) -> None:
    assert (klass.autograded("flood", "tiny") / FIRST).stat().st_size < 6_000_000


def test_learners_files_are_never_replaced(klass: Klass) -> None:
    for path in ("one.tf", "two.tf", "three.tf"):
        handed_in = klass.homes / "files" / "tiny" / "work" / path
        assert (klass.autograded("files", "tiny") / "work" / path).read_text() == handed_in.read_text()


def test_the_instructors_files_reach_no_one(klass: Klass) -> None:
    for path in (klass.root / "autograded").rglob("*.tf"):
        assert "instructor" not in path.read_text(), path


def test_a_work_folder_in_source_is_not_released(klass: Klass) -> None:
    said = klass.nbgrader("generate_assignment", "tiny", "--force", fails=True)
    assert "holds a directory work" in said
    assert not (klass.root / "release" / "tiny" / "work").exists()


def test_no_process_is_left(klass: Klass) -> None:
    assert klass.left_over() == []


def test_links_out_of_the_submission_are_dropped(klass: Klass) -> None:
    work = klass.autograded("stray", "tiny") / "work"
    assert (work / "one.tf").exists()
    assert not [path for path in work.iterdir() if path.is_symlink()]


def test_a_hostile_notebook_does_not_stop_reading(tmp_path: Path) -> None:
    from grading.submission import Unreadable, read

    broken = {"binary": b"\xff\xfe\x00", "list": b"[]", "old": b'{"nbformat": 99, "cells": []}', "empty": b""}
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Unreadable):
            read(tmp_path / name)
    nbformat.write(book(code("1", "one")), tmp_path / "fine.ipynb")
    assert read(tmp_path / "fine.ipynb").cells
