"""The declaration of the service ``flux``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.services.control_plane.spec import SMALL
from helpers.services.flux.declaration import NAMESPACE
from helpers.services.spec import Process, ServiceSpec, Site


def processes(site: Site) -> Sequence[Process]:
    """Prepare the cluster and return Flux's processes; the control plane runs by now."""
    from helpers import tools
    from helpers.services.control_plane.access import write_kubeconfig
    from helpers.services.control_plane.rest import Rest
    from helpers.services.flux.install import install

    plane = site.folder.parent / "kubernetes"
    config = write_kubeconfig(plane, site.urls["kubernetes"], "flux", namespace=NAMESPACE)
    controller = tools.ensure("kustomize-controller")
    with Rest(config) as api:
        install(api, controller.share / "crds")
    return [_source(site, config), _controller(site, controller.path, config)]


def _source(site: Site, config: Path) -> Process:
    # -P: the working folder must not come before the installed packages.
    argv = [sys.executable, "-P", "-m", "helpers.services.flux.source", "--port", str(site.ports["source"]),
            "--data", str(site.data / "source"), "--kubeconfig", str(config)]  # fmt: skip
    return Process("source", argv, port="source", health="/healthz", wait=False)


def _controller(site: Site, binary: Path, config: Path) -> Process:
    env = {**SMALL, "KUBECONFIG": str(config), "RUNTIME_NAMESPACE": NAMESPACE, "PATH": os.environ.get("PATH", "/bin")}
    for variable, name in (("HOME", "home"), ("TMPDIR", "tmp")):
        (site.data / name).mkdir(exist_ok=True, mode=0o700)
        env[variable] = str(site.data / name)
    argv: list[str | Path] = [
        binary, "--feature-gates=ExternalArtifact=true", "--watch-all-namespaces=true",
        f"--metrics-addr=127.0.0.1:{site.ports['metrics']}", f"--health-addr=127.0.0.1:{site.ports['health']}",
        # A team's Kustomization reads sources of its own namespace only, and overlays fetch nothing from elsewhere.
        "--no-cross-namespace-refs=true", "--no-remote-bases=true",
        # A learner does not wait for a quarter of an hour until a repaired source is tried again.
        "--http-retry=2", "--max-retry-delay=20s", "--requeue-dependency=5s", "--log-level=error",
    ]  # fmt: skip
    return Process("kustomize-controller", argv, env, port="health", health="/readyz", wait=False)


SPEC = ServiceSpec(
    "flux",
    "Flux's kustomize-controller: applies what Git says, by its own clock",
    processes,
    ports=("source", "health", "metrics"),
    depends=("kubernetes",),
    disk_mb=300,
    memory_mb=300,
    timeout=90,
)
