"""The service ``image-admission``: tells the API server whether an image is signed by whom it must be."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from helpers.services.pki import LOOPBACK
from helpers.services.spec import Process, ServiceSpec, Site


def _processes(site: Site) -> Sequence[Process]:
    from helpers import tools
    from helpers.services.control_plane.access import authority

    tools.ensure("cosign")
    pair = authority(site.folder.parent / "kubernetes").issue("image-admission", "image-admission", hosts=LOOPBACK)
    argv = [
        sys.executable, "-P", "-m", "helpers.image_admission.server", "--port", str(site.ports["http"]),
        "--data", str(site.data), "--cert", str(pair.cert), "--key", str(pair.key),
    ]  # fmt: skip
    return [Process("image-admission", argv, port="http")]


def _finish(site: Site) -> None:
    """Let a webhook that is switched on point here: the port may be another one than before."""
    from helpers.image_admission.client import NAME, webhook
    from helpers.services.control_plane.access import authority, write_kubeconfig
    from helpers.services.control_plane.rest import Rest

    plane = site.folder.parent / "kubernetes"
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{NAME}"
    with Rest(write_kubeconfig(plane, site.urls["kubernetes"], "admin")) as api:
        if api.ask(path).ok:
            api.apply(path, webhook(f"https://127.0.0.1:{site.ports['http']}", authority(plane).cert))


SPEC = ServiceSpec(
    "image-admission",
    "admission: the API server asks it whether an image is signed",
    _processes,
    depends=("kubernetes", "oci"),
    finish=_finish,
    memory_mb=100,
    scheme="https",
)
