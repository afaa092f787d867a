"""A service as a small declaration; the supervisor does the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ServiceContext:
    """Where one service lives, given to the functions of its declaration.

    Attributes:
        name: the service.
        directory: its directory below the state directory (mode 0700); generated configuration goes here.
        ports: port name -> number, all on `host`.
        urls: URL of each service it depends on.
        host: address that it listens on.
    """

    name: str
    directory: Path
    ports: Mapping[str, int]
    urls: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"

    @property
    def data(self) -> Path:
        """Directory of what must survive a kill."""
        return self.directory / "data"


def python_program(module: str, context: ServiceContext, *more: str) -> list[str]:
    """Return the command of a server of ours: a Python module that takes ``--port`` and ``--data``."""
    # -P: the working directory must not come before the installed packages.
    return [
        sys.executable,
        "-P",
        "-m",
        module,
        "--port",
        str(context.ports["http"]),
        "--data",
        str(context.data),
        *more,
    ]


@dataclass(frozen=True)
class Process:
    """One process of a service.

    Attributes:
        name: unique within the service.
        argv: the command.
        env: variables on top of the allow-listed environment.
        port: name of the port it must listen on before it counts as ready; empty for none.
        health: path asked over HTTP on that port; an answer below 500 is ready. Empty: listening is enough.
        ready: asked as well when listening is not enough and plain HTTP does not do (TLS, a client certificate).
        wait: False starts the next process at once; all are waited for at the end.
    """

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str] = field(default_factory=dict)
    port: str = ""
    health: str = ""
    ready: Callable[[], bool] | None = None
    wait: bool = True


@dataclass(frozen=True)
class ServiceSpec:
    """A service: its processes in the order they start, its ports and what it needs.

    Attributes:
        name: as typed by the user.
        purpose: one line for a person.
        processes: made from the context once ports and directories are there; may write configuration files.
        ports: names of the ports, each listened on by one of its processes; the first one is in the service's URL.
        depends: services that must run first.
        finish: run once all processes are ready and before the service counts as such; may be run again.
        disk_mb: free disk it needs to start, megabytes.
        memory_mb: free memory it needs to start, megabytes.
        timeout: seconds it may take to become ready.
        scheme: of its URL.
        host: address on loopback that its ports are on.
    """

    name: str
    purpose: str
    processes: Callable[[ServiceContext], Sequence[Process]]
    ports: tuple[str, ...] = ("http",)
    depends: tuple[str, ...] = ()
    finish: Callable[[ServiceContext], None] | None = None
    disk_mb: int = 50
    memory_mb: int = 0
    timeout: float = 60.0
    scheme: str = "http"
    host: str = "127.0.0.1"
