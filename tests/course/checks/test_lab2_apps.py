"""Checks of notebook 02 of Lab 2: mistakes that learners make in the fence, the root and the quota."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grading.hidden import lab2_apps as hidden
from helpers.course.labs import Lab
from tests.worlds import LabWorld

VISION, ROOT_APP = "projects/vision.yaml", "clusters/root/application.yaml"
PLATFORM, INFERENCE = "clusters/apps/platform.yaml", "clusters/apps/inference.yaml"
QUOTA, RBAC, TENANT = "tenants/base/quota.yaml", "tenants/base/rbac.yaml", "tenants/base/kustomization.yaml"
STEPS = ("project", "root", "tenants")


@pytest.fixture(scope="module")
def solved(lab2: LabWorld) -> Path:
    """The workspace of the shared world, solved up to the end of the notebook."""
    return lab2.upto("tenants")


@pytest.fixture
def lab(solved: Path, tmp_path: Path) -> Lab:
    shutil.copytree(solved, tmp_path / "work")
    return Lab("lab2", work=tmp_path / "work")


#: step, file, text, what a learner writes instead, what the reason must say
MISTAKES = [
    ("project", VISION, "namespace: inference-dev", "namespace: inference-*", "inference-* is a pattern"),
    ("project", VISION, "namespace: inference-dev", "namespace: default", "inference-dev is not among the destin"),
    ("project", VISION, "https://kubernetes.default.svc", "https://other.acme.test", "the server is https://other"),
    ("project", VISION, "Whitelist: []", 'Whitelist: [{group: "*", kind: "*"}]', "* reaches beyond a namespace"),
    ("project", VISION, "kind: ResourceQuota", "kind: Secret", "may change its own limits: ResourceQuota is free"),
    ("project", VISION, "spec:", "spec::", "has no spec"),
    ("root", ROOT_APP, "path: clusters/apps", "path: clusters", "path of root is clusters, not clusters/apps"),
    ("root", ROOT_APP, "project: platform", "project: default", "project of root is default, not platform"),
    ("root", ROOT_APP, "      selfHeal: true\n", "", "root has no selfHeal: true"),
    ("root", INFERENCE, "name: inference-staging", "name: staging", "Application inference-staging is missing"),
    ("root", INFERENCE, "project: vision", "project: platform", "project of inference-dev is platform, not vision"),
    ("root", INFERENCE, "overlays/prod", "overlays/dev", "path of inference-prod is apps/inference/overlays/dev"),
    ("root", PLATFORM, 'sync-wave: "-2"', 'sync-wave: "1"', "tenants (wave 1) does not come before"),
    ("tenants", QUOTA, "requests.nvidia.com/gpu", "limits.nvidia.com/gpu", "requests.nvidia.com/gpu is not counted"),
    ("tenants", TENANT, "  - quota.yaml\n", "", "gets no ResourceQuota; is its file listed?"),
    ("tenants", TENANT, "  - rbac.yaml\n", "", "gets no Role"),
    ("tenants", RBAC, "kind: RoleBinding", "kind: ClusterRoleBinding", "RoleBinding"),
    ("tenants", "tenants/vision/prod/kustomization.yaml", '"8"', '"80"', "has a quota of 80 GPUs, not 8"),
]


@pytest.mark.parametrize(("step", "file", "old", "new", "reason"), MISTAKES)
def test_a_mistake_is_refused_with_its_place(lab: Lab, step: str, file: str, old: str, new: str, reason: str) -> None:
    path = f"platform/{file}"
    text = lab.read(path)
    assert old in text
    lab.path(path).write_text(text.replace(old, new, 1))
    result = lab.result(step)
    assert not result.passed
    assert reason in result.reason, result.reason
    assert "platform/" in result.reason
    assert "Traceback" not in result.reason


def test_production_that_syncs_by_itself_is_refused(lab: Lab) -> None:
    path = f"platform/{INFERENCE}"
    before, marker, prod = lab.read(path).rpartition("  syncPolicy:\n")
    lab.path(path).write_text(before + marker + "    automated: {prune: true, selfHeal: true}\n" + prod)
    result = lab.result("root")
    assert not result.passed
    assert "inference-prod syncs by itself" in result.reason


@pytest.mark.parametrize("step", STEPS)
def test_the_solution_passes_visible_and_hidden_tests(lab: Lab, step: str) -> None:
    assert lab.result(step).passed, lab.result(step).reason
    getattr(hidden, step)(lab)
