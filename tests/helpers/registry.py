"""A real OCI registry on loopback for tests: starts, waits until it answers, ends with the block."""

from __future__ import annotations

import contextlib
import socket
import time
import urllib.request
from collections.abc import Iterator

from helpers import _process, tools


@contextlib.contextmanager
def registry() -> Iterator[str]:
    """Yield ``127.0.0.1:PORT`` of a fresh registry."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with _process.start([tools.ensure("crane").path, "registry", "serve", "--address", address]):
        for _ in range(100):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/v2/"):
                break
            time.sleep(0.05)
        yield address
