"""Notebook 05 of Lab 2 with the mistakes learners make: each gets a reason that names what is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grading.hidden import lab2_drift as hidden
from helpers.course.checks.lab2_drift import DECISIONS, JOB, ROOT
from helpers.course.delivery import Platform
from helpers.course.labs import Lab
from tests.worlds import LabWorld


@pytest.fixture(scope="module")
def solved(lab2: LabWorld) -> Platform:
    """The shared world, in which the step drift is solved."""
    lab2.upto("drift")
    return Platform(lab2.lab).open()


@pytest.fixture
def kept(solved: Platform) -> Iterator[Lab]:
    """The solved workspace, its decisions as they were afterwards."""
    file = solved.lab.path(f"{ROOT}/{DECISIONS}")
    text = file.read_text()
    yield solved.lab
    file.write_text(text)


def mistake(lab: Lab, file: str, old: str, new: str) -> None:
    text = lab.read(f"{ROOT}/{file}")
    assert old in text
    lab.path(f"{ROOT}/{file}").write_text(text.replace(old, new, 1))


def said(lab: Lab, step: str) -> str:
    result = lab.result(step)
    assert not result.passed
    return result.reason


def test_the_solution_passes_the_hidden_tests_too(solved: Platform) -> None:
    result = solved.lab.result("drift")
    assert result.passed, result.reason
    hidden.drift(solved.lab)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("decision: adopt", "decision: heal", "wrong way round: the load needs the replicas"),
        ("decision: heal", "decision: adopt", "wrong way round: nobody approved that model"),
        ("decision: heal", "decision: ignore", "'ignore' is neither heal nor adopt"),
        ("ConfigMap/inference-model", "ConfigMap/other", "decides nothing about ConfigMap/inference-model"),
        ("  value: 4\n", "  value: four\n", "value is not a number of replicas"),
        ("  field: spec.replicas\n", "", "field is not spec.replicas"),
        ("The load of the night has stayed; with three replicas requests time out.", "load", "is not a sentence"),
        ("- resource: Deployment", "resource: [", "this is not valid YAML"),
        ("  value: 4\n", "  value: 5\n", "main says 4 replicas for prod"),
    ],
)
def test_decisions_that_production_cannot_live_with(kept: Lab, old: str, new: str, reason: str) -> None:
    mistake(kept, DECISIONS, old, new)
    assert reason in said(kept, "drift")


def test_production_left_as_it_drifted_is_not_healed(solved: Platform) -> None:
    solved.cluster.scale("Deployment", "inference", 5, namespace="inference-prod")
    assert "calls inference-prod OutOfSync (Deployment/inference)" in said(solved.lab, "drift")
    solved.argocd.sync("inference-prod")


@contextlib.contextmanager
def otherwise(world: Platform, spec: dict[str, Any], back: dict[str, Any]) -> Iterator[None]:
    """Make production's Application another one for a while; the root, which would put its own back, has to wait."""

    def patch(name: str, spec: dict[str, Any]) -> None:
        world.cluster.patch("Application", name, {"spec": spec}, namespace="argocd", type="merge")

    patch("root", {"syncPolicy": {"automated": None}})
    patch("inference-prod", spec)
    try:
        yield
    finally:
        patch("inference-prod", back)
        patch("root", {"syncPolicy": {"automated": {"prune": True, "selfHeal": True}}})
        world.argocd.application("inference-prod", refresh="normal")


def test_production_that_heals_itself_leaves_nobody_to_decide(solved: Platform) -> None:
    healing = {"syncPolicy": {"automated": {"selfHeal": True}}}
    with otherwise(solved, healing, {"syncPolicy": {"automated": None}}):
        assert "In prod a person decides" in said(solved.lab, "drift")


def test_production_that_ignores_a_difference_sees_half_of_it(solved: Platform) -> None:
    ignored = {"kind": "ConfigMap", "jsonPointers": ["/data"]}
    with otherwise(solved, {"ignoreDifferences": [ignored]}, {"ignoreDifferences": None}):
        assert "not seen in ConfigMap: does inference-prod ignore differences?" in said(solved.lab, "drift")


@pytest.fixture
def lab(lab2: LabWorld, tmp_path: Path) -> Lab:
    """A workspace with the drift job solved."""
    made = Lab("lab2", work=tmp_path / "work")
    made.solve("terraform-drift")
    return made


def test_the_job_answers_the_hidden_stacks_too(lab: Lab) -> None:
    result = lab.result("terraform-drift")
    assert result.passed, result.reason
    hidden.terraform_drift(lab)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            '        return "unknown", error.diagnostics()',
            '        return "in-sync", error.diagnostics()',
            "a stack that is 'could not tell' while the cloud is down is reported as 'in sync'",
        ),
        ("except CourseError as error", "except KeyError as error", "crashes: "),
        ('if not answers or "unknown" in answers:', 'if "unknown" in answers:', "with 'nothing to look at' it ends"),
        ('return 2 if "drifted" in answers else 0', "return 0", "it ends with exit code 0 (in sync), not 2"),
        ('return 2 if "drifted" in answers else 0', 'return int("drifted" in answers)', "crashes"),
        ("return drift.status, ", 'return drift.status.replace("unknown", "in-sync"), ', "could not tell"),
    ],
)
def test_mistakes_of_the_job(lab: Lab, old: str, new: str, reason: str) -> None:
    mistake(lab, JOB, old, new)
    assert reason in said(lab, "terraform-drift")
