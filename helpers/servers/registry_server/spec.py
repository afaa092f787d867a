"""The declaration of the service ``registry``."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.runtime.services.authority import answers_by_tls
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec
from helpers.servers import tls


def _processes(context: ServiceContext) -> Sequence[Process]:
    argv = tls.wsgi_program("helpers.servers.registry_server", context)
    argv += ["--pages", str(context.ports["pages"])]
    return [Process("registry", argv, port="http", ready=answers_by_tls(context, "http", "/healthz"))]


SPEC = ServiceSpec(
    "registry",
    "the module registry: Terraform modules, versions, signatures",
    _processes,
    ports=("http", "pages"),
    scheme="https",
)
