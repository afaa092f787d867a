"""The story's GitOps repository as the files of a learner of Lab 2, for tests that need a whole world."""

from __future__ import annotations

import shutil
from pathlib import Path

from helpers.core.paths import IAC
from helpers.course.delivery import ENVIRONMENTS, Platform

RELEASE = """apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
images:
  - name: inference
    newName: {name}
    digest: {digest}
"""


def write(platform: Platform, version: str = "1.0.0") -> Path:
    """Write apps, projects, tenants and clusters into the workspace; every environment runs *version*."""
    target = platform.lab.path("platform")
    for folder in ("apps", "projects", "tenants", "clusters"):
        shutil.copytree(IAC / "gitops" / folder, target / folder)
    shutil.rmtree(target / "clusters" / "repository")
    name, _, digest = platform.image(version).partition("@")
    for environment in ENVIRONMENTS:
        file = target / f"apps/inference/overlays/{environment}/kustomization.yaml"
        text = file.read_text()
        file.write_text(text[: text.index("images:")] + "components:\n  - release\n")
        (file.parent / "release").mkdir()
        (file.parent / "release" / "kustomization.yaml").write_text(RELEASE.format(name=name, digest=digest))
    _edit(
        target / "apps/inference/base/deployment.yaml",
        "  replicas: 1\n",
        "  replicas: 1\n  progressDeadlineSeconds: 15\n",
    )
    _without(target / "clusters/apps/platform.yaml", "name: admission")
    return target


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, file
    file.write_text(text.replace(old, new))


def _without(file: Path, mark: str) -> None:
    file.write_text("---\n".join(part for part in file.read_text().split("---\n") if mark not in part))
