"""The service ``image-admission``: tells the API server whether an image is signed by whom it must be."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from helpers.clients.image_admission.client import NAME, webhook
from helpers.runtime import tools
from helpers.runtime.services.control_plane.access import authority, write_kubeconfig
from helpers.runtime.services.control_plane.rest import Rest
from helpers.runtime.services.pki import LOOPBACK
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec


def _processes(context: ServiceContext) -> Sequence[Process]:
    tools.ensure("cosign")
    pair = authority(context.directory.parent / "kubernetes").issue(
        "image-admission", "image-admission", hosts=LOOPBACK
    )
    argv = [
        sys.executable,
        "-P",
        "-m",
        "helpers.servers.image_admission.server",
        "--port",
        str(context.ports["http"]),
        "--data",
        str(context.data),
        "--cert",
        str(pair.cert),
        "--key",
        str(pair.key),
    ]
    return [Process("image-admission", argv, port="http")]


def _finish(context: ServiceContext) -> None:
    """Let a webhook that is switched on point here: the port may be another one than before."""
    plane = context.directory.parent / "kubernetes"
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{NAME}"
    with Rest(write_kubeconfig(plane, context.urls["kubernetes"], "admin")) as api:
        if api.ask(path).ok:
            api.apply(path, webhook(f"https://127.0.0.1:{context.ports['http']}", authority(plane).cert))


SPEC = ServiceSpec(
    "image-admission",
    "admission: the API server asks it whether an image is signed",
    _processes,
    depends=("kubernetes", "oci"),
    finish=_finish,
    memory_mb=100,
    scheme="https",
)
