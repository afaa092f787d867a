"""Faults of the labs a learner can mend."""

from __future__ import annotations

from helpers.errors import BadInput, CourseError

__all__ = ["BadCourse", "BadPath", "CellFailed", "NoSolution", "NoStarter", "StepFailed", "UnknownLab", "UnknownStep"]


class UnknownLab(BadInput):
    """There is no lab of that name."""

    code = "unknown-lab"


class UnknownStep(BadInput):
    """The lab has no step of that name."""

    code = "unknown-step"


class BadPath(BadInput):
    """A path that does not stay inside the workspace."""

    code = "bad-path"


class BadCourse(CourseError):
    """``course.yaml`` and the checks do not agree."""

    code = "bad-course"


class NoStarter(CourseError):
    """The notebook that holds the starter files is not here."""

    code = "no-starter"


class NoSolution(CourseError):
    """The notebook that holds the solution is not here."""

    code = "no-solution"


class CellFailed(CourseError):
    """A cell of the solution did not run."""

    code = "cell-failed"


class StepFailed(CourseError, AssertionError):
    """A graded step does not pass; the reason says what is wrong with the files."""

    code = "step-failed"
