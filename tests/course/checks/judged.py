"""What the tests of checks ask of a verdict."""

from __future__ import annotations

from helpers.course.labs import Lab


def said(lab: Lab, step: str) -> str:
    """Return the reason why a step does not pass; it is one for a learner, never a traceback."""
    result = lab.result(step)
    assert not result.passed
    assert "Traceback" not in result.reason
    return result.reason
