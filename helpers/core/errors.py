"""Errors a person can act on: what happened, why, and what to type next."""

from __future__ import annotations

from typing import ClassVar

from helpers.core.redact import redact


class CourseError(Exception):
    """Base of every expected fault in the course.

    Args:
        what: what happened, one sentence without a full stop.
        why: the cause, as far as it is known; may span lines (a tool's own words).
        next: the next step, ideally one command to type.
    """

    #: Short, stable name for machines (``--json`` output, tests).
    code: ClassVar[str] = "course-error"
    #: Exit status of the ``course`` command when this error ends it.
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", next: str = "") -> None:
        super().__init__(what)

        self.what = redact(what)
        self.why = redact(why.strip())
        self.next = redact(next)

    def diagnostics(self) -> str:
        """Return the three parts as text for a person."""
        lines = [self.what + "."]
        if self.why:
            lines.append("Why:  " + self.why.replace("\n", "\n      "))
        if self.next:
            lines.append("Next: " + self.next.replace("\n", "\n      "))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.diagnostics()

    def to_dict(self) -> dict[str, str]:
        """Return the error as JSON-ready data (keys: error, what, why, next)."""
        return {"error": self.code, "what": self.what, "why": self.why, "next": self.next}

    def _render_traceback_(self) -> list[str]:
        # IPython prints these lines instead of a traceback.
        return [f"\x1b[1;31m{type(self).__name__}\x1b[0m", *self.diagnostics().splitlines()]


class BadInput(CourseError):
    """The caller passed something that cannot work; nothing was run."""

    code = "bad-input"
    exit_code = 2
