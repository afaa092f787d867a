"""The services of the course, as declarations."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from helpers.services import audit, control_plane, flux, git, gitops, image_admission, secret_sync, sigstore, vault
from helpers.services.spec import Process, ServiceSpec, Site


def _python(module: str, site: Site, *more: str) -> list[str]:
    # -P: the working folder must not come before the installed packages.
    return [sys.executable, "-P", "-m", module, "--port", str(site.ports["http"]), "--data", str(site.data), *more]


def _cloud(site: Site) -> Sequence[Process]:
    argv = _python("helpers.services.cloud_server", site)
    return [Process("moto", argv, port="http", health="/course/health")]


def _oci(site: Site) -> Sequence[Process]:
    from helpers import tools

    blobs = site.data / "blobs"
    blobs.mkdir(exist_ok=True, mode=0o700)
    store = f"127.0.0.1:{site.ports['store']}"
    crane: list[str | Path] = [tools.ensure("crane").path, "registry", "serve", "--address", store, "--disk", blobs]
    front = _python("helpers.services.oci_front", site, "--store", store)
    return [
        Process("store", crane, port="store", health="/v2/"),
        Process("front", front, port="http", health="/v2/"),
    ]


def _registry(site: Site) -> Sequence[Process]:
    argv = _python("helpers.services.registry_server", site)
    return [Process("registry", argv, port="http", health="/healthz")]


SPECS: dict[str, ServiceSpec] = {
    spec.name: spec
    for spec in (
        ServiceSpec("cloud", "the local cloud: the AWS protocol, served by moto", _cloud, disk_mb=200, timeout=120),
        ServiceSpec("oci", "the OCI registry: policy bundles, SBOMs, signatures", _oci, ("http", "store"), disk_mb=200),
        ServiceSpec("registry", "the module registry: Terraform modules, versions, signatures", _registry),
        git.SPEC,
        control_plane.SPEC,
        gitops.SPEC,
        flux.SPEC,
        vault.SPEC,
        secret_sync.SPEC,
        audit.SPEC,
        image_admission.SPEC,
        sigstore.SPEC,
    )
}
