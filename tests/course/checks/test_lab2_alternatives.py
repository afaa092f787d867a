"""Lab 2: right solutions in other styles pass check and hidden test; wrong ones that look right do not.

These are the steps that files alone decide; the others are in ``test_lab2_live_alternatives.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from grading.hidden import lab2_repository as hidden
from helpers.course.delivery import ENVIRONMENTS
from helpers.course.labs import Lab, _cells
from tests.course import alternatives
from tests.course.alternatives import Alternative

RELEASE = f"""apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
  - name: inference
    newName: images.acme.test/vision/inference
    digest: sha256:{"a" * 64}
"""


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the files of these steps, and an image pinned as the lab does it; no service runs."""
    lab = Lab("lab2", work=tmp_path_factory.mktemp("alternatives") / "work")
    for step in alternatives.OF_FILES:
        for cell in _cells.solution_cells(lab.spec, lab.spec.step(step)):
            if cell.path:
                lab.write(cell.path, cell.body)
    for environment in ENVIRONMENTS:
        lab.write(f"platform/apps/inference/overlays/{environment}/release/kustomization.yaml", RELEASE)
    return lab.work


@pytest.mark.parametrize("one", alternatives.chosen("lab2", alternatives.OF_FILES))
def test_a_right_one_passes_and_a_wrong_one_does_not(solved: Path, one: Alternative, tmp_path: Path) -> None:
    shutil.copytree(solved, tmp_path / "work")
    alternatives.judge(Lab("lab2", work=tmp_path / "work"), one)


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
