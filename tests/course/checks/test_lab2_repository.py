"""Checks of notebook 01 of Lab 2: mistakes that learners make, and what they are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grading.hidden import lab2_repository as hidden
from grading.hidden.lab1_module import HiddenTestFailed
from helpers.course.labs import Lab

INFERENCE = "platform/apps/inference"
DEPLOYMENT, KUSTOMIZATION = "base/deployment.yaml", "base/kustomization.yaml"
STAGING, PROD = "overlays/staging/kustomization.yaml", "overlays/prod/kustomization.yaml"


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("solved") / "work"
    lab = Lab("lab2", work=work)
    for step in ("base", "overlays"):
        lab.solve(step)
    return work


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab2", work=tmp_path / "work")


def change(lab: Lab, file: str, old: str, new: str) -> None:
    path = f"{INFERENCE}/{file}"
    text = lab.read(path)
    assert old in text
    lab.path(path).write_text(text.replace(old, new, 1))


#: step, file, text, what a learner writes instead, what the reason must say
MISTAKES = [
    ("base", DEPLOYMENT, "image: inference", "image: inference:latest", "the base only has the stand-in"),
    ("base", DEPLOYMENT, "Seconds: 15", "Seconds: 600", "progressDeadlineSeconds is 600, not 15"),
    ("base", DEPLOYMENT, "maxSurge: 0", "maxSurge: 1", "a surge asks for a GPU that is not available"),
    ("base", DEPLOYMENT, "path: /readyz", "path: /healthz", "readinessProbe does not ask /readyz"),
    ("base", DEPLOYMENT, "failureThreshold: 60", "failureThreshold: 3", "it gives up after 15 s"),
    ("base", DEPLOYMENT, "nvidia.com/gpu: 1\n            limits", "x: 1\n            limits", "requests of nvidia"),
    ("base", DEPLOYMENT, "memory: 4Gi", "memory: 1Gi", "the limit of memory is 1Gi, not 4Gi"),
    ("base", DEPLOYMENT, "kind: Deployment", "kind: Deployment:", "this is not valid YAML"),
    ("base", KUSTOMIZATION, "  - service.yaml\n", "", "renders to no Service 'inference'"),
    ("base", KUSTOMIZATION, "  - service.yaml", "  - services.yaml", "services.yaml, which is not there"),
    ("base", KUSTOMIZATION, "includeTemplates: true", "includeTemplates: false", "of its pods is None, not 'vision'"),
    ("base", KUSTOMIZATION, "includeTemplates: true", "includeSelectors: true", "a selector can never be changed"),
    ("base", KUSTOMIZATION, "kind: Kustomization", "kind: Kustomization\nnamespace: dev", "the overlay says where"),
    ("overlays", STAGING, "namespace: inference-staging", "namespace: inference-prod", "not inference-staging"),
    ("overlays", STAGING, "environment: staging", "environment: dev", "is 'dev', not 'staging'"),
    ("overlays", STAGING, "  - release", "  - ../dev/release", "components does not list release"),
    ("overlays", PROD, "count: 3", "count: 1", "prod has 1 replicas; agreed are 3 to 8"),
    ("overlays", PROD, "patches:\n  - path: resources.yaml\n", "", "prod has requests of memory 2Gi, not 8Gi"),
    ("overlays", PROD, "  - disruption-budget.yaml\n", "", "renders to no PodDisruptionBudget"),
]


@pytest.mark.parametrize(("step", "file", "old", "new", "reason"), MISTAKES)
def test_a_mistake_is_refused_with_its_place(lab: Lab, step: str, file: str, old: str, new: str, reason: str) -> None:
    change(lab, file, old, new)
    result = lab.result(step)
    assert not result.passed
    assert reason in result.reason, result.reason
    assert "platform/apps/inference" in result.reason
    assert "Traceback" not in result.reason


def test_all_mistakes_are_told_at_once_each_with_its_hints(lab: Lab) -> None:
    change(lab, DEPLOYMENT, "Seconds: 15", "Seconds: 600")
    change(lab, DEPLOYMENT, "memory: 4Gi", "memory: 1Gi")
    change(lab, KUSTOMIZATION, "includeTemplates: true", "includeTemplates: false")
    result = lab.result("base")
    for said in ("progressDeadlineSeconds is 600", "the limit of memory is 1Gi", "label owner of its pods is None"):
        assert said in result.reason, result.reason
    about = {reason: hints for hints, reasons in result.due for reason in reasons}
    assert len(set(about.values())) == 3, "the rollout, the container and the labels have hints of their own"
    change(lab, STAGING, "count: 2", "count: 1")
    change(lab, PROD, "count: 3", "count: 1")
    both = lab.result("overlays").reason
    assert "staging has 1 replicas" in both and "prod has 1 replicas" in both, both


@pytest.mark.parametrize("step", ["base", "overlays"])
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    assert lab.result(step).passed, lab.result(step).reason
    getattr(hidden, step)(lab)


def test_a_tag_and_a_malformed_release_are_refused_before_anything_starts(lab: Lab) -> None:
    assert "named by a tag, latest" in lab.result("pinned").reason
    change(lab, "overlays/dev/release/kustomization.yaml", "kind: Component", "kind: Kustomization")
    assert "kind is not Component" in lab.result("pinned").reason


def test_hidden_tests_see_a_pod_that_may_run_as_root(lab: Lab) -> None:
    change(lab, DEPLOYMENT, "runAsNonRoot: true", "runAsNonRoot: false")
    assert lab.result("base").passed
    with pytest.raises(HiddenTestFailed):
        hidden.base(lab)


def test_hidden_tests_see_an_overlay_that_repeats_the_base(lab: Lab) -> None:
    probe = "          readinessProbe:\n            httpGet: {path: /readyz, port: http}\n"
    change(lab, "overlays/prod/resources.yaml", "- name: server\n", f"- name: server\n{probe}")
    assert lab.result("overlays").passed, lab.result("overlays").reason
    with pytest.raises(HiddenTestFailed):
        hidden.overlays(lab)
