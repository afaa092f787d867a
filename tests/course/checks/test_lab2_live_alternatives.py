"""Lab 2: other solutions of the steps that Argo CD, the forge, the cluster and the vault judge, notebook by notebook.

Those that files alone decide are in ``test_lab2_alternatives.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

import pytest

from helpers.course import outline
from helpers.course.delivery import Platform
from helpers.course.labs import Lab
from tests.course import alternatives
from tests.course.alternatives import Alternative, acts
from tests.worlds import LabWorld

pytestmark = pytest.mark.timeout(1800)
NOTEBOOKS: dict[str, list[str]] = {}
for _step in outline.lab("lab2").steps:
    NOTEBOOKS.setdefault(_step.notebook[:2], []).append(_step.id)


def live(notebook: str) -> list[str]:
    """Return the steps of a notebook that have alternatives which files alone do not decide."""
    steps = [step for step in NOTEBOOKS[notebook] if step not in alternatives.OF_FILES]
    return [step for step in steps if alternatives.of("lab2", step).wrong]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "one" in metafunc.fixturenames:
        metafunc.parametrize("one", alternatives.chosen("lab2", live(metafunc.cls.notebook)))


class OfNotebook:
    """The alternatives of one notebook's steps, tried when the shared world has solved all of them."""

    notebook: ClassVar[str]

    def test_a_right_one_passes_and_a_wrong_one_does_not(
        self, lab2: LabWorld, one: Alternative, tmp_path: Path
    ) -> None:
        work = lab2.upto(NOTEBOOKS[self.notebook][-1])
        shutil.copytree(work, tmp_path / "work", symlinks=True)
        try:
            with acts.put_back(Platform(lab2.lab)):
                alternatives.judge(Lab("lab2", work=tmp_path / "work"), one)
        finally:
            if back := alternatives.of("lab2", one.step).back:
                alternatives.act(lab2.lab, back)


class TestRepository(OfNotebook):
    notebook = "01"


class TestApps(OfNotebook):
    notebook = "02"


class TestGates(OfNotebook):
    notebook = "03"


class TestDrift(OfNotebook):
    notebook = "05"


class TestSecrets(OfNotebook):
    notebook = "06"


def test_each_notebook_is_tried() -> None:
    assert {each.notebook for each in OfNotebook.__subclasses__()} == {name for name in NOTEBOOKS if live(name)}
