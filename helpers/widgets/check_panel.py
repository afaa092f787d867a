"""A step's check: Check button, verdict with its reason, hints one at a time, reset and solve after a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets

from helpers.core.html.elements import Html, page, tag
from helpers.widgets.base import Interactive, Question, button, controls, done_part, frame, working
from helpers.widgets.renderers.cards import HINTS, about_part, check_html, hint_part, next_part, verdict_part

if TYPE_CHECKING:
    from helpers.core.verdicts.checks import CheckResult, Hints


class StepLab(Protocol):
    """What the panel needs of a `helpers.course.labs.Lab`."""

    def result(self, step: str) -> CheckResult:
        """Judge a step."""

    def reset(self, step: str) -> Any:
        """Put the starter files back."""

    def solve(self, step: str) -> Any:
        """Write the solution."""


class CheckPanel(Interactive):
    """Shows the verdict on a step and helps on.

    Args:
        result: the last verdict.
        lab: with it, the panel can check again, reset and solve.
    """

    def __init__(self, result: CheckResult, lab: StepLab | None = None) -> None:
        self.result, self.lab = result, lab
        # Hints -> how many of them are open; they go when the last reason goes that they are about.
        self._open: dict[Hints, int] = {}

    def __repr__(self) -> str:
        return repr(self.result)

    def html(self) -> str:
        """Return the static twin; each hint opens by itself."""
        return check_html(self.result)

    def _build(self) -> Any:
        self._verdict, self._hints, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        # An output, not an HTML widget: JupyterLab opens the links of outputs as documents.
        self._next = ipywidgets.Output()
        self._hint = button("Hint", self._reveal)
        self._check = button(
            "Check again", lambda _: self._do("Checking", self._recheck), hint="Judge the files as they are now"
        )
        self._reset = button("Reset…", lambda _: self._ask("reset"), hint="Put the starter files of this step back")
        self._solve = button("Show solution…", lambda _: self._ask("solve"), hint="Write the solution of this step")
        self._question = Question(self._note, "No, keep my files")
        own = [self._check, self._hint, self._reset, self._solve] if self.lab else [self._hint]
        self._refresh()
        return frame(self._verdict, self._next, self._hints, controls(*own), self._note, self._question.box)

    def _refresh(self) -> None:
        self._verdict.value = page(tag("div", verdict_part(self.result), role="status"))
        link = next_part(self.result)
        shown = {"output_type": "display_data", "data": {"text/html": page(link)}, "metadata": {}}
        self._next.outputs = (shown,) if link else ()
        due = self.result.due
        self._open = {hints: self._open.get(hints, 0) for hints, _ in due}
        parts: list[Html] = []
        for hints, reasons in due:
            if self._open[hints] and len(due) > 1:
                parts.append(about_part(reasons))
            parts += [hint_part(hints, i, open=i == self._open[hints] - 1) for i in range(self._open[hints])]
        self._hints.value = page(*parts)
        following = self._following()
        self._hint.disabled = following is None
        self._hint.layout.display = "" if due else "none"
        self._hint.description = "No more hints"
        if following is not None:
            level = self._open[following]
            self._hint.description = f"Hint {level + 1} of {len(following)}: {HINTS[level].lower()}"

    def _following(self) -> Hints | None:
        """Return the hints of which one is opened next: those about the first reason that has one left."""
        return next((hints for hints, given in self._open.items() if given < len(hints)), None)

    def _reveal(self, _: Any) -> None:
        if (following := self._following()) is not None:
            self._open[following] += 1
        self._refresh()

    def _do(self, verb: str, work: Any) -> None:
        """Run *work* with the buttons off, so that two runs cannot meet in the same files."""
        buttons = (self._check, self._reset, self._solve, self._question.yes)

        def run() -> None:
            self._note.value = working(verb)
            self._note.value = work() or ""

        self.background(run, lambda html: setattr(self._note, "value", html), off=buttons)

    def _recheck(self) -> str:
        if self.lab is not None:
            self.result = self.lab.result(self.result.step)
        self._refresh()
        return ""

    def _ask(self, what: str) -> None:
        lab = self.lab
        if lab is None:
            return
        words, yes, act, verb = {
            "reset": ("Put the starter files of this step back?", "Yes, reset this step", lab.reset, "Resetting"),
            "solve": (
                "Write the solution of this step over your files?",
                "Yes, write the solution",
                lab.solve,
                "Solving",
            ),
        }[what]

        def work() -> str:
            done = act(self.result.step)
            self._recheck()
            return done_part("Reset" if what == "reset" else "Solution", done)

        words = f"{words} Your files are kept in the backup directory."
        self._question.ask(words, yes, lambda: self._do(verb, work))
