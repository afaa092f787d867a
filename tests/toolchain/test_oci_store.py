"""The store of the OCI registry: vet, and the socket as it is made."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from helpers.core import process
from helpers.core.paths import TOOLCHAIN
from helpers.runtime import tools
from tests.toolchain.conftest import go
from tests.waits import until


@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("go")
def test_vet_is_content() -> None:
    vetted = go(TOOLCHAIN / "oci-store", "vet", "./...")
    assert vetted.returncode == 0, vetted.stderr[-4000:]


def test_its_socket_is_its_owners_even_where_everybody_may_write() -> None:
    before = os.umask(0)
    try:
        with tempfile.TemporaryDirectory() as aside:
            path = Path(aside) / "store.sock"
            path.write_text("left by a killed one")
            argv = [tools.ensure("oci-store").path, "-socket", path, "-disk", aside]
            with process.start(argv):
                until(lambda: path.is_socket())
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
                with socket.socket(socket.AF_UNIX) as client:
                    until(lambda: client.connect_ex(str(path)) == 0)
                    client.sendall(b"GET /v2/ HTTP/1.0\r\n\r\n")
                    assert client.recv(64).startswith(b"HTTP/1.0 200")
    finally:
        os.umask(before)


def test_wrong_use_is_told() -> None:
    assert process.run([tools.ensure("oci-store").path, "-disk", "x"]).returncode == 2
