"""Who the learner is: one place, so that everything drawn for a learner is drawn for the same one.

`MOD208_LEARNER` decides: a grader sets it to the learner whose work is judged, tests set it to a fixed name. Else it
is the name that JupyterHub and nbgrader's exchange know (`JUPYTERHUB_USER`), else the local user's name.
"""

from __future__ import annotations

import getpass
import os
from datetime import UTC, date, datetime

#: Given to whom no name is known, as in a container without a user database.
NOBODY = "learner"
#: Variable with the time at which the work that is judged was handed in, as nbgrader writes it; a grader sets it.
HANDED_IN = "MOD208_HANDED_IN"


def learner() -> str:
    """Return the learner's name; it is a name, and proves nothing."""
    for variable in ("MOD208_LEARNER", "JUPYTERHUB_USER"):
        if name := os.environ.get(variable, "").strip():
            return name
    try:
        return getpass.getuser()
    # Python 3.13 raises OSError where earlier versions raise KeyError (or ImportError without `pwd`).
    except (OSError, KeyError, ImportError):
        return NOBODY


def handed_in() -> date:
    """Return the day (UTC) on which the work that is judged was handed in: today, unless a grader says an earlier one.

    What a learner dates must be right on that day. It may be over when somebody grades it.
    """
    today = datetime.now(UTC).date()
    try:
        return min(today, date.fromisoformat(os.environ.get(HANDED_IN, "")[:10]))
    except ValueError:
        return today
