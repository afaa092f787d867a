"""Lab 1: right solutions in other styles pass check and hidden test; wrong ones that look right do not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.course import outline
from helpers.course.labs import Lab
from tests.course import alternatives
from tests.course.alternatives import Alternative

pytestmark = pytest.mark.timeout(1800)
STEPS = [step.id for step in outline.lab("lab1").steps if alternatives.of("lab1", step.id).right]


@pytest.fixture(scope="module")
def solved(isolated: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Path]:
    """Give a workspace in which some steps are solved, made once; the services it needs are the module's."""
    made: dict[tuple[str, ...], Path] = {}

    def make(steps: tuple[str, ...]) -> Path:
        if steps not in made:
            work = tmp_path_factory.mktemp("alternatives") / "work"
            if steps[:-1] in made:
                shutil.copytree(made[steps[:-1]], work, symlinks=True)
            lab = Lab("lab1", work=work)
            for step in steps[-1:] if steps[:-1] in made else steps:
                lab.solve(step)
            made[steps] = work
        return made[steps]

    return make


@pytest.mark.parametrize("one", alternatives.chosen("lab1", STEPS))
def test_a_right_one_passes_and_a_wrong_one_does_not(
    solved: Callable[[tuple[str, ...]], Path], one: Alternative, tmp_path: Path
) -> None:
    steps = alternatives.of("lab1", one.step).solved
    shutil.copytree(solved(steps), tmp_path / "work", symlinks=True)
    alternatives.judge(Lab("lab1", work=tmp_path / "work"), one)
