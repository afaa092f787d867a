"""Results of cells that are plain Python values are shown as tables and sentences, to a person.

A run without a person (papermill, nbval) keeps the value as it is: its outputs are compared, and IPython's own text is
what does not change.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from helpers.core.html.plain import SHOWN, plain_html


def show_plain_values(ipython: Any) -> None:
    """Give IPython a display of texts, lists, tuples and dictionaries."""
    formatter = ipython.display_formatter.formatters["text/html"]
    for kind in SHOWN:
        formatter.for_type(kind, partial(_shown, ipython))


def _shown(ipython: Any, value: Any) -> str | None:
    # IPython asks here for subclasses, too, before it looks for a method of theirs.
    if own := getattr(value, "_repr_html_", None):
        return str(own())
    if not _for_a_person(ipython):
        return None
    inputs = ipython.user_ns.get("In") or [""]
    return plain_html(value, str(inputs[-1]))


def _for_a_person(ipython: Any) -> bool:
    """Can anybody answer? A headless run says with each request that nobody can (see `helpers.widgets.base`)."""
    choice = os.environ.get("MOD208_WIDGETS", "")
    if choice in ("html", "widget"):
        return choice == "widget"
    return bool(getattr(getattr(ipython, "kernel", None), "_allow_stdin", False))
