"""Handing in from a notebook: look first, then a question, then the receipt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import ipywidgets

from helpers.core.html.elements import Html, code, details, dim, head, join, mark, page, rows_html, tag
from helpers.core.html.style import Mark
from helpers.widgets.base import Interactive, Question, button, controls, frame, working

#: How a step's visible check went.
STATES: dict[bool | None, str | Mark] = {True: "pass", False: "not-yet", None: Mark("?", "not judged", "plain")}


class Step(Protocol):
    """One step by its visible check."""

    @property
    def step(self) -> str:
        """Its id."""

    @property
    def points(self) -> float:
        """What it gives."""

    @property
    def passed(self) -> bool | None:
        """Whether it passes; None where nothing was judged."""

    @property
    def reason(self) -> str:
        """Why."""


class Submission(Protocol):
    """What would be sent."""

    @property
    def files(self) -> Mapping[str, int]:
        """Path -> bytes."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """Path -> why it stays."""

    @property
    def steps(self) -> Sequence[Step]:
        """The steps."""

    @property
    def remarks(self) -> Sequence[str]:
        """What is worth a look."""

    def sums(self) -> Sequence[str]:
        """Return what would be sent and earned, a line each."""


class Assignment(Protocol):
    """An assignment that can be handed in."""

    @property
    def title(self) -> str:
        """Its title."""

    @property
    def name(self) -> str:
        """Its id."""

    def plan(self, told: Callable[[Step], None]) -> Submission:
        """Look at what would be sent; nothing is sent."""

    def send(self, found: Any) -> Any:
        """Send it; return the receipt, whose text says what arrived."""


class HandInPanel(Interactive):
    """Hands in an assignment: it looks, shows, asks, sends and gives the receipt."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment

    def __repr__(self) -> str:
        return f"Hand in {self.assignment.title}: course submit {self.assignment.name}"

    def html(self) -> str:
        """Return the static twin: the command that does the same."""
        command = tag("p", "Run the cell and press the button, or type ", code(f"course submit {self.assignment.name}"))
        return page(head("Hand in", self.assignment.title), command, label="Hand in")

    def _build(self) -> Any:
        self._found, self._note = ipywidgets.HTML(), ipywidgets.HTML()
        self._look = button("Check and hand in…", lambda _: self._looked(), hint="Look first; nothing is sent yet")
        self._question = Question(self._note, "No, not yet")
        self._found.value = page(
            head("Hand in", self.assignment.title),
            tag("p", "Save all notebooks (Ctrl+S or ⌘S) first: what is sent are the files. Nothing is sent unasked."),
        )
        return frame(self._found, controls(self._look), self._note, self._question.box)

    def _looked(self) -> None:
        self._question.close()
        judged: list[Step] = []

        def told(step: Step) -> None:
            judged.append(step)
            self._note.value = working(f"Checking, {len(judged)} steps so far")

        def work() -> None:
            self._note.value = working("Checking your files")
            found = self.assignment.plan(told)
            self._found.value = page(tag("div", *_plan_parts(self.assignment.title, found), role="status"))
            words = " ".join(["Hand it in like this?", *found.sums()])
            self._question.ask(words, "Yes, hand it in", lambda: self._sent(found))

        self.background(work, self._failed, off=(self._look,))

    def _sent(self, found: Submission) -> None:
        def work() -> None:
            self._note.value = working("Handing in")
            lines = str(self.assignment.send(found)).splitlines()
            receipt = join([tag("p", line) for line in lines])
            self._note.value = page(head("Receipt", mark("done")), tag("div", receipt, role="status"))

        self.background(work, self._failed, off=(self._look, self._question.yes))

    def _failed(self, html: str) -> None:
        self._note.value = html


def _plan_parts(title: str, found: Submission) -> list[Html]:
    steps = [[code(s.step), mark(STATES[s.passed]), f"{s.points:g}", "" if s.passed else s.reason] for s in found.steps]
    table = [rows_html(["Step", "Check", "#Points", "Reason"], steps, caption="Visible checks")] if steps else []
    files = tag("ul", *(tag("li", code(name), " ", dim(f"{size:,} bytes")) for name, size in found.files.items()))
    stays = [tag("p", mark("warning"), " ", code(name), f" stays here: {why}.") for name, why in found.left_out.items()]
    remarks = [tag("p", mark("warning"), " ", remark) for remark in found.remarks]
    return [head("To be handed in", title), *table, *remarks, *stays, details(f"{len(found.files)} files", files)]
