"""The declaration of the service ``flux``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.clients.flux.source_declaration import NAMESPACE
from helpers.runtime import tools
from helpers.runtime.services.control_plane.access import write_kubeconfig
from helpers.runtime.services.control_plane.heap import small_heap
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec
from helpers.servers.flux.install import install


def processes(context: ServiceContext) -> Sequence[Process]:
    """Prepare the cluster and return Flux's processes; the control plane runs by now."""
    plane = context.directory.parent / "kubernetes"
    config = write_kubeconfig(plane, context.urls["kubernetes"], "flux", namespace=NAMESPACE)
    controller = tools.ensure("kustomize-controller")
    with Rest(config) as api:
        install(api, controller.share / "crds")
    return [_source(context, config), _controller(context, controller.path, config)]


def _source(context: ServiceContext, config: Path) -> Process:
    # -P: the working directory must not come before the installed packages.
    argv = [
        sys.executable,
        "-P",
        "-m",
        "helpers.servers.flux.source",
        "--port",
        str(context.ports["source"]),
        "--data",
        str(context.data / "source"),
        "--kubeconfig",
        str(config),
    ]
    return Process("source", argv, port="source", health="/healthz", wait=False)


def _controller(context: ServiceContext, binary: Path, config: Path) -> Process:
    env = {
        **small_heap(),
        "KUBECONFIG": str(config),
        "RUNTIME_NAMESPACE": NAMESPACE,
        "PATH": os.environ.get("PATH", "/bin"),
    }
    for variable, name in (("HOME", "home"), ("TMPDIR", "tmp")):
        (context.data / name).mkdir(exist_ok=True, mode=0o700)
        env[variable] = str(context.data / name)
    argv: list[str | Path] = [
        binary,
        "--feature-gates=ExternalArtifact=true",
        "--watch-all-namespaces=true",
        f"--metrics-addr=127.0.0.1:{context.ports['metrics']}",
        f"--health-addr=127.0.0.1:{context.ports['health']}",
        # A team's Kustomization reads sources of its own namespace only, and overlays fetch nothing from elsewhere.
        "--no-cross-namespace-refs=true",
        "--no-remote-bases=true",
        # A learner does not wait for a quarter of an hour until a repaired source is tried again.
        "--http-retry=2",
        "--max-retry-delay=20s",
        "--requeue-dependency=5s",
        "--log-level=error",
    ]
    return Process("kustomize-controller", argv, env, port="health", health="/readyz", wait=False)


SPEC = ServiceSpec(
    "flux",
    "Flux's kustomize-controller: applies what Git declares, at its own interval",
    processes,
    ports=("source", "health", "metrics"),
    depends=("kubernetes",),
    disk_mb=300,
    memory_mb=300,
    timeout=90,
)
