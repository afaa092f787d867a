"""The declaration of the service ``oci``."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from helpers.core.files import write_private
from helpers.runtime import tools
from helpers.runtime.oci_address import HOST
from helpers.runtime.services.authority import answers_by_tls, server_pair
from helpers.runtime.services.short_paths import short_path
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec, python_program
from helpers.servers import tls


def _processes(context: ServiceContext) -> Sequence[Process]:
    blobs = context.data / "blobs"
    blobs.mkdir(exist_ok=True, mode=0o700)
    socket = short_path(context.directory / "store.sock", 0)
    store: list[str | Path] = [tools.ensure("oci-store").path, "-socket", socket, "-disk", blobs]
    more = ["--store", str(socket), "--account", str(_account(context)), *tls.arguments(server_pair(context))]
    front = python_program("helpers.servers.oci.front", context, *more)
    # The clients' tool; better to say now that it is missing than at the first push.
    tools.ensure("crane")
    return [
        Process("store", store, wait=False),
        Process("front", front, port="http", ready=answers_by_tls(context, "http", "/v2/")),
    ]


def _account(context: ServiceContext) -> Path:
    """Write the account of this start, as ``docker login`` would, and return the file."""
    file = context.directory / "docker" / "config.json"
    file.parent.mkdir(exist_ok=True, mode=0o700)
    word = base64.b64encode(f"owner:{secrets.token_urlsafe(30)}".encode()).decode()
    write_private(file, json.dumps({"auths": {f"{HOST}:{context.ports['http']}": {"auth": word}}}))
    return file


SPEC = ServiceSpec(
    "oci",
    "the OCI registry: policy bundles, SBOMs, signatures",
    _processes,
    disk_mb=200,
    scheme="https",
    host=HOST,
)
