"""Lab 2, notebook 01: right solutions in other styles and wrong ones that look right, for check and hidden test."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from grading.hidden import lab2_repository as hidden
from grading.hidden.lab1_module import HiddenTestFailed
from helpers.course.labs import Lab

INFERENCE = "platform/apps/inference"
DEPLOYMENT, KUSTOMIZATION = "base/deployment.yaml", "base/kustomization.yaml"
STAGING, PROD, BUDGET = (
    "overlays/staging/kustomization.yaml",
    "overlays/prod/kustomization.yaml",
    "overlays/prod/disruption-budget.yaml",
)
NAME = "app.kubernetes.io/name: inference"
Changes = list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("alternatives") / "work"
    lab = Lab("lab2", work=work)
    for step in ("base", "overlays"):
        lab.solve(step)
    return work


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab2", work=tmp_path / "work")


def written(lab: Lab, changes: Changes) -> None:
    for file, old, new in changes:
        path = f"{INFERENCE}/{file}"
        text = lab.read(path)
        assert old in text
        lab.write(path, text.replace(old, new, 1))


POD_LEVEL = "        runAsNonRoot: true\n"
OWN = "          securityContext:\n            allowPrivilegeEscalation: false\n"
ENV_FROM = "          envFrom:\n            - configMapRef:\n                name: inference-model\n"
ONE_KEY = """          env:
            - name: MODEL_NAME
              valueFrom:
                configMapKeyRef: {name: inference-model, key: MODEL_NAME}
"""
INLINE = """patches:
  - target: {kind: Deployment}
    patch: |-
      - {op: add, path: /spec/template/spec/containers/0/resources/requests/memory, value: 8192Mi}
      - {op: add, path: /spec/template/spec/containers/0/resources/requests/cpu, value: 2000m}
      - {op: add, path: /spec/template/spec/containers/0/resources/limits/memory, value: 16Gi}
"""

RIGHT: dict[str, tuple[str, Changes]] = {
    "base: the container itself says that it never runs as root": (
        "base",
        [(DEPLOYMENT, POD_LEVEL, ""), (DEPLOYMENT, OWN, f"{OWN}            runAsNonRoot: true\n")],
    ),
    "base: one key of the ConfigMap": ("base", [(DEPLOYMENT, ENV_FROM, ONE_KEY)]),
    "base: other units, other patience": (
        "base",
        [
            (DEPLOYMENT, "cpu: 500m", "cpu: 0.5"),
            (DEPLOYMENT, "memory: 2Gi", "memory: 2048Mi"),
            (DEPLOYMENT, "failureThreshold: 60\n            periodSeconds: 5", "failureThreshold: 30"),
        ],
    ),
    "overlays: paths with a dot and a slash, a word of the base in a comment": (
        "overlays",
        [
            (STAGING, "  - ../../base\n", "  - ../../base/ # readinessProbe and kind: Service stay there\n"),
            (STAGING, "  - release\n", "  - ./release\n"),
        ],
    ),
    "overlays: the resources of prod by an inline patch in other units": (
        "overlays",
        [(PROD, "patches:\n  - path: resources.yaml\n", INLINE)],
    ),
    "overlays: a budget that selects by an expression and by the environment": (
        "overlays",
        [
            (
                BUDGET,
                f"    matchLabels:\n      {NAME}\n",
                "    matchLabels: {environment: prod}\n    matchExpressions:\n"
                "      - {key: app.kubernetes.io/name, operator: In, values: [inference]}\n",
            )
        ],
    ),
}

WRONG: dict[str, tuple[str, Changes]] = {
    "base: the container takes back what its pod says": (
        "base",
        [(DEPLOYMENT, OWN, f"{OWN}            runAsNonRoot: false\n")],
    ),
    "base: never root, as user 0": ("base", [(DEPLOYMENT, "runAsUser: 10001", "runAsUser: 0")]),
    "base: a ConfigMap whose name stays": (
        "base",
        [
            (KUSTOMIZATION, "resources:\n", "generatorOptions: {disableNameSuffixHash: true}\nresources:\n"),
            # A version by hand looks like a name that changes.
            (KUSTOMIZATION, "name: inference-model", "name: inference-model-v1"),
            (DEPLOYMENT, "name: inference-model", "name: inference-model-v1"),
        ],
    ),
    "overlays: the probe again, in an inline patch": (
        "overlays",
        [
            (
                STAGING,
                "components:\n",
                "patches:\n  - target: {kind: Deployment}\n    patch: |-\n      apiVersion: apps/v1\n"
                "      kind: Deployment\n      metadata: {name: inference}\n      spec:\n        template:\n"
                "          spec:\n            containers:\n              - name: server\n"
                "                readinessProbe: {httpGet: {path: /readyz, port: http}}\ncomponents:\n",
            )
        ],
    ),
    "overlays: a budget for another service": ("overlays", [(BUDGET, NAME, "app.kubernetes.io/name: gateway")]),
    "overlays: a budget for everything of the team": ("overlays", [(BUDGET, f"      {NAME}", "      owner: vision")]),
}


def hidden_test(lab: Lab, step: str) -> None:
    getattr(hidden, step)(lab)


@pytest.mark.parametrize("name", RIGHT)
def test_right_in_another_style(lab: Lab, name: str) -> None:
    step, changes = RIGHT[name]
    written(lab, changes)
    assert lab.result(step).passed, lab.result(step).reason
    hidden_test(lab, step)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_though_it_looks_right(lab: Lab, name: str) -> None:
    step, changes = WRONG[name]
    written(lab, changes)
    result = lab.result(step)
    assert "Traceback" not in result.reason
    if result.passed:
        with pytest.raises(HiddenTestFailed):
            hidden_test(lab, step)


@pytest.mark.parametrize(
    ("selector", "chosen"),
    [
        ({}, True),
        ({"matchLabels": {"a": "1"}}, True),
        ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["2"]}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["2"]}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Equals", "values": ["1"]}]}, False),
    ],
)
def test_a_selector_chooses_as_kubernetes_says(selector: dict[str, Any], chosen: bool) -> None:
    assert hidden.selects(selector, {"a": "1"}) is chosen


def test_both_steps_have_three_of_each() -> None:
    for solutions in (RIGHT, WRONG):
        assert sorted(step for step, _ in solutions.values()) == ["base"] * 3 + ["overlays"] * 3
