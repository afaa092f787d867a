"""A real control plane, shared by the modules here, and what many of their tests apply."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from helpers.clients.kubernetes import Cluster
from tests.clients.kubernetes.manifests import deployment as manifest
from tests.clients.kubernetes.manifests import namespace
from tests.worlds import World

_number = itertools.count(1)


@pytest.fixture(scope="module")
def cluster(shared: World) -> Cluster:
    """The cluster as its administrator."""
    return Cluster()


@pytest.fixture
def room(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own."""
    words = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")
    # A namespace takes a while to go: each case has its own.
    name = f"{words[:40].strip('-')}-{next(_number)}"
    cluster.apply(namespace(name))
    yield name
    cluster.delete("Namespace", name, missing_ok=True)


@pytest.fixture
def deployment(room: str) -> Callable[..., dict[str, Any]]:
    """Makes manifests of a Deployment in the test's namespace."""
    return partial(manifest, room)
