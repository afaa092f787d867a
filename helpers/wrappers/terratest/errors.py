"""What keeps a suite from giving a result."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.core.errors import CourseError
from helpers.wrappers.terratest.types import Left, Problem


class TerratestError(CourseError):
    """A suite gave no result."""

    code = "terratest-failed"


class SuiteNotCompiled(TerratestError):
    """Go's compiler, or ``go vet``, does not accept the tests; ``problems`` has the places."""

    code = "suite-not-compiled"

    def __init__(self, what: str, *, why: str, next: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(what, why=why, next=next)
        self.problems = tuple(problems)


class NothingTested(TerratestError):
    """No test would run, or one that looks like a test never does. That is never a pass."""

    code = "nothing-tested"


class SuiteStopped(TerratestError):
    """The run was stopped before its end; ``left`` is what it had made, and what became of it."""

    code = "suite-stopped"

    def __init__(self, what: str, *, why: str, next: str, left: Left | None = None) -> None:
        super().__init__(what, why=why, next=next)
        self.left = left
