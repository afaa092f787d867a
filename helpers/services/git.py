"""The declaration of the service ``git``: the forge of the course."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from helpers.services.spec import Process, ServiceSpec, Site


def processes(site: Site) -> Sequence[Process]:
    """Return the forge's one process."""
    # -P: the working folder must not come before the installed packages.
    argv = [sys.executable, "-P", "-m", "helpers.services.git_server",
            "--port", str(site.ports["http"]), "--data", str(site.data)]  # fmt: skip
    return [Process("forge", argv, port="http", health="/healthz")]


def furnish(site: Site) -> None:
    """Enrol the people of the story, and tell everybody's git where the server is now."""
    from helpers.forge.local import Room

    Room(site.folder).furnish(f"http://127.0.0.1:{site.ports['http']}")


SPEC = ServiceSpec(
    "git", "the forge: Git repositories, pull requests, approvals, the change gate", processes,
    finish=furnish, disk_mb=200,
)  # fmt: skip
