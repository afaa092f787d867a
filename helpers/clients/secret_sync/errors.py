"""What can keep an ExternalSecret from being synced; the message goes into its condition, never with a value."""

from __future__ import annotations

from helpers.core.errors import CourseError


class SyncError(CourseError):
    """Base of the errors of this package."""

    code = "secret-sync-error"


class StoreProblem(SyncError):
    """The store is not there, may not be used from here, or its description cannot work."""

    code = "secret-sync-store"


class NotInStore(SyncError):
    """The store answers, but has no such secret, version or property."""

    code = "secret-sync-not-in-store"


class TargetProblem(SyncError):
    """The Secret to write belongs to somebody else, or is not there to be merged into."""

    code = "secret-sync-target"
