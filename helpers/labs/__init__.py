"""The labs: workspace, checks, hints, reset and solve. In a notebook: ``lab = Lab("lab1")``."""

from helpers.labs._files import CannotWrite, Written
from helpers.labs._lab import Lab, Restored
from helpers.labs._progress import Hint, Progress, StepState
from helpers.labs.errors import (
    BadCourse,
    BadPath,
    CellFailed,
    NoSolution,
    NoStarter,
    StepFailed,
    UnknownLab,
    UnknownStep,
)

__all__ = [
    "BadCourse", "BadPath", "CannotWrite", "CellFailed", "Hint", "Lab", "NoSolution", "NoStarter",
    "Progress", "Restored", "StepFailed", "StepState", "UnknownLab", "UnknownStep", "Written",
]  # fmt: skip
