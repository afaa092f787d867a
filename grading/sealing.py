"""Closes the judge's kernel to the programs beside it, in the one sandbox that they share.

The judge's services go on from a learner's data. Should that ever make one of them run something of the learner's, it
finds no way to the verdict: the key to the kernel's sockets is gone, and nothing reads or writes the kernel's memory.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

from ipykernel.connect import get_connection_file

from helpers.core.errors import CourseError

_SET_DUMPABLE = 4


class NotSealed(CourseError):
    """The kernel could not be closed, so nothing is judged in it."""

    code = "not-sealed"


def seal() -> None:
    """Close this kernel.

    Raises:
        NotSealed: the system refuses.
    """
    # As of a program with more rights than its user: other processes of the user's may not look into it.
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise NotSealed("The judge's kernel could not be closed", why="The system refuses PR_SET_DUMPABLE.")
    Path(get_connection_file()).unlink()
