"""The declaration of the service ``git``: the forge of the course."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.clients.forge.local import ForgeDirectory
from helpers.runtime.services.authority import answers_by_tls
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec
from helpers.servers import tls


def processes(context: ServiceContext) -> Sequence[Process]:
    """Return the forge's one process."""
    argv = tls.wsgi_program("helpers.servers.git_server", context)
    return [Process("forge", argv, port="http", ready=answers_by_tls(context, "http", "/healthz"))]


def provision(context: ServiceContext) -> None:
    """Enrol the people of the story, and tell everybody's git where the server is now."""
    ForgeDirectory(context.directory).provision(f"https://{context.host}:{context.ports['http']}")


SPEC = ServiceSpec(
    "git",
    "the forge: Git repositories, pull requests, approvals, the change gate",
    processes,
    finish=provision,
    disk_mb=200,
    scheme="https",
)
