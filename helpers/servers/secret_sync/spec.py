"""The service ``secret-sync``: brings secrets of the vault and of Secrets Manager into the cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from helpers.runtime.cloud_access import pinned
from helpers.runtime.services.control_plane import kubeconfig
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec
from helpers.servers.secret_sync.install import USER, install


def _processes(context: ServiceContext) -> Sequence[Process]:
    install()
    argv = [
        sys.executable,
        "-P",
        "-m",
        "helpers.servers.secret_sync",
        "--port",
        str(context.ports["http"]),
        "--kubeconfig",
        str(kubeconfig(USER)),
        "--scratch",
        str(context.data / "scratch"),
    ]
    # Its Secrets Manager is the cloud that the course uses.
    env = {} if "MOD208_CLOUD_URL" in os.environ else pinned()
    return [Process("secret-sync", argv, env=env, port="http", health="/healthz")]


SPEC = ServiceSpec(
    "secret-sync",
    "external secrets: Secrets of the cluster, made from the vault and Secrets Manager",
    _processes,
    depends=("kubernetes", "cloud"),
    memory_mb=150,
    timeout=90,
)
