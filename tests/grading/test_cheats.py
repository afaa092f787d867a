"""Submissions that want points they did not earn: none gets any, and the instructor's export names what was tried."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grading import data
from grading.places import Box
from grading.watch import Limits
from helpers.core import process
from helpers.core.paths import ROOT
from tests.grading import tiny
from tests.grading.test_submissions import FIRST, solved, steps
from tests.klass import Klass, cell

pytestmark = pytest.mark.e2e

COURSE = str(Path(sys.executable).with_name("course"))
#: One cell each, by what it does, in a notebook whose answers are empty. What one raises does not stop the next.
LIES = {
    text.partition("\n")[0].strip(): text.partition("\n")[2].strip()
    for text in Path(__file__).with_name("lies.txt").read_text().split("# %%")[1:]
}
#: Files beside the notebook that a careless import would take for the course's or Python's.
SHADOWS = {
    "helpers/__init__.py": "class Lab:\n    def read(self, path): return 'solved-zebra'\n",
    "grading/__init__.py": "",
    "grading/claims.py": "def offer(): raise SystemExit\n",
    "json.py": "raise SystemExit\n",
    "sitecustomize.py": "import os\nos._exit(0)\n",
}


def liar(folder: Path) -> None:
    nb = nbformat.read(folder / FIRST, 4)
    at = next(i for i, one in enumerate(nb.cells) if one.metadata.get("nbgrader", {}).get("grade_id") == "one-test")
    nb.cells[at:at] = [nbformat.v4.new_code_cell(text) for text in LIES.values()]
    # The course's own notes on how a notebook was graded, in a form that would end an export.
    nb.metadata["mod208"] = {"remarks": 5, "judged": "apart"}
    nbformat.write(nb, folder / FIRST)


def forger(folder: Path) -> None:
    for path, text in SHADOWS.items():
        for place in (folder, folder / "work"):
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text)
    nb = nbformat.read(folder / FIRST, 4)
    graded = cell(nb, "one-test")
    graded.source = "pass"
    graded.metadata["nbgrader"]["points"] = 100
    copy = nbformat.from_dict(cell(nb, "two-test"))
    copy["id"], copy["source"] = "copied", "1000"
    nb.cells.append(copy)
    nbformat.write(nb, folder / FIRST)


def honest(folder: Path) -> None:
    solved(folder, "one.tf", "two.tf")


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Klass]:
    klass = Klass(tmp_path_factory.mktemp("cheats"))
    tiny.make(klass.root / "source" / "tiny")
    (klass.root / "source" / "tiny" / "02-second.ipynb").unlink()
    klass.publish("tiny")
    fetched = klass.fetch("tiny", "origin")
    for learner in (liar, forger, honest):
        learner(klass.copy(fetched, learner.__name__))
        klass.hand_in("tiny", learner.__name__)
    # A link in a hand-in is followed by whoever copies files; this one leads to the solutions.
    klass.copy(fetched, "linker")
    klass.hand_in("tiny", "linker")
    handed_in = klass.root / "submitted" / "linker" / "tiny"
    (handed_in / FIRST).unlink()
    (handed_in / FIRST).symlink_to(klass.root / "source" / "tiny" / FIRST)
    (handed_in / "work").mkdir()
    answer = klass.root / "source" / "answer.tf"
    answer.write_text(tiny.WORD)
    (handed_in / "work" / "one.tf").symlink_to(answer)
    # Kernels are forked here; `tests/e2e/test_cycle.py` has the same lies for those that nbgrader's command starts.
    done = process.run([COURSE, "grade", "tiny"], cwd=ROOT, env=process.environment(klass.env), timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    yield klass


@pytest.fixture(scope="module")
def grades(klass: Klass) -> dict[str, Any]:
    return klass.exported()


@pytest.mark.parametrize(("student", "points"), [("liar", 0), ("forger", 0), ("linker", 0), ("honest", 6)])
def test_points_are_earned(grades: dict[str, Any], student: str, points: float) -> None:
    found = steps(grades, student)
    assert [found[name]["points"] for name in ("one", "two")] == [points / 2, points / 2], found
    assert all(row["reason"] for row in found.values()) == (points == 0)
    assert {row["judged"] for row in found.values()} == {"apart"}


def said(klass: Klass, student: str) -> str:
    nb = nbformat.read(klass.autograded(student, "tiny") / FIRST, 4)
    return "".join(out.get("text", "") for one in nb.cells for out in one.get("outputs", []))


def test_nothing_was_there_to_be_read(klass: Klass) -> None:
    seen = said(klass, "liar")
    assert "sources: []" in seen
    assert "gradebooks: []" in seen
    assert "environment: False" in seen
    assert "solve:" not in seen
    assert "hidden:" not in seen


def test_each_lie_was_told(klass: Klass) -> None:
    """Otherwise this file proves nothing: every cell up to the last one ran."""
    nb = nbformat.read(klass.autograded("liar", "tiny") / FIRST, 4)
    ran = {one.source for one in nb.cells if one.get("execution_count")}
    assert set(LIES.values()) <= ran


@pytest.mark.parametrize(
    ("student", "remark"),
    [
        ("liar", "work/one.tf: it is a link"),
        ("forger", "the locked cell one-test was changed"),
        ("forger", "helpers has a name of the course's"),
        ("forger", "json.py has a name of the course's"),
        ("forger", "sitecustomize.py has a name of the course's"),
        ("linker", "work/one.tf is a link"),
        ("linker", "it is a link to a file that was not handed in"),
    ],
)
def test_the_export_names_it(grades: dict[str, Any], student: str, remark: str) -> None:
    assert remark in steps(grades, student)["one"]["remarks"]


def test_honest_work_has_no_remark(grades: dict[str, Any]) -> None:
    assert {row["remarks"] for row in steps(grades, "honest").values()} == {""}


def test_the_gradebook_is_the_instructors(klass: Klass) -> None:
    with sqlite3.connect(klass.root / "gradebook.db") as book:
        assert book.execute("select max(auto_score) from grade").fetchone()[0] == 3.0
        (source,) = book.execute("select source from source_cell where name = 'one-test'").fetchone()
    assert "forbidden" in source


def test_what_was_judged_is_named_by_its_digest(klass: Klass) -> None:
    judged = {}
    for student in ("liar", "honest"):
        nb = nbformat.read(klass.autograded(student, "tiny") / FIRST, 4)
        judged[student] = nb.metadata["mod208"]["judged"]["workspace"]
    assert len(set(judged.values())) == 2
    assert all(len(one) == 64 for one in judged.values())


def test_no_process_is_left(klass: Klass) -> None:
    assert klass.left_over() == []


@pytest.fixture
def submission(tmp_path: Path) -> Box:
    directory = tmp_path / "autograded" / "somebody" / "tiny"
    (directory / "work").mkdir(parents=True)
    (directory / "work" / "main.tf").write_text("locals {}\n")
    box = Box(directory, tmp_path / "submitted" / "somebody" / "tiny")
    box.fill()
    return box


TOOL = """
from helpers.core import process
done = process.run(["sh", "-c", {script!r}], env=process.environment())
print(done.stdout, done.stderr)
"""


def tool(box: Box, script: str) -> str:
    """Return what a tool of the judge says that runs a learner's script."""
    with box.judges(Limits(wall=120)) as place:
        done = place.sandbox.run([sys.executable, "-c", TOOL.format(script=script)], cwd=place.cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_a_tool_runs_reaches_no_verdict(submission: Box) -> None:
    """``local-exec``, ``external``, a test or a script has what the tool has that starts it."""
    found = tool(
        submission,
        f"ls {ROOT}/grading {ROOT}/source /claims /state/secrets; echo hidden over; ls /proc | grep -c '^[0-9]';"
        f"cat work/main.tf; echo x >> work/main.tf; touch {ROOT}/helpers/x; kill -9 -1; echo alive;"
        "echo forged > /proc/$PPID/fd/1; unshare --user true",
    )
    assert "lab1_module" not in found
    assert "hidden over\n0\nlocals {}\nalive\n" in found
    assert found.count("Read-only file system") == 2
    assert "Directory nonexistent" in found
    assert (submission.directory / "work" / "main.tf").read_text() == "locals {}\n"


#: A learner's script starts Terraform by a wrapper of the course's, and gives it a secret on its standard input.
SCRIPT = """
from helpers.core import process
print(process.run(["cat", "/dev/stdin"], input="a value", env=process.environment()).stdout, "is read")
print(process.run(["sh", "-c", "echo started"], env=process.environment()).stdout)
"""


def test_what_a_tool_runs_may_start_tools(submission: Box) -> None:
    """A script of the learner's that starts tools by the course's own wrappers is in a sandbox already."""
    found = tool(submission, f"PYTHONPATH={ROOT} {sys.executable} -c '{SCRIPT}'")
    assert "a value is read\nstarted\n" in found, found


def test_only_files_are_taken(submission: Box, tmp_path: Path) -> None:
    work = submission.work / "work"
    (tmp_path / "secret").write_text("for-the-instructor-only")
    (work / "to-a-file").symlink_to(tmp_path / "secret")
    (work / "to-a-directory").symlink_to(tmp_path)
    process.run(["mkfifo", work / "pipe"])
    deep = work / "/".join(["d"] * 80)
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep")
    (submission.work / "01-first.ipynb").write_text("a notebook that a cell wrote")
    (submission.work / "timestamp.txt").write_text("2001-01-01 00:00:00 UTC")
    taken = submission.empty()
    there = sorted(str(p.relative_to(submission.directory)) for p in submission.directory.rglob("*") if p.is_file())
    assert there == [".state/box", "work/main.tf"]
    assert len(taken.left_out) == 4
    assert {line.rpartition(": ")[2] for line in taken.left_out} == {
        "it is a link",
        "it is not a regular file",
        f"it lies more than {data.MAX_DEPTH} directories deep",
    }


def test_a_tree_too_deep_for_python_is_removed() -> None:
    script = "import os\nfor _ in range(3000):\n    os.mkdir('d')\n    os.chdir('d')"
    # Not below pytest's own directories: a run that is killed here would leave one that pytest cannot remove.
    bomb = Path(tempfile.mkdtemp(prefix="mod208-bomb-"))
    assert process.run([sys.executable, "-c", script], cwd=bomb).returncode == 0
    data.remove(bomb)
    assert not bomb.exists()


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A directory of programs without bubblewrap."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "env", "git", "chmod", "rm"):
        (programs / name).symlink_to(shutil.which(name) or name)
    return programs


def test_without_bubblewrap_nothing_is_graded_unless_told(bare_path: Path, tmp_path: Path) -> None:
    klass = Klass(tmp_path / "unsafe")
    tiny.make(klass.root / "source" / "tiny")
    (klass.root / "source" / "tiny" / "02-second.ipynb").unlink()
    klass.publish("tiny")
    honest(klass.fetch("tiny", "honest"))
    klass.hand_in("tiny", "honest")
    klass.env["PATH"] = str(bare_path)
    log = klass.nbgrader("autograde", "tiny", "--create", fails=True)
    assert "bubblewrap is missing" in log
    assert "MOD208_UNSAFE_GRADING=1" in log
    assert steps(klass.exported(), "honest")["one"]["state"] == "not-graded"
    klass.env["MOD208_UNSAFE_GRADING"] = "1"
    klass.nbgrader("autograde", "tiny", "--force")
    found = steps(klass.exported(), "honest")["one"]
    assert found["points"] == 3
    assert found["remarks"].startswith("unsafe: ")
    assert found["judged"] == "unsafe"
    assert "This grade is unsafe" in (klass.autograded("honest", "tiny") / FIRST).read_text()
