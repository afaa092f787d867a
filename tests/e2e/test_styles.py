"""Work that was done outside of cells gets the points that its own check gave: `course solve`, a terminal, an editor.

Cells are the fourth way: `tests/e2e/test_cycle.py` has a learner who works in them, with every automatic point.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.core import process
from helpers.core.paths import ROOT
from helpers.course import outline
from tests.klass import Klass
from tests.repeats import SOAK

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(7200)]
ASSIGNMENT = "lab1-module"
#: Each step by `course solve` in a terminal: files by an editor would be the same, and published is what is in no file.
SOLVE = """
import json, sys
from helpers.course.labs import Lab
from helpers.course.classroom import submitting
from helpers.runtime import services

lab = Lab("lab1")
for step in lab.spec.steps:
    lab.solve(step.id)
results = {step.id: lab.result(step.id).passed for step in lab.spec.steps}
submitting.carry(lab.work.parent)
print(json.dumps(results))
services.stop()
"""


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Klass, dict[str, bool]]]:
    klass = Klass(tmp_path_factory.mktemp("styles"))
    shutil.copytree(ROOT / "source" / ASSIGNMENT, klass.root / "source" / ASSIGNMENT)
    klass.publish(ASSIGNMENT)
    klass.fetch(ASSIGNMENT, "terminal")
    env = {"MOD208_WORKSPACE": str(klass.homes / "terminal"), "MOD208_STATE": str(klass.room / "state")}
    argv = [sys.executable, "-c", SOLVE]
    done = subprocess.run(argv, env=process.environment(env), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    klass.submit(ASSIGNMENT, "terminal")
    klass.nbgrader("collect", ASSIGNMENT)
    klass.nbgrader("autograde", ASSIGNMENT, timeout=6000)
    yield klass, json.loads(done.stdout.splitlines()[-1])


class TestTerminal:
    """Many minutes: `make soak` has it; what travels is looked at in tests/course/classroom/test_submitting.py."""

    __test__ = SOAK

    def test_its_own_checks_passed(self, solved: tuple[Klass, dict[str, bool]]) -> None:
        assert set(solved[1].values()) == {True}, solved[1]

    def test_grading_gives_every_point_that_the_checks_gave(self, solved: tuple[Klass, dict[str, bool]]) -> None:
        rows: list[dict[str, Any]] = solved[0].exported()["terminal"]["assignments"][ASSIGNMENT]["steps"]
        steps = {step.id for step in outline.lab("lab1").steps}
        missed = [row for row in rows if row["step"] in steps and row["state"] != "passed"]
        assert not missed, json.dumps(missed, indent=1)

    def test_no_password_travelled(self, solved: tuple[Klass, dict[str, bool]]) -> None:
        klass = solved[0]
        passwords = [path.read_bytes() for path in (klass.room / "state" / "secrets").rglob("*") if path.is_file()]
        assert passwords
        handed_in = [path for path in (klass.root / "submitted").rglob("*") if path.is_file()]
        assert not [path for path in handed_in if any(one in path.read_bytes() for one in passwords)]

    def test_what_was_shown_is_told(self, solved: tuple[Klass, dict[str, bool]]) -> None:
        note = solved[0].root / "submitted" / "terminal" / ASSIGNMENT / ".course" / "shown.json"
        assert set(json.loads(note.read_text())) == {step.id for step in outline.lab("lab1").steps}

    def test_the_registry_s_tokens_stayed(self, solved: tuple[Klass, dict[str, bool]]) -> None:
        (access,) = Path(solved[0].root / "submitted").glob(f"terminal/{ASSIGNMENT}/.course/registry/access.json")
        assert json.loads(access.read_text())["tokens"] == {}
