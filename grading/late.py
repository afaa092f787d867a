"""What lateness costs while nbgrader grades: the rule of the class, in the place of nbgrader's two."""

from __future__ import annotations

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

from helpers.course.classroom.late import LatePolicy


class SharePerDay(LateSubmissionPlugin):  # type: ignore[misc]
    """Takes a share of the reached points for each day begun; see `LatePolicy`."""

    grace = Float(0.0, help="Minutes that cost nothing.").tag(config=True)
    a_day = Float(0.0, help="Per cent of the reached points for each day begun.").tag(config=True)
    most = Float(100.0, help="Per cent that lateness costs at most.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Return the points that are taken; nothing when lateness costs nothing."""
        share = LatePolicy(self.grace, self.a_day, self.most).share(total_seconds_late)
        return share * score or None


__all__ = ["SharePerDay"]
