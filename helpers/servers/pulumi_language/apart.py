"""How the host keeps out of a project's way in an environment that is not the course's; that has the SDK alone."""

from __future__ import annotations

import sys
from pathlib import Path

#: Where this package is found; another interpreter has it on its path for the import of the host alone.
HOUSE = str(Path(__file__).resolve().parents[3])


def leave_house() -> None:
    """Take this package's place off the path: the project's own modules are not to meet ours."""
    if sys.path[:1] == [HOUSE]:
        del sys.path[0]
