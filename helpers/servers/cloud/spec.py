"""The declaration of the service ``cloud``."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence

from helpers.core.files import write_private
from helpers.runtime.cloud_access import LOCAL_KEY
from helpers.runtime.services.authority import answers_by_tls, server_pair
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec, python_program
from helpers.servers import tls


def _processes(context: ServiceContext) -> Sequence[Process]:
    access = context.data / "access.json"
    if not access.exists():
        own = {"access_key_id": LOCAL_KEY, "secret_access_key": secrets.token_urlsafe(30)}
        write_private(access, json.dumps(own))
    identity = tls.arguments(server_pair(context))
    argv = python_program("helpers.servers.cloud.app", context, "--access", str(access), *identity)
    return [Process("moto", argv, port="http", ready=answers_by_tls(context, "http", "/course/health"))]


SPEC = ServiceSpec(
    "cloud",
    "the local cloud: the AWS protocol, served by moto",
    _processes,
    disk_mb=200,
    timeout=120,
    scheme="https",
)
