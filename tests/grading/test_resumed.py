"""An assignment that is judged by what services do and remember: lies earn nothing, honest work what it earned.

Labs 2, 3 and the project are graded like this, with a cluster and more; here it is an audit log, which starts fast.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.core import process
from helpers.core.paths import ROOT
from tests.grading.test_cheats import LIES
from tests.klass import Klass, book, cell, code

pytestmark = pytest.mark.e2e

COURSE = str(Path(sys.executable).with_name("course"))
NAME, FILE = "recorded", "01-recorded.ipynb"
GRADE = {"grade": True, "locked": True}
SETUP = """from helpers import Lab, Subject, Trail, services

lab = Lab("lab3")
services.ensure("audit")
trail = Trail("pipeline")"""
SUBJECT = 'subject=Subject(name="models", digest="sha256:" + "a" * 64)'
RECORD = f'trail.record("drift", actor="pipeline", {SUBJECT}, decision="drifted")'
REMEMBERED = """assert trail.verify().status == "valid", "the trail does not verify"
assert [one.event.action for one in trail.entries()] == ["drift"], "the trail has not exactly one drift event"
### BEGIN HIDDEN TESTS
import grading.hidden
assert trail.entries()[0].event.actor == "pipeline", "somebody else recorded it"
### END HIDDEN TESTS"""
#: By effect: the judge's log takes an event through a learner's script.
SCRIPT = f"""from helpers import Subject, Trail

Trail("pipeline").record("plan", actor="learner", {SUBJECT}, decision="accepted")
"""
DONE = """from helpers.core import process

before = len(trail.entries())
ran = process.run([sys.executable, lab.path("job.py")], env=process.environment())
assert len(trail.entries()) == before + 1, "job.py recorded nothing: " + ran.stderr[-300:]"""
#: Without a record of its own: what the judge asks, it answers itself, in its place and after its end.
IMPOSTOR = """import json, os, pathlib, subprocess, sys
state = pathlib.Path(os.environ["MOD208_STATE"])
record = json.loads((state / "services/audit/service.json").read_text())
services.stop("audit")
server = "import http.server as h, sys; h.HTTPServer(('127.0.0.1', int(sys.argv[1])), h.SimpleHTTPRequestHandler)"
server += ".serve_forever()"
for port in record["ports"].values():
    subprocess.Popen([sys.executable, "-c", server, str(port)], start_new_session=True, env={"PATH": "/usr/bin"})
record["processes"] = [{"name": "audit", "pid": 1, "created": 1.0}]
(state / "services/audit/service.json").write_text(json.dumps({**record, "ready": True, "started": 1.0}))
print("an impostor listens")"""
#: A record that was edited on the disk afterwards, and a script that prints what the judge might want to read.
EDITED = """import os, pathlib
services.stop("audit")
for path in pathlib.Path(os.environ["MOD208_STATE"], "services/audit/data/log/tile/entries").rglob("*"):
    if path.is_file():
        path.write_bytes(path.read_bytes().replace(b"A", b"B"))
lab.write("job.py", "print('recorded 1 event'); print({'points': 3})")
print("the record is edited")"""


def write(directory: Path) -> None:
    directory.mkdir(parents=True)
    cells = (
        code(f"import sys\n\n{SETUP}", "setup"),
        code(f"### BEGIN SOLUTION\n{RECORD}\n### END SOLUTION", "one-answer", solution=True),
        code(REMEMBERED, "one-test", points=3, **GRADE),
        code(f"%%workfile lab3 job.py\n### BEGIN SOLUTION\n{SCRIPT}### END SOLUTION", "two-answer", solution=True),
        code(DONE, "two-test", points=3, **GRADE),
    )
    for one in cells:
        if one.metadata.get("nbgrader", {}).get("grade"):
            one.metadata["mod208"] = {"step": one.id.removesuffix("-test")}
    nbformat.write(book(*cells), directory / FILE)


def answered(directory: Path, one: str, two: str, *more: str) -> None:
    nb = nbformat.read(directory / FILE, 4)
    cell(nb, "one-answer").source = one
    cell(nb, "two-answer").source = two
    nb.cells[1:1] = [nbformat.v4.new_code_cell(text) for text in more]
    nbformat.write(nb, directory / FILE)


def honest(directory: Path) -> None:
    answered(directory, RECORD, f"%%workfile lab3 job.py\n{SCRIPT}")


def liar(directory: Path) -> None:
    answered(directory, "pass", "pass", *LIES.values())


def impostor(directory: Path) -> None:
    answered(directory, IMPOSTOR, "%%workfile lab3 job.py\nprint('recorded')")


def editor(directory: Path) -> None:
    answered(directory, RECORD, EDITED)


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Klass]:
    klass = Klass(tmp_path_factory.mktemp("resumed"))
    write(klass.root / "source" / NAME)
    (klass.root / "nbgrader_config.py").write_text(f"c = get_config()\nc.GradedExecute.resumed = [{NAME!r}]\n")
    klass.publish(NAME)
    fetched = klass.fetch(NAME, "origin")
    for learner in (honest, liar, impostor, editor):
        learner(klass.copy(fetched, learner.__name__))
        klass.hand_in(NAME, learner.__name__)
    done = process.run([COURSE, "grade", NAME], cwd=ROOT, env=process.environment(klass.env), timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    yield klass


@pytest.fixture(scope="module")
def grades(klass: Klass) -> dict[str, Any]:
    return klass.exported()


def steps(grades: dict[str, Any], student: str) -> dict[str, dict[str, Any]]:
    return {row["step"]: row for row in grades[student]["assignments"][NAME]["steps"]}


@pytest.mark.parametrize(("student", "points"), [("honest", 3), ("liar", 0), ("impostor", 0), ("editor", 0)])
def test_points_are_earned(grades: dict[str, Any], student: str, points: float) -> None:
    found = steps(grades, student)
    assert [found[name]["points"] for name in ("one", "two")] == [points, points], found
    assert {row["judged"] for row in found.values()} == {"apart"}
    assert all(row["reason"] for row in found.values()) == (points == 0)


def test_each_lie_was_told(klass: Klass) -> None:
    for student, texts in (("liar", LIES.values()), ("impostor", [IMPOSTOR]), ("editor", [EDITED])):
        nb = nbformat.read(klass.autograded(student, NAME) / FILE, 4)
        ran = {one.source: one.outputs for one in nb.cells if one.get("execution_count")}
        assert set(texts) <= set(ran)
        if student != "liar":
            said = "".join(output.get("text", "") for text in texts for output in ran[text])
            assert "an impostor listens" in said or "the record is edited" in said


def test_honest_work_has_no_remark(grades: dict[str, Any]) -> None:
    assert {row["remarks"] for row in steps(grades, "honest").values()} == {""}


def test_no_process_is_left(klass: Klass) -> None:
    assert klass.left_over() == []
