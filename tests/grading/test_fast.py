"""``course grade``: the points of `nbgrader autograde`, side by side, and nothing is lost when the grader is killed."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from grading.fast import warnings
from grading.steps import STAGE
from helpers.core import process
from helpers.core.paths import ROOT
from helpers.course.class_run import ClassRun
from tests.grading import tiny
from tests.grading.test_submissions import FIRST, deleted, edited, good, invalid, solved
from tests.klass import Klass
from tests.repeats import times
from tests.waits import until

pytestmark = pytest.mark.e2e
COURSE = str(Path(sys.executable).with_name("course"))
#: What a cell writes behind the kernel's back, where it would reach a terminal that the kernel has inherited.
WRITES = """
import os, sys
for descriptor in (1, 2):
    os.write(descriptor, b"PAST" + b"-THE-KERNEL")
    with open(f"/proc/self/fd/{descriptor}", "wb") as stream:
        stream.write(b"PAST" + b"-THE-KERNEL")
"""


def half(folder: Path) -> None:
    solved(folder, "one.tf")
    edited(folder, "one-file", WRITES)


def broken(folder: Path) -> None:
    invalid(folder)


LEARNERS = (good, half, broken, deleted)
POINTS = {"good": 6.0, "half": 3.0, "broken": 3.0, "deleted": 6.0}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Klass:
    """A class of four whose submissions nobody has graded."""
    klass = Klass(tmp_path_factory.mktemp("fast"))
    tiny.make(klass.root / "source" / "tiny")
    (klass.root / "source" / "tiny" / "02-second.ipynb").unlink()
    klass.publish("tiny")
    fetched = klass.fetch("tiny", "origin")
    for learner in LEARNERS:
        folder = klass.copy(fetched, learner.__name__)
        if learner is good:
            edit_first(folder)
        else:
            learner(folder)
        klass.hand_in("tiny", learner.__name__)
    return klass


def edit_first(folder: Path) -> None:
    for name in ("one", "two"):
        edited(folder, f"{name}-file", f'%%workfile lab1 {name}.tf\nlocals {{ x = "{tiny.WORD}" }}')


def twin(klass: Klass, room: Path) -> Klass:
    """Return a copy of a class, in a directory of its own."""
    copy = Klass(room)
    shutil.rmtree(copy.root)
    shutil.copytree(klass.root, copy.root)
    return copy


def argv(*options: str) -> list[str]:
    return [COURSE, "grade", "tiny", "--jobs", "2", *options]


def run(klass: Klass, *options: str) -> process.Completed:
    return process.run(argv(*options), cwd=ROOT, env=process.environment(klass.env), timeout=900)


def grades(klass: Klass) -> list[tuple[Any, ...]]:
    """Return everything of the gradebook that grading writes."""
    with Gradebook(f"sqlite:///{klass.root}/gradebook.db") as book:
        found = [
            (submission.student.id, submission.timestamp, grade.name, grade.auto_score, grade.needs_manual_grade)
            for submission in book.assignment_submissions("tiny")
            for notebook in submission.notebooks
            for grade in notebook.grades
        ]
    return sorted(found, key=str)


@pytest.fixture(scope="module")
def stock(handed_in: Klass, tmp_path_factory: pytest.TempPathFactory) -> Klass:
    klass = twin(handed_in, tmp_path_factory.mktemp("stock"))
    klass.nbgrader("autograde", "tiny", "--create")
    return klass


@pytest.fixture(scope="module")
def fast(handed_in: Klass, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Klass, process.Completed]]:
    klass = twin(handed_in, tmp_path_factory.mktemp("ours"))
    done = run(klass, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    yield klass, done


def test_the_gradebook_is_that_of_nbgraders_autograde(stock: Klass, fast: tuple[Klass, process.Completed]) -> None:
    assert grades(fast[0]) == grades(stock)
    assert len(grades(stock)) == 2 * len(LEARNERS)


def test_it_says_what_came_out(fast: tuple[Klass, process.Completed]) -> None:
    klass, done = fast
    found = ClassRun.from_dict(json.loads(done.stdout))
    assert {line.student: line.points for line in found.lines} == POINTS
    assert {line.state for line in found.lines} == {"graded"}
    assert all(line.seconds["01-first"] > 0 for line in found.lines)
    assert [line for line in done.stderr.splitlines() if line.startswith("4/4")], done.stderr
    assert klass.left_over() == []


def test_what_nbgrader_warns_of_reaches_whoever_grades(fast: tuple[Klass, process.Completed]) -> None:
    """Its log is gone once a submission is graded."""
    klass, done = fast
    put_back = [line for line in done.stderr.splitlines() if "put back" in line]
    assert {line.partition(":")[0] for line in put_back} == {"'deleted'"}, done.stderr
    assert [line for line in put_back if "Missing cell one-test put back" in line]
    assert "has changed" not in done.stderr, "a warning about a cell that nobody changed hides the real ones"
    assert list((klass.root / STAGE / "logs").iterdir()) == []


def test_only_warnings_are_shown_and_nothing_that_a_terminal_acts_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert warnings(log) == []
    log.write_bytes(b"[AutogradeApp | INFO] x\n[AutogradeApp | WARNING] \x1b]0;t\x07a\xff\nTraceback\n" * 60)
    assert warnings(log) == ["[AutogradeApp | WARNING] a\N{REPLACEMENT CHARACTER}"] * 50


def test_what_is_graded_lies_where_nbgrader_looks(stock: Klass, fast: tuple[Klass, process.Completed]) -> None:
    def files(klass: Klass) -> list[str]:
        found = (path.relative_to(klass.root) for path in (klass.root / "autograded").rglob("*") if path.is_file())
        return sorted(f"{path} {(klass.root / path).stat().st_mode:o}" for path in found)

    assert files(fast[0]) == files(stock)
    said = fast[0].nbgrader("autograde", "tiny")
    assert "Autograding" not in said


def test_nothing_is_graded_twice(fast: tuple[Klass, process.Completed]) -> None:
    klass, _ = fast
    again = ClassRun.from_dict(json.loads(run(klass, "--json").stdout))
    assert {line.state for line in again.lines} == {"kept"}
    assert {line.student: line.points for line in again.lines} == POINTS


def test_what_was_handed_in_again_is_graded_again(
    fast: tuple[Klass, process.Completed], tmp_path_factory: pytest.TempPathFactory
) -> None:
    klass = twin(fast[0], tmp_path_factory.mktemp("later"))
    later = klass.root / "submitted" / "half" / "tiny"
    solved(later, "two.tf")
    (later / "timestamp.txt").write_text("2026-01-02 10:00:00 UTC")
    found = ClassRun.from_dict(json.loads(run(klass, "--json").stdout))
    assert {line.student: line.state for line in found.lines if line.state == "graded"} == {"half": "graded"}
    assert {line.student: line.points for line in found.lines} == {**POINTS, "half": 6.0}


def test_what_a_kernel_writes_reaches_no_terminal(stock: Klass, fast: tuple[Klass, process.Completed]) -> None:
    """It is not limited, and may steer a terminal. The cell ran, and the notebook has no such output."""
    klass, done = fast
    assert "PAST-THE-KERNEL" not in done.stdout + done.stderr
    assert not list((klass.root / STAGE / "logs").iterdir())
    nb = nbformat.read(klass.autograded("half", "tiny") / FIRST, 4)
    (ran,) = [cell for cell in nb.cells if cell.source == WRITES]
    assert ran.execution_count
    assert not [output for output in ran.outputs if output.output_type == "error"], ran.outputs


def test_what_a_kernel_writes_reaches_no_terminal_of_nbgraders(
    handed_in: Klass, tmp_path_factory: pytest.TempPathFactory
) -> None:
    klass = twin(handed_in, tmp_path_factory.mktemp("terminal"))
    said = klass.nbgrader("autograde", "tiny", "--create", "--student=half")
    assert "Autograding" in said
    assert "PAST-THE-KERNEL" not in said


@pytest.mark.soak
@pytest.mark.parametrize("number", range(times(1, 17)))
def test_who_is_killed_is_continued(
    number: int, handed_in: Klass, fast: tuple[Klass, process.Completed], tmp_path: Path
) -> None:
    """Three times at any moment; the gradebook is that of a run that nobody disturbed, and what was done stays done."""
    klass = twin(handed_in, tmp_path / "killed")
    whole = json.loads(fast[1].stdout)["seconds"] + 3
    done: set[str] = set()
    for _ in range(3):
        moment = random.uniform(0, whole)
        kill_after(klass, moment)
        there = {path.parent.name for path in (klass.root / "autograded").glob("*/tiny")}
        assert done <= there, f"killed after {moment:.2f} s"
        done = there
    found = ClassRun.from_dict(json.loads(run(klass, "--json").stdout))
    assert {line.student for line in found.lines if line.state == "kept"} == done
    assert grades(klass) == grades(fast[0])
    assert {path.name for path in (klass.root / STAGE).iterdir()} <= {"lock", "logs", "autograded", ".sandboxes"}
    assert not [path for path in (klass.root / STAGE / "autograded").rglob("*") if path.is_file()]


def kill_after(klass: Klass, seconds: float) -> None:
    """Kill the grader, and wait until all that it had started is gone."""
    grader = subprocess.Popen(
        argv(), cwd=ROOT, env=process.environment(klass.env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    until(lambda: not klass.left_over(), "processes of a killed grader are left")


def test_two_do_not_grade_at_once(handed_in: Klass, tmp_path: Path) -> None:
    klass = twin(handed_in, tmp_path / "two")
    grader = subprocess.Popen(argv(), cwd=ROOT, env=process.environment(klass.env), stdout=subprocess.DEVNULL)
    try:
        until((klass.root / STAGE / "logs").exists)
        second = run(klass, "--json")
    finally:
        grader.kill()
        grader.wait()
    assert second.returncode == 1
    assert json.loads(second.stdout)["error"] == "busy"
    until(lambda: not klass.left_over(), "processes of a killed grader are left")


def test_a_name_that_nobody_handed_in(handed_in: Klass) -> None:
    done = process.run([COURSE, "grade", "tinny"], cwd=ROOT, env=process.environment(handed_in.env))
    assert done.returncode == 2
    assert "course grade tiny" in done.stderr
    assert "Traceback" not in done.stderr
    other = run(handed_in, "--student=goood")
    assert other.returncode == 2
    assert "--student=good" in other.stderr
