"""The workspace of a lab: its files, a learner's passwords and private keys. Checks judge a `Workspace`."""

from helpers.course.workspace._workspace import Workspace, acting_in, locate
from helpers.course.workspace.cell_files import CHOICES, CellRun, FileChanged, difference
from helpers.course.workspace.files import BadPath, CannotWrite, Written, backup, backup_directory, inside, listing
from helpers.course.workspace.journal import Journal

__all__ = [
    "CHOICES",
    "BadPath",
    "CannotWrite",
    "CellRun",
    "FileChanged",
    "Journal",
    "Workspace",
    "Written",
    "acting_in",
    "backup",
    "backup_directory",
    "difference",
    "inside",
    "listing",
    "locate",
]
