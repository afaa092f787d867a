"""Errors of the labs that a learner can fix."""

from __future__ import annotations

from helpers.core.errors import CourseError


class BadCourse(CourseError):
    """``course.yaml`` and the checks do not agree."""

    code = "bad-course"


class NoStarter(CourseError):
    """The notebook that holds the starter files does not exist."""

    code = "no-starter"


class NoSolution(CourseError):
    """The notebook that holds the solution does not exist."""

    code = "no-solution"


class CellFailed(CourseError):
    """A cell of the solution raised an error."""

    code = "cell-failed"


class StepFailed(CourseError, AssertionError):
    """A graded step does not pass; the reason says what is wrong with the files."""

    code = "step-failed"
