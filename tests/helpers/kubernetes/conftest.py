"""A real control plane for each module of this room, and what many of its tests apply."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from helpers.kubernetes import Cluster
from tests.helpers.kubernetes.manifests import deployment as manifest
from tests.helpers.kubernetes.manifests import namespace

_number = itertools.count(1)


@pytest.fixture(scope="module")
def cluster(isolated: None) -> Cluster:
    """The cluster as its administrator; `isolated` stops the service afterwards."""
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
