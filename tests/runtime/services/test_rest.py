"""A cluster whose API server is gone: the set-up of a service says so, without a traceback of the HTTP library."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.runtime.services import NotReady
from helpers.runtime.services.control_plane.access import write_kubeconfig
from helpers.runtime.services.control_plane.rest import Rest, answers


@pytest.fixture
def nobody(tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig for a port that is held, so that no other program takes it, and not listened on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield write_kubeconfig(tmp_path, f"https://127.0.0.1:{held.getsockname()[1]}", "admin")


def test_an_api_server_that_is_gone_is_named_with_the_next_step(nobody: Path) -> None:
    assert not answers(nobody, "/readyz")
    with Rest(nobody) as api, pytest.raises(NotReady, match="does not answer") as refused:
        api.apply("/api/v1/namespaces/argocd", {})
    assert refused.value.next == "course services logs kubernetes"
