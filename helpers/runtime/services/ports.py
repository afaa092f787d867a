"""Which ports a service listens on: the ones of last time when they are free, so that written URLs stay true."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping

from helpers.core.polling import poll
from helpers.runtime.services.errors import PortBusy
from helpers.runtime.services.spec import ServiceSpec

#: Below what systems use for outgoing connections (from 32768 on), so that a stopped service's port stays free.
PORTS = range(20000, 32000)


def choose(spec: ServiceSpec, last: Mapping[str, int], wanted: int | None) -> tuple[dict[str, int], str]:
    """Return the port of each name, and what to tell the user when a remembered one was taken."""
    ports: dict[str, int] = {}
    notice = ""
    for index, name in enumerate(spec.ports):
        before = last.get(name, 0)
        if wanted is not None and index == 0:
            if not _free(spec.host, wanted):
                raise PortBusy(
                    f"Port {wanted} is taken by another program",
                    why=f"Nothing else may listen on it on {spec.host}.",
                    next=f"course services start {spec.name}   # chooses a free port",
                )
            ports[name] = wanted
        elif before and before not in ports.values() and _free_soon(spec.host, before):
            ports[name] = before
        else:
            ports[name] = _free_port(spec.host, set(ports.values()))
            if before and index == 0:
                notice = (
                    f"Port {before} was taken by another program; {spec.name} is now on {ports[name]}. "
                    "URLs written earlier must change."
                )
    return ports, notice


def answers(host: str, port: int) -> bool:
    """Return whether something accepts a connection to *port* of *host*."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose old connections are only waiting to time out counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _free_soon(host: str, port: int) -> bool:
    """Return whether *port* is free within a second: a killed process lets go of it only when its last thread ends."""
    return poll(lambda: _free(host, port), 1.0, every=0.05)


def _free_port(host: str, taken: set[int]) -> int:
    while True:
        port = random.choice(PORTS)  # noqa: S311
        if port not in taken and _free(host, port):
            return port
