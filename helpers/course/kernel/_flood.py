"""Ends a cell that prints without end in a graded run, where nobody presses Stop.

It runs beside the learner's code and binds nobody who is hostile: the grader has a limit of its own. But a kernel makes
one message of all that was printed in a fifth of a second, and by then that can be more than the grader accepts.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

#: Characters a cell may print; twice what the grader takes, so that the grader names the reason.
MOST = 8_000_000


def limit_output(ipython: Any, most: int = MOST) -> None:
    """Interrupt each cell of this kernel that prints more than *most* characters."""
    printed = 0

    def reset(info: object) -> None:
        nonlocal printed
        printed = 0

    def counted(write: Any, text: str) -> Any:
        nonlocal printed
        printed += len(text)
        if printed > most:
            # As Stop does: what catches every Exception goes on otherwise.
            raise KeyboardInterrupt(f"the cell printed more than {most:,} characters")
        return write(text)

    for stream in (sys.stdout, sys.stderr):
        stream.write = functools.partial(counted, stream.write)  # type: ignore[method-assign]
    ipython.events.register("pre_run_cell", reset)
