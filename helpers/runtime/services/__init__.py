"""Local services that are the real thing: the cloud, the OCI registry and the module registry.

Each is a plain process on loopback that outlives the notebook; its data survives ``kill -9`` and restarts. State lives
in ``services`` below the user's state directory (``MOD208_STATE`` moves it).

>>> from helpers import services
>>> services.start("cloud")
Service(cloud: running at https://127.0.0.1:40123)
"""

from __future__ import annotations

from helpers.runtime.services.catalog import SPECS
from helpers.runtime.services.errors import (
    CannotStop,
    CrashedOnStart,
    MissingProgram,
    NotEnoughDisk,
    NotEnoughMemory,
    NotReady,
    PortBusy,
    ServiceBusy,
    ServiceError,
    UnknownService,
)
from helpers.runtime.services.service import Service
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec
from helpers.runtime.services.supervisor import Supervisor

__all__ = [
    "CannotStop",
    "CrashedOnStart",
    "MissingProgram",
    "NotEnoughDisk",
    "NotEnoughMemory",
    "NotReady",
    "PortBusy",
    "Process",
    "Service",
    "ServiceBusy",
    "ServiceContext",
    "ServiceError",
    "ServiceSpec",
    "Supervisor",
    "UnknownService",
    "data",
    "ensure",
    "logs",
    "restart",
    "start",
    "status",
    "stop",
]

_supervisor = Supervisor(SPECS)

start = _supervisor.start
ensure = _supervisor.ensure
status = _supervisor.status
stop = _supervisor.stop
restart = _supervisor.restart
logs = _supervisor.logs
data = _supervisor.data
