"""A real Argo CD on a real Kubernetes API, shared by the modules here, and a Git repository for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.clients.argocd import ArgoCD
from tests.clients.argocd.argo_world import World as ArgoWorld
from tests.worlds import World

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def argo(shared: World) -> ArgoCD:
    return ArgoCD()


@pytest.fixture
def world(argo: ArgoCD, tmp_path: Path) -> ArgoWorld:
    return ArgoWorld(argo, tmp_path / "repository", f"shop-{next(_numbers)}")


@pytest.fixture(scope="module")
def cluster(argo: ArgoCD) -> Iterator[Any]:
    """The Kubernetes API itself, as its administrator: what a person who goes around Git uses."""
    from kubernetes import client, config

    from helpers.runtime.services.control_plane import kubeconfig

    with config.new_client_from_config(str(kubeconfig())) as api:
        yield client.AppsV1Api(api)
