"""A real Argo CD on a real Kubernetes API, and a Git repository for each test."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from argo_world import World

from helpers import services
from helpers.argocd import ArgoCD

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def argo(isolated: None) -> Iterator[ArgoCD]:
    # GnuPG, which Argo CD runs, cannot work in a folder whose path is as long as pytest's.
    with tempfile.TemporaryDirectory(prefix="argo-") as room, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", room)
        yield ArgoCD()
        services.stop()


@pytest.fixture
def world(argo: ArgoCD, tmp_path: Path) -> World:
    return World(argo, tmp_path / "repository", f"shop-{next(_numbers)}")


@pytest.fixture(scope="module")
def cluster(argo: ArgoCD) -> Iterator[Any]:
    """The Kubernetes API itself, as its administrator: what a person who goes around Git uses."""
    from kubernetes import client, config

    from helpers.services.control_plane import kubeconfig

    with config.new_client_from_config(str(kubeconfig())) as api:
        yield client.AppsV1Api(api)
