"""A module that was published at the learner's machine earns with the judge what it earned there.

The signing key travels in ``work/``, its password does not: so nothing can be signed again in either sandbox, and what
was published has to come along.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from grading.places import Box
from grading.watch import Limits
from helpers.core.paths import ROOT
from helpers.course.checks import lab1_publish as publish
from helpers.course.classroom.carrying import carry
from helpers.course.labs import Lab
from helpers.runtime import services

ASSIGNMENT = "lab1-module"
#: What the steps of publication need, and these themselves.
FILES = ("interface", "contract", "build", "docs", "version", "breaking")
STEPS = ("keys", "sign", "publish", "consume", "upgrade")
#: Cells of Lab 1 that sign and publish, as a grader runs them again.
CELLS = {"06-publish": ("keys-make", "sign-make", "publish-make"), "07-consume": ("release-right",)}
RUN = """
import json, sys, traceback
from helpers import Lab, services
names = {"lab": Lab("lab1")}
for text in json.loads(sys.argv[1]):
    try:
        exec(text, names)
    except Exception as error:
        print(type(error).__name__, str(error).splitlines()[0])
services.stop("all")
"""
JUDGE = """
import json, sys
from grading import claims
claims.offer()
from helpers import Lab, services
lab = Lab("lab1")
results = [lab.result(step) for step in json.loads(sys.argv[1])]
print(json.dumps({one.step: [one.passed, one.reason] for one in results}))
services.stop("all")
"""


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, bool]]]:
    """A submission whose steps of publication were earned at home, and what they earned."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        lab = Lab("lab1", work=home / ASSIGNMENT / "work")
        for step in (*FILES, "keys", "sign", "publish", "consume"):
            lab.solve(step)
        breaking = {**publish.PROJECT, **publish.renamed(lab)}
        publish.release(lab, "1.1.0", "Book costs on a project.", publish.PROJECT)
        publish.release(lab, "2.0.0", "Rename the output bucket to bucket_name.", breaking)
        lab.solve("upgrade")
        earned = {step: lab.result(step).passed for step in STEPS}
        carry(home / ASSIGNMENT)
        services.stop("all")
    yield home / ASSIGNMENT, earned


def judged(submission: Path, room: Path) -> tuple[str, dict[str, list[object]]]:
    """Return what the cells say that are run again, and what the judge says of each step."""
    directory = room / "autograded" / "ada" / ASSIGNMENT
    shutil.copytree(submission, directory)
    (directory / ".state").mkdir()
    box = Box(directory, room / "submitted" / "ada" / ASSIGNMENT)
    box.fill()
    cells = {one.id: one.source for name in CELLS for one in _cells(name)}
    texts = [cells[one] for ones in CELLS.values() for one in ones]
    with box.learners(Limits(wall=300)) as place:
        ran = place.sandbox.run([sys.executable, "-c", RUN, json.dumps(texts)], cwd=place.cwd)
    box.empty()
    with box.judges(Limits(wall=600)) as place:
        said = place.sandbox.run([sys.executable, "-c", JUDGE, json.dumps(STEPS)], cwd=place.cwd)
    assert said.returncode == 0, said.stderr
    return ran.stdout + ran.stderr, json.loads(said.stdout.splitlines()[-1])


def _cells(name: str) -> list[nbformat.NotebookNode]:
    return list(nbformat.read(ROOT / "source" / ASSIGNMENT / f"{name}.ipynb", 4).cells)


def test_what_was_earned_at_home_is_earned_with_the_judge(
    handed_in: tuple[Path, dict[str, bool]], tmp_path: Path
) -> None:
    submission, earned = handed_in
    said, found = judged(submission, tmp_path)
    assert earned == dict.fromkeys(STEPS, True)
    assert {step: passed for step, (passed, _) in found.items()} == earned, (found, said)
    assert "CosignError" in said, "without the password nothing is signed again"
    assert "2.0.0 is there already" in said
