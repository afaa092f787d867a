"""What the supervisor remembers of a service, and whether a process is really the one it started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from helpers.core.files import write_private
from helpers.core.polling import poll

#: Variable that marks our processes; leftovers of a killed leader are recognised by it.
MARKER = "MOD208_SERVICE"
#: Variable that says that processes of services cannot be seen from here (the grader's sandbox around a tool): then
#: what was noted of them is believed, and whether their ports answer.
APART = "MOD208_SERVICES_APART"


@dataclass(frozen=True)
class Started:
    """A process we started: a pid is reused by the kernel, pid and creation time together are not."""

    name: str
    pid: int
    created: float

    @classmethod
    def of(cls, name: str, pid: int) -> Started:
        """Take down a process right after its start; one that has ended already gets creation time 0."""
        try:
            return cls(name, pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(name, pid, 0.0)

    def alive(self) -> bool:
        """Return whether this very process still runs."""
        if os.environ.get(APART):
            return self.created > 0
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 0.02
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True)
class Record:
    """The supervisor's memory of one service."""

    ports: dict[str, int] = field(default_factory=dict)
    processes: tuple[Started, ...] = ()
    started: float = 0.0
    #: Where the services it depends on were when it started.
    urls: dict[str, str] = field(default_factory=dict)
    #: False while the processes were started but the service has not been ready yet.
    ready: bool = False

    @classmethod
    def read(cls, path: Path) -> Record:
        """Read the record; none, or one that cannot be understood, is an empty one."""
        try:
            raw: dict[str, Any] = json.loads(path.read_text())
            processes = tuple(Started(**p) for p in raw["processes"])
            urls = dict(raw.get("urls", {}))
            return cls(dict(raw["ports"]), processes, float(raw["started"]), urls, bool(raw["ready"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def write(self, path: Path) -> None:
        """Write the record whole or not at all."""
        write_private(path, json.dumps(asdict(self), indent=1).encode())


def group(started: Started, mark: str) -> list[psutil.Process]:
    """Return the living members of a started process's group, and nobody else's.

    While the leader lives, the group is its own. A group whose leader is gone is ours when its members carry our
    marker, which only our own children inherit.
    """
    members = []
    led = started.alive()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) != started.pid or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if led or process.environ().get(MARKER) == mark:
                members.append(process)
    return members


def strays(mark: str) -> list[psutil.Process]:
    """Return what carries our marker and left its group: daemons that a process of the service started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARKER) == mark:
                found.append(process)
    return found


def sweep(mark: str, grace: float) -> bool:
    """End the strays of a service; return whether all of them are gone."""
    return _end(lambda: strays(mark), grace)


def end(started: Started, mark: str, grace: float) -> bool:
    """End a process with its group: terminate, wait *grace* seconds, kill. Return whether all of it is gone."""
    return _end(lambda: group(started, mark), grace)


def _end(find: Callable[[], Sequence[psutil.Process]], grace: float) -> bool:
    members = find()
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        if not members:
            return True
        _signal(members, number)
        _wait(members, seconds)
        members = find()
    return not members


def _wait(members: Sequence[psutil.Process], seconds: float) -> None:
    """Wait until all have ended; one that only its parent has yet to take note of has ended too."""
    poll(lambda: not any(_living(process) for process in members), seconds, every=0.02)


def _living(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(members: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in members:
        # psutil checks the creation time first, so a pid reused in between is not hit.
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def listens(started: Started, port: int, mark: str) -> bool:
    """Return whether this process or one of its group listens on *port*; another program there does not count."""
    for process in group(started, mark):
        with contextlib.suppress(psutil.Error):
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                    return True
    return False
