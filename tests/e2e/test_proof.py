"""Both ways: each graded step's starter fails with the intended message, its solution passes: `course prove`."""

from __future__ import annotations

import pytest

from helpers.course import outline
from helpers.course.labs import proof
from tests import worlds

pytestmark = pytest.mark.e2e


class Both:
    """The steps of one lab, walked once; a class for each lab, so that labs go to different workers."""

    lab: str

    @pytest.fixture(scope="class")
    @classmethod
    def proofs(cls) -> dict[str, proof.Proof]:
        return {found.step: found for found in proof.prove(outline.lab(cls.lab))}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "step" in metafunc.fixturenames:
        metafunc.parametrize("step", [step.id for step in outline.lab(metafunc.cls.lab).steps])


class TestLab1(Both):
    lab = "lab1"

    def test_starter_fails_and_solution_passes(self, proofs: dict[str, proof.Proof], step: str) -> None:
        assert proofs[step].proved, proofs[step].problem


class TestLab2(Both):
    """In the world that the tests of its checks share: they walk it on the way."""

    lab = "lab2"

    @pytest.fixture(scope="class")
    @classmethod
    def proofs(cls) -> dict[str, proof.Proof]:
        return worlds.lab_world(cls.lab).walked()

    def test_starter_fails_and_solution_passes(self, proofs: dict[str, proof.Proof], step: str) -> None:
        assert proofs[step].proved, proofs[step].problem


class TestLab3(Both):
    lab = "lab3"

    def test_starter_fails_and_solution_passes(self, proofs: dict[str, proof.Proof], step: str) -> None:
        assert proofs[step].proved, proofs[step].problem


class TestProject(Both):
    """In the world that the tests of its checks share."""

    lab = "project"

    @pytest.fixture(scope="class")
    @classmethod
    def proofs(cls) -> dict[str, proof.Proof]:
        return worlds.lab_world(cls.lab).walked()

    def test_starter_fails_and_solution_passes(self, proofs: dict[str, proof.Proof], step: str) -> None:
        assert proofs[step].proved, proofs[step].problem


def test_each_lab_is_proved_here() -> None:
    assert {both.lab for both in Both.__subclasses__()} == set(outline.labs())
