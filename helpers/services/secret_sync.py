"""The service ``secret-sync``: brings secrets of the vault and of Secrets Manager into the cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from helpers.services.spec import Process, ServiceSpec, Site


def _processes(site: Site) -> Sequence[Process]:
    from helpers.secret_sync.install import USER, install
    from helpers.services.control_plane import kubeconfig

    install()
    argv = [
        sys.executable, "-P", "-m", "helpers.secret_sync", "--port", str(site.ports["http"]),
        "--kubeconfig", str(kubeconfig(USER)), "--scratch", str(site.data / "scratch"),
    ]  # fmt: skip
    # Its Secrets Manager is the cloud that the course uses.
    env = {"MOD208_CLOUD_URL": os.environ.get("MOD208_CLOUD_URL", site.urls["cloud"])}
    return [Process("secret-sync", argv, env=env, port="http", health="/healthz")]


SPEC = ServiceSpec(
    "secret-sync",
    "external secrets: Secrets of the cluster, made from the vault and Secrets Manager",
    _processes,
    depends=("kubernetes", "cloud"),
    memory_mb=150,
    timeout=90,
)
