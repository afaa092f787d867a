"""What can go wrong on the way of a change."""

from __future__ import annotations

from helpers.core.errors import CourseError


class DeliveryError(CourseError):
    """Base of the faults of this room."""

    code = "delivery-error"


class NothingToDeliver(DeliveryError):
    """The files named are in the repository already, or do not exist at all."""

    code = "nothing-to-deliver"
    exit_code = 2


class UnknownVersion(DeliveryError):
    """The platform team built no image of that version."""

    code = "unknown-version"
    exit_code = 2


class NoRelease(DeliveryError):
    """An environment does not say which image it runs, or was never changed."""

    code = "no-release"
