"""Says at once what does not parse in a file that was just written."""

from __future__ import annotations

from helpers.labs._lab import Lab


def note(lab: Lab, path: str) -> None:
    """Show the syntax problems of one file, if it has any."""
