"""The README's chapter for instructors, typed line by line in a copy of the course, with learners who hand in."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.core.paths import ROOT
from tests import forked_nbgrader
from tests.course.classroom import small
from tests.klass import solve
from tests.repeats import SOAK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
MARK = "<!-- executed line by line by tests/course/classroom/test_readme.py -->"
STUDENTS = "id,last_name,first_name,email,canvas_id\neva,Ex,Eva,eva@acme.test,11\ntom,Te,Tom,tom@acme.test,12\n"


def lines() -> list[str]:
    """Return the commands of the chapter, without their comments."""
    chapter = (ROOT / "README.md").read_text(encoding="utf-8").partition(MARK)[2]
    block = re.search(r"```sh\n(.*?)```", chapter, re.DOTALL)
    assert block
    return [line.partition("  #")[0].strip() for line in block[1].splitlines() if line.strip()]


class Instructor:
    """A home, a copy of the course, a shell."""

    def __init__(self, room: Path, assignment: str) -> None:
        self.room, self.assignment = room, assignment
        self.course = room / "course"
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in listed.splitlines():
            if (ROOT / name).is_file() and not name.startswith(("tests/", "benchmarks/")):
                (self.course / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.course / name)
        if assignment == "small":
            small.make(self.course / "source" / "small")
        (room / "students.csv").write_text(STUDENTS)
        bin_ = room / "bin"
        bin_.mkdir()
        (bin_ / "course").write_text(
            f'#!/bin/sh\nexec {sys.executable} -c "from helpers.cli import main; main()" "$@"\n'
        )
        (bin_ / "course").chmod(0o755)
        self.env = {
            **os.environ,
            "HOME": str(room),
            "PATH": f"{bin_}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.course),
            "PYTHONDONTWRITEBYTECODE": "1",
            "JUPYTER_DATA_DIR": str(room / "jupyter"),
        }
        self.cwd, self.said = room, dict[str, str]()

    def type(self, line: str) -> None:
        """Type one line; the shell stays where it went."""
        line = re.sub(r"\blab1\b", self.assignment, line)
        done = self._run(line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        self.said[line] = done.stdout

    def _run(self, line: str) -> subprocess.CompletedProcess[str]:
        where = self.room / "where"
        script = f"{line}\nstatus=$?; pwd > {where}; exit $status"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.cwd, env=self.env, capture_output=True, text=True, timeout=3000
        )
        self.cwd = Path(where.read_text().strip())
        return done

    def digests(self) -> dict[str, str]:
        """Return the digest of each file of the course."""
        found = (path for path in self.course.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def hand_in(instructor: Instructor, learner: str) -> None:
    """Do as a learner does: fetch, solve, hand in."""
    home = instructor.room / "homes" / learner
    home.mkdir(parents=True)
    config = instructor.room / "learners" / "nbgrader_config.py"
    shutil.copy(config, home)
    env = {**instructor.env, "MOD208_WORKSPACE": str(home)}
    assignment = {"lab1": "lab1-module"}.get(instructor.assignment, instructor.assignment)

    def nbgrader(*argv: str) -> None:
        done = forked_nbgrader.run([*argv, assignment], cwd=home, env=env, timeout=900)
        assert done.returncode == 0, done.text

    nbgrader("fetch_assignment")
    if instructor.assignment == "small":
        small.solve(home / assignment)
    elif learner == "eva":
        source = instructor.course / "source" / assignment
        solve(home / assignment, source, *(path.name for path in source.glob("*.ipynb")))
    nbgrader("submit", f"--student={learner}")


#: A lab takes many minutes; the stages are the same.
WITH = ["small", *([pytest.param("lab1", marks=pytest.mark.soak)] if SOAK else [])]


@pytest.fixture(scope="module", params=WITH)
def instructor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instructor]:
    one = Instructor(tmp_path_factory.mktemp("readme"), request.param)
    before = one.digests()
    for line in lines():
        one.type(line)
        if "class release" in line:
            hand_in(one, "eva")
            hand_in(one, "tom")
        if "class marks" in line:
            shutil.copytree(one.cwd / "marks", one.room / "marks-then")
    assert one.digests() == before, "a command changed the course itself"
    yield one


def test_each_stage_says_what_comes_next(instructor: Instructor) -> None:
    stages = [said for line, said in instructor.said.items() if line.startswith("course class")]
    assert len(stages) == 10
    assert all("\nNext: " in said for said in stages), stages


def test_both_are_collected_graded_and_marked(instructor: Instructor) -> None:
    with (instructor.room / "marks-then" / "marks.csv").open() as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    name = {"lab1": "lab1-module"}.get(instructor.assignment, instructor.assignment)
    assert set(rows) == {"eva", "tom"}
    assert rows["eva"]["canvas_id"] == "11"
    points = {"small": 6.0, "lab1": 96.0}[instructor.assignment]
    assert float(rows["eva"][f"{name} points"]) == points


def test_learners_got_a_repository_and_a_wheel(instructor: Instructor) -> None:
    assert (instructor.room / "learners" / ".git").is_dir()
    assert list((instructor.room / "learners" / "dist").glob("mod208-*.whl"))


def test_the_archive_holds_the_work_and_the_exchange_is_empty(instructor: Instructor) -> None:
    (archive,) = (instructor.room / "classes").glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert any("/exchange/inbound/eva+" in name for name in names)
    assert any(name.endswith("/class/marks/marks.csv") for name in names)
    assert not list((instructor.room / "exchange").iterdir())


def test_feedback_has_no_hidden_test(instructor: Instructor) -> None:
    pages = list((instructor.cwd / "feedback").rglob("*.html"))
    assert pages
    assert not [page for page in pages if small.WORDS in page.read_text() or "grading.hidden" in page.read_text()]
