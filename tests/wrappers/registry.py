"""A real OCI registry on loopback for tests: starts, waits until it answers, ends with the block."""

from __future__ import annotations

import contextlib
import socket
import urllib.request
from collections.abc import Iterator

from helpers.core import process
from helpers.runtime import tools
from tests.waits import until


@contextlib.contextmanager
def registry() -> Iterator[str]:
    """Yield ``127.0.0.1:PORT`` of a fresh registry."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with process.start([tools.ensure("crane").path, "registry", "serve", "--address", address]):
        until(lambda: _answers(f"http://{address}/v2/"), "crane's registry does not answer")
        yield address


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url):
        return True
    return False
