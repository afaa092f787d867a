"""What can go wrong with a local service, each with its next step."""

from __future__ import annotations

from helpers.core.errors import CourseError


class ServiceError(CourseError):
    """Base of the faults of this room."""

    code = "service-error"


class UnknownService(ServiceError):
    """There is no service of that name."""

    code = "service-unknown"
    exit_code = 2


class MissingProgram(ServiceError):
    """The service's program cannot be started."""

    code = "service-missing-program"


class PortBusy(ServiceError):
    """The port asked for belongs to another program."""

    code = "service-port-busy"


class CrashedOnStart(ServiceError):
    """A process of the service ended before the service was ready."""

    code = "service-crashed"


class NotReady(ServiceError):
    """The service runs but did not answer in time."""

    code = "service-not-ready"


class NotEnoughDisk(ServiceError):
    """There is too little free disk for the service's data."""

    code = "service-no-disk"


class NotEnoughMemory(ServiceError):
    """There is too little free memory for the service's processes."""

    code = "service-no-memory"


class ServiceBusy(ServiceError):
    """Another program has been starting or stopping the same service for too long."""

    code = "service-busy"


class CannotStop(ServiceError):
    """A process of the service is still there after it was killed."""

    code = "service-cannot-stop"
