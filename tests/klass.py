"""A class in a temporary folder, driven by the real nbgrader commands."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import nbformat
import psutil

from helpers.core import process as _process
from helpers.core.paths import ROOT
from helpers.course import outline
from tests import forked_nbgrader

META = {"schema_version": 3, "task": False}


class Klass:
    """A course folder, an exchange and learners' home folders below *room*."""

    def __init__(self, room: Path, **env: str) -> None:
        self.room, self.root, self.homes = room, room / "class", room / "homes"
        self.mark = uuid.uuid4().hex  # another run of the tests on this machine has another
        (self.root / "source").mkdir(parents=True)
        (room / "exchange").mkdir()
        (room / "exchange").chmod(0o777)
        self.env = {
            "MOD208_CLASS": str(self.root),
            "MOD208_EXCHANGE": str(room / "exchange"),
            "JUPYTER_CONFIG_PATH": str(ROOT),
            "JUPYTER_DATA_DIR": str(room / "jupyter"),
            "MOD208_TEST_CLASS": self.mark,
            **env,
        }

    def nbgrader(self, *argv: str, cwd: Path | None = None, timeout: float = 900, fails: bool = False) -> str:
        """Run one nbgrader command; return its log."""
        env = _process.environment(self.env)
        done = forked_nbgrader.run(argv, cwd=cwd or self.root, env=env, timeout=timeout)
        assert fails or done.returncode == 0, done.text[-5000:]
        return done.text

    def publish(self, assignment: str) -> None:
        """Generate and release an assignment."""
        self.nbgrader("generate_assignment", assignment)
        self.nbgrader("release_assignment", assignment)

    def fetch(self, assignment: str, student: str) -> Path:
        """Fetch it as a learner does; return the learner's folder of it."""
        home = self.homes / student
        home.mkdir(parents=True)
        self.nbgrader("fetch_assignment", assignment, cwd=home)
        return home / assignment

    def copy(self, fetched: Path, student: str) -> Path:
        """Give another learner what one has fetched."""
        return Path(shutil.copytree(fetched, self.homes / student / fetched.name))

    def submit(self, assignment: str, student: str) -> None:
        """Hand in as a learner does."""
        self.nbgrader("submit", assignment, f"--student={student}", cwd=self.homes / student)

    def hand_in(self, assignment: str, student: str) -> None:
        """Put a submission where `nbgrader collect` would, for tests of what comes after."""
        target = self.root / "submitted" / student / assignment
        shutil.copytree(self.homes / student / assignment, target)
        (target / "timestamp.txt").write_text("2026-01-01 10:00:00 UTC")

    def exported(self) -> dict[str, dict[str, Any]]:
        """Return the exported JSON: learner -> data."""
        target = self.root / "grades.json"
        self.nbgrader("export", "--to", str(target))
        return {one["id"]: one for one in json.loads(target.read_text())["students"]}

    def autograded(self, student: str, assignment: str) -> Path:
        """Return a learner's autograded folder."""
        return self.root / "autograded" / student / assignment

    def left_over(self) -> list[list[str]]:
        """Return the command lines of processes that this class's commands left running."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid != os.getpid() and process.environ().get("MOD208_TEST_CLASS") == self.mark:
                    found.append(process.cmdline())
            except (psutil.Error, OSError):
                continue
        return found


def code(source: str, name: str, **nbgrader: Any) -> Any:
    """Return a code cell; keywords make it one of nbgrader's."""
    cell = nbformat.v4.new_code_cell(source, id=name)
    if nbgrader:
        base = {"grade": False, "solution": False, "locked": False, "grade_id": name, "cell_type": "code", **META}
        cell.metadata["nbgrader"] = {**base, **nbgrader}
    return cell


def book(*cells: Any) -> Any:
    """Return a notebook."""
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=list(cells), metadata={"kernelspec": spec})


def cell(nb: Any, name: str) -> Any:
    """Return the cell with that nbgrader id."""
    return next(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def solve(folder: Path, source: Path, *names: str) -> None:
    """Copy the solutions of the instructor's notebooks into the learner's, cell by cell, as a learner types them."""
    for name in names:
        nb, solved = nbformat.read(folder / name, 4), nbformat.read(source / name, 4)
        for one in nb.cells:
            meta = one.metadata.get("nbgrader", {})
            if meta.get("solution"):
                text = cell(solved, meta["grade_id"]).source
                one.source = "\n".join(line for line in text.split("\n") if "SOLUTION" not in line)
        nbformat.write(nb, folder / name)


def step_points(assignment: str, name: str) -> dict[str, float]:
    """Return step or review -> points of one notebook, as ``course.yaml`` has them."""
    books = next(lab["notebooks"] for lab in outline.load()["labs"] if lab["assignment"] == assignment)
    (book,) = [one for one in books if one["file"] == name]
    return {one["id"]: one["points"] for one in (*book["steps"], *book.get("reviews", []))}
