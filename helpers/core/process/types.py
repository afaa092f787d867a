"""What a run of a process yields: lines, a result, or one of four typed errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.core.errors import CourseError

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True)
class Line:
    """One line of output, without its line end; secrets are already masked."""

    stream: Stream
    text: str


@dataclass(frozen=True)
class Completed:
    """A finished process: masked command, exit code, masked output and seconds taken."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    def __repr__(self) -> str:
        return f"Completed({' '.join(self.argv)!r}, returncode={self.returncode}, {self.seconds:.2f} s)"


class ProcessError(CourseError):
    """A process could not start, or did not end the way it should."""

    code = "process-failed"

    def __init__(self, what: str, *, why: str = "", next: str = "", completed: Completed | None = None) -> None:
        super().__init__(what, why=why, next=next)
        self.completed = completed


class CannotStart(ProcessError):
    """The executable or its working directory is missing or not usable."""

    code = "cannot-start"


class TimedOut(ProcessError):
    """The process took longer than its time limit and was stopped."""

    code = "timed-out"


class Cancelled(ProcessError):
    """Somebody asked for the process to stop."""

    code = "cancelled"


class OutputLimit(ProcessError):
    """The process printed more than it may and was stopped."""

    code = "output-limit"
