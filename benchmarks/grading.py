"""What grading a class costs, beside stock `nbgrader autograde` on the same submissions, in one run.

*quickstart* is the assignment that ``nbgrader quickstart`` makes, with the two submissions that nbgrader brings along,
twice each: two small notebooks, so starting is everything. Its tests look at functions of the learner's, so ours runs a
notebook in one kernel as stock does, in a sandbox.

*lab1* is Lab 1 of the course with the solutions, from two learners: tools are everything. Ours runs the cells in a
sandbox and then judges in another; stock runs all in one kernel, each learner with a state of the services of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.paths import ROOT
from helpers.course import class_run
from helpers.course.class_run import ClassRun

#: Stock time over ours, at least.
GOALS = {"quickstart_ratio": 5.0, "lab1_ratio": 2.5}
#: Learners of the quickstart class, and whose submission each has handed in.
CLASS = {"anna": "hacker", "ben": "bitdiddle", "carla": "hacker", "dan": "bitdiddle"}
#: Configurations of a class: stock nbgrader's, and what ours needs for tests that look at the learner's kernel.
STOCK = "c = get_config()\n"
#: What stock nbgrader needs for a lab: time for tools, the course's header, and lines that a warning may not cost.
STOCK_LAB = f"""
c = get_config()
c.IncludeHeaderFooter.header = {str(ROOT / "source" / "header.ipynb")!r}
c.Execute.timeout = 900
c.Execute.startup_timeout = 120
c.CourseDirectory.ignore = ["*.pyc", "__pycache__", ".git", ".terraform", ".state"]
c.CourseDirectory.max_dir_size = 500_000
c.CourseDirectory.max_file_size = 100_000
"""
LAB = "lab1-module"
OURS = """
c = get_config()
c.GradedExecute.together = ["ps1"]
c.IncludeHeaderFooter.header = ""
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\\nraise NotImplementedError()"}
"""
TIMEOUT = 3600
BIN = Path(sys.executable).parent


def measure() -> dict[str, Any]:
    """Return the ratio, the times, where ours went, and whether the scores are the same."""
    with tempfile.TemporaryDirectory(prefix="mod208-bench-") as room:
        rows = {"quickstart": _compare(Path(room) / "quickstart"), "lab1": _compare_lab(Path(room) / "lab1")}
    ratios = {f"{name}_ratio": row["ratio"] for name, row in rows.items()}
    cores = len(os.sched_getaffinity(0))
    missed = [name for name, ratio in ratios.items() if ratio < GOALS[name]]
    return {
        "benchmark": "grading",
        "cores": cores,
        "goals": GOALS,
        **ratios,
        "rows": rows,
        "under_goal": missed,
    }


def _compare(room: Path) -> dict[str, Any]:
    stock, ours = room / "stock", room / "ours"
    plain = _environment(stock, plain=True)
    _quickstart(stock, STOCK, plain)
    _quickstart(ours, OURS, _environment(ours))
    begun = time.monotonic()
    _nbgrader(plain, stock, "autograde", "ps1")
    stock_seconds = time.monotonic() - begun
    return _ours(stock, ours, "ps1", stock_seconds)


def _compare_lab(room: Path) -> dict[str, Any]:
    stock, ours = room / "stock", room / "ours"
    plain = {**_environment(stock, plain=True), "MOD208_GRADING": "1"}
    for klass, config, env in ((stock, STOCK_LAB, plain), (ours, "c = get_config()\n", _environment(ours))):
        kept = shutil.ignore_patterns("work", ".state")
        shutil.copytree(ROOT / "source" / LAB, klass / "source" / LAB, ignore=kept)
        (klass / "nbgrader_config.py").write_text(config)
        _nbgrader(env, klass, "generate_assignment", LAB)
        for learner in list(CLASS)[:2]:
            _solved(klass, klass / "submitted" / learner / LAB)
    begun = time.monotonic()
    for learner in list(CLASS)[:2]:
        env = {**plain, "MOD208_STATE": str(stock / "states" / learner), "MOD208_LEARNER": learner}
        _nbgrader(env, stock, "autograde", LAB, f"--student={learner}")
        stopped = process.run([BIN / "course", "services", "stop", "all"], env=env, timeout=TIMEOUT)
        assert stopped.returncode == 0, stopped.stderr[-3000:]
    return _ours(stock, ours, LAB, time.monotonic() - begun)


def _solved(klass: Path, directory: Path) -> None:
    """Write a submission: what was released, with the instructor's solutions in its cells."""
    directory.mkdir(parents=True)
    for path in sorted((klass / "release" / LAB).glob("*.ipynb")):
        source = json.loads((klass / "source" / LAB / path.name).read_text())
        solutions = {_name(cell): "".join(cell["source"]) for cell in source["cells"] if _name(cell)}
        found = json.loads(path.read_text())
        for cell in found["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                lines = solutions[_name(cell)].split("\n")
                cell["source"] = "\n".join(line for line in lines if "SOLUTION" not in line)
        (directory / path.name).write_text(json.dumps(found))


def _name(cell: Mapping[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def _ours(stock: Path, ours: Path, assignment: str, stock_seconds: float) -> dict[str, Any]:
    """Grade the same submissions with ours, and compare."""
    begun = time.monotonic()
    done = process.run(class_run.command(assignment, ["--json"]), cwd=ROOT, env=_environment(ours), timeout=TIMEOUT)
    ours_seconds = time.monotonic() - begun
    assert done.returncode == 0, done.stdout + done.stderr
    found = ClassRun.from_dict(json.loads(done.stdout))
    return {
        "stock_seconds": round(stock_seconds, 2),
        "ours_seconds": round(ours_seconds, 2),
        "ratio": round(stock_seconds / ours_seconds, 2),
        "submissions": len(found.lines),
        "same_scores": _scores(stock) == _scores(ours),
        "breakdown": _breakdown(found, ours_seconds),
    }


def _breakdown(found: ClassRun, whole: float) -> dict[str, float]:
    """Return seconds: to start and import, in notebooks (per job), and the rest: preparing, recording, waiting."""
    notebooks = sum(sum(line.seconds.values()) for line in found.lines) / found.jobs
    starting = whole - found.seconds
    rest = found.seconds - notebooks
    return {"starting": round(starting, 2), "notebooks": round(notebooks, 2), "rest": round(rest, 2)}


def _quickstart(klass: Path, config: str, env: dict[str, str]) -> None:
    spec = find_spec("nbgrader")
    assert spec and spec.origin
    guide = Path(spec.origin).parent / "docs" / "source" / "user_guide"
    shutil.copytree(guide / "source" / "ps1", klass / "source" / "ps1")
    (klass / "nbgrader_config.py").write_text(config)
    _nbgrader(env, klass, "generate_assignment", "ps1")
    for learner, whose in CLASS.items():
        shutil.copytree(guide / "submitted" / whose / "ps1", klass / "submitted" / learner / "ps1")


def _environment(klass: Path, *, plain: bool = False) -> dict[str, str]:
    """Return the environment of a class; *plain*: without this course's configuration of nbgrader."""
    config = klass / "no-configuration" if plain else ROOT
    own = {"JUPYTER_CONFIG_PATH": str(config), "JUPYTER_CONFIG_DIR": str(klass / "no-configuration")}
    env = process.environment({"MOD208_CLASS": str(klass), "MOD208_STATE": str(klass / "state"), **own})
    return {**env, "PATH": f"{BIN}{os.pathsep}{env.get('PATH', os.defpath)}"}


def _nbgrader(env: Mapping[str, str], klass: Path, *argv: str) -> None:
    done = process.run([BIN / "nbgrader", *argv], cwd=klass, env=env, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr[-3000:]


def _scores(klass: Path) -> list[tuple[Any, ...]]:
    """Return learner, cell, points and whether a person has to look, of all graded cells."""
    with sqlite3.connect(klass / "gradebook.db") as book:
        return sorted(
            book.execute(
                "select a.student_id, n.name, c.name, g.auto_score, g.needs_manual_grade from grade g"
                " join submitted_notebook s on g.notebook_id = s.id"
                " join submitted_assignment a on s.assignment_id = a.id"
                " join notebook n on s.notebook_id = n.id join base_cell c on g.cell_id = c.id"
            ).fetchall(),
            key=str,
        )


def show(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines of a table."""
    yield f"{'class':12}{'stock':>9}{'ours':>9}{'ratio':>8}{'goal':>6}   where ours went (s)"
    for name, row in found["rows"].items():
        times = f"{row['stock_seconds']:7.1f} s{row['ours_seconds']:7.1f} s{row['ratio']:8.2f}"
        parts = ", ".join(f"{part} {seconds}" for part, seconds in row["breakdown"].items())
        same = "" if row["same_scores"] else "   SCORES DIFFER"
        yield f"{name:12}{times}{GOALS[f'{name}_ratio']:6}   {parts}{same}"
