"""A service that is killed in the middle of a lecture: running the cell again works."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from urllib.parse import urlsplit

import pytest

from helpers.clients.aws import cloud
from helpers.clients.registry import Registry, RegistryNotFound
from helpers.course import teaching
from helpers.runtime import services
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.errors import ModuleNotAvailable


def kill(name: str) -> None:
    service = services.ensure(name)
    assert service.pid
    os.kill(service.pid, signal.SIGKILL)
    # The kernel closes the sockets of a killed process a little later; a person is slower than that.
    port = urlsplit(service.url).port
    with contextlib.suppress(OSError):
        while True:
            socket.create_connection(("127.0.0.1", port or 0), timeout=1).close()
            time.sleep(0.02)


def test_the_cloud_is_killed() -> None:
    env = teaching.sandbox()
    root = teaching.material("unit1/platform", env)
    terraform = Terraform(root / "pool", env=env)
    terraform.init()
    terraform.apply(terraform.plan())
    kill("cloud")
    drift = terraform.drift()
    assert drift.status == "in-sync", drift.why
    kill("cloud")
    names = [bucket["Name"] for bucket in cloud.client("s3", teaching.SANDBOX).list_buckets()["Buckets"]]
    assert names == ["acme-u1-vision-checkpoints"]
    services.stop("cloud")
    assert terraform.drift().status == "unknown"
    services.start("cloud")
    teaching.clear(root, env)
    assert not root.exists()


def test_the_registry_is_killed() -> None:
    env = teaching.sandbox()
    root = teaching.material("unit1/registry", env)
    registry = Registry.local()
    assert teaching.unused_name(registry, "lecture", "artifact-store", "platform") == "artifact-store"
    kill("registry")
    # It answers again: there is no such module, which is another thing than no registry.
    with pytest.raises(ModuleNotAvailable, match=r"not found|404|could not be found"):
        Terraform(root / "consumer", env=env).init()
    kill("registry")
    with pytest.raises(RegistryNotFound):
        Registry.local().show("lecture/artifact-store/platform")
