"""The OCI registry keeps blobs, manifests and tags over a kill of either of its processes."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from helpers import _process, services, tools
from tests.services.conftest import kill


def crane(*args: str) -> str:
    done = _process.run([tools.ensure("crane").path, *args], timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def layer(path: Path, content: bytes) -> Path:
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("policy")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return path


def look(host: str) -> str:
    tags = crane("ls", f"{host}/acme/policy")
    digests = [crane("digest", f"{host}/acme/{name}") for name in ("policy:v1", "policy:latest", "index:1")]
    # The registry lists repositories in any order.
    return json.dumps([tags, digests, sorted(crane("catalog", host).split())])


@pytest.mark.parametrize("victim", ["store", "front"])
def test_kill_loses_nothing(state: Path, tmp_path: Path, victim: str) -> None:
    host = services.start("oci").url.removeprefix("http://")
    image = f"{host}/acme/policy:v1"
    crane("append", "-f", str(layer(tmp_path / "a.tar", os.urandom(3_000_000))), "-t", image)
    first = crane("digest", image).strip()
    crane("tag", image, "latest")
    crane("append", "-b", image, "-f", str(layer(tmp_path / "b.tar", b"more")), "-t", image)
    crane("index", "append", "-m", image, "-t", f"{host}/acme/index:1")
    before = look(host)
    processes = json.loads((state / "services/oci/service.json").read_text())["processes"]
    kill(next(p["pid"] for p in processes if p["name"] == victim))
    assert services.ensure("oci").url == f"http://{host}"
    assert look(host) == before
    # A tag moved away from it, yet it can still be had by digest.
    assert crane("manifest", f"{host}/acme/policy@{first}")
    crane("validate", "--remote", image)
    crane("delete", f"{host}/acme/policy:latest")
    services.restart("oci")
    assert crane("ls", f"{host}/acme/policy").split() == ["v1"]
