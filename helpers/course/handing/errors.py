"""Errors of handing in. The work stays as it is in each case."""

from __future__ import annotations

from helpers.core.errors import CourseError


class NoExchange(CourseError):
    """No exchange is set up, or the one that is set up is not there."""

    code = "no-exchange"


class NotReleased(CourseError):
    """The instructor has not released the assignment by this exchange."""

    code = "not-released"


class CannotSend(CourseError):
    """The exchange cannot be written, or the submission cannot be read or is too large; nothing was sent."""

    code = "cannot-send"


class NotDelivered(CourseError):
    """nbgrader did not take the submission, or other files arrived than were sent."""

    code = "not-delivered"
