"""The labs: workspace, checks, hints, reset and solve. In a notebook: ``lab = Lab("lab1")``."""

from helpers.course.labs._cells import WORKFILE
from helpers.course.labs._lab import Lab, Restored
from helpers.course.labs._magic import workfile
from helpers.course.labs._next import place
from helpers.course.labs._progress import Hint, Progress, StepState, progress
from helpers.course.labs.errors import BadCourse, CellFailed, NoSolution, NoStarter, StepFailed
from helpers.course.outline import UnknownLab, UnknownStep
from helpers.course.workspace import BadPath, CannotWrite, Written

__all__ = [
    "WORKFILE",
    "BadCourse",
    "BadPath",
    "CannotWrite",
    "CellFailed",
    "Hint",
    "Lab",
    "NoSolution",
    "NoStarter",
    "Progress",
    "Restored",
    "StepFailed",
    "StepState",
    "UnknownLab",
    "UnknownStep",
    "Written",
    "place",
    "progress",
    "workfile",
]
