"""What can go wrong with the audit trail, told to a person."""

from __future__ import annotations

from helpers.errors import BadInput, CourseError


class AuditError(CourseError):
    """The audit trail could not do what was asked."""

    code = "audit"


class AuditDown(AuditError):
    """The service ``audit`` does not run."""

    code = "audit-down"


class NotAcknowledged(AuditError):
    """The log did not say that an event is recorded; it may or may not be in it."""

    code = "audit-not-acknowledged"


class Refused(AuditError):
    """The log said no."""

    code = "audit-refused"


class BadEvent(BadInput):
    """An event that cannot be recorded as it is."""

    code = "audit-bad-event"


class SecretInEvent(BadEvent):
    """A field that must say who or what holds a secret."""

    code = "audit-secret"


class PersonalData(BadEvent):
    """A field that must say who or what holds personal data."""

    code = "audit-personal-data"
