"""What can go wrong with the audit trail, told to a person."""

from __future__ import annotations

from helpers.core.errors import BadInput, CourseError


class AuditError(CourseError):
    """The audit trail could not do what was asked."""

    code = "audit"


class AuditDown(AuditError):
    """The service ``audit`` does not run."""

    code = "audit-down"


class NotAcknowledged(AuditError):
    """The log did not say that an event is recorded; it may or may not be in it."""

    code = "audit-not-acknowledged"


class EndNotRecorded(AuditError):
    """A change was made, and only the event of its end could not be recorded."""

    code = "audit-end-not-recorded"


class LogRefused(AuditError):
    """The log said no."""

    code = "audit-refused"


class LogRewritten(AuditError):
    """The log is not the one that was seen before: it has less, or something else."""

    code = "audit-log-rewritten"

    @classmethod
    def of(cls, kind: str, why: str) -> LogRewritten:
        """Return the error of a kind (``rolled-back``, ``forked``, ``wrong-key``)."""
        return cls(
            f"The audit log is not the one that was seen before: {kind}",
            why=f"{why} The kept checkpoint stays as it was.",
            next="Trail().verify()   # and ask the log's keeper",
        )


class NotEnrolled(AuditError):
    """The root has not said that this collector may state anything."""

    code = "audit-not-enrolled"


class BadEvent(BadInput):
    """An event that cannot be recorded as it is."""

    code = "audit-bad-event"


class SecretInEvent(BadEvent):
    """A field that must say who or what holds a secret."""

    code = "audit-secret"


class PersonalData(BadEvent):
    """A field that must say who or what holds personal data."""

    code = "audit-personal-data"
