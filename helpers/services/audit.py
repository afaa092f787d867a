"""The service ``audit``: the audit trail's transparency log, kept by our program ``audit-log``.

The log's Ed25519 key, the token of its API and the collectors' keys lie in files of mode 0600. **A real deployment
keeps the log's key in another account than the platform it watches**, best in a hardware module.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from helpers.services.spec import Process, ServiceSpec, Site


def _processes(site: Site) -> Sequence[Process]:
    from helpers import tools
    from helpers.audit.room import Room

    room = Room(site.folder)
    room.furnish()
    argv: list[str | Path] = [
        tools.ensure("audit-log").path, "serve", "--dir", room.log, "--key", room.key, "--token", room.token_file,
        "--collectors", room.collectors, "--listen", f"127.0.0.1:{site.ports['http']}",
    ]  # fmt: skip
    # It listens only once a checkpoint covers all that was on the disk.
    return [Process("audit-log", argv, port="http", health="/healthz")]


SPEC = ServiceSpec("audit", "the audit trail: a transparency log of signed events", _processes, disk_mb=200, timeout=60)
