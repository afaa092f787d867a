"""Whether this process is a Jupyter kernel."""

from __future__ import annotations

import sys
from typing import Any


def shell() -> Any:
    """Return the running IPython shell, or ``None``; IPython is not imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_notebook() -> bool:
    """Return whether this process is a Jupyter kernel."""
    return getattr(shell(), "kernel", None) is not None
