"""The last cell of an assignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# The names of this room are loaded at first use: ipywidgets is expensive, and only a notebook shows a panel.
from helpers import widgets
from helpers.core.html.elements import code, page, tag
from helpers.course import outline
from helpers.course.handing.exchanges import configured
from helpers.course.handing.plan import Plan, Scored, plan
from helpers.course.handing.sending import Receipt, send


@dataclass(frozen=True)
class NothingToDo:
    """Shown where no exchange is set up."""

    title: str

    def __repr__(self) -> str:
        return f"{self.title}: your work stays here; no exchange is set up to hand it in."

    def _repr_html_(self) -> str:
        return page(tag("p", repr(self)), tag("p", "How far you are: ", code("course progress")))


class Handing:
    """What the panel needs to look and to send; see `helpers.widgets.hand_in.Assignment`."""

    def __init__(self, name: str) -> None:
        self.name, self.title = name, outline.assignment(name).title

    def plan(self, told: Any) -> Plan:
        """Look at what would be sent."""
        return plan(self.name, told=told)

    def send(self, found: Plan) -> Receipt:
        """Send it."""
        return send(found)


def hand_in(name: str) -> Any:
    """Show the button that hands in a lab or the assessment, where an exchange is set up.

    Args:
        name: id of a lab, or ``assessment``.

    Raises:
        UnknownLab: there is no such assignment.
    """
    handing = Handing(name)
    if not configured():
        return NothingToDo(handing.title)
    return widgets.HandInPanel(handing)


__all__ = ["Handing", "NothingToDo", "Scored", "hand_in"]
