"""A service as the user sees it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.core.display import Displayed

Status = Literal["running", "starting", "stopped", "failed"]


@dataclass(frozen=True)
class Service(Displayed):
    """A local service at one moment.

    Attributes:
        name: as typed in ``course services``.
        purpose: one line.
        url: its address on loopback; empty when it never ran.
        pid: process id of its main process while it runs.
        status: ``failed`` means that it was started and a process of it has ended since (killed or crashed).
        started: when, in UTC.
        log: file with the output of its processes.
        data: directory of what survives a kill.
        notice: something to know about this start, such as a changed port.
    """

    name: str
    purpose: str
    url: str
    pid: int | None
    status: Status
    started: dt.datetime | None
    log: Path
    data: Path
    notice: str = ""

    @property
    def port(self) -> int:
        """The port of its URL; 0 when it never ran."""
        return int(self.url.rsplit(":", 1)[1]) if self.url else 0

    @property
    def address(self) -> str:
        """Its URL's ``HOST:PORT``, as an image's name begins; empty when it never ran."""
        return self.url.partition("://")[2]

    def to_dict(self) -> dict[str, Any]:
        """Return the service as JSON-ready data."""
        return {
            "name": self.name,
            "purpose": self.purpose,
            "url": self.url,
            "port": self.port,
            "pid": self.pid,
            "status": self.status,
            "started": self.started.isoformat(timespec="seconds") if self.started else None,
            "log": str(self.log),
            "data": str(self.data),
            "notice": self.notice,
        }

    def __repr__(self) -> str:
        where = f" at {self.url}" if self.status == "running" else ""
        return f"Service({self.name}: {self.status}{where}{'; ' + self.notice if self.notice else ''})"
