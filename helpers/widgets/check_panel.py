"""A step's check: Check button, verdict with its reason, hints one at a time, reset and solve after a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets

from helpers.core.html.elements import page, tag
from helpers.widgets.base import Interactive, Question, button, controls, done_part, frame, working
from helpers.widgets.renderers.cards import HINTS, check_html, hint_part, hints_due, verdict_part

if TYPE_CHECKING:
    from helpers.core.verdicts.checks import CheckResult


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
        self._revealed = 0

    def __repr__(self) -> str:
        return repr(self.result)

    def html(self) -> str:
        """Return the static twin; each hint opens by itself."""
        return check_html(self.result)

    def _build(self) -> Any:
        self._verdict, self._hints, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._hint = button("Hint", self._reveal)
        self._check = button(
            "Check again", lambda _: self._do("Checking", self._recheck), hint="Judge the files as they are now"
        )
        self._reset = button("Reset…", lambda _: self._ask("reset"), hint="Put the starter files of this step back")
        self._solve = button("Show solution…", lambda _: self._ask("solve"), hint="Write the solution of this step")
        self._question = Question(self._note, "No, keep my files")
        own = [self._check, self._hint, self._reset, self._solve] if self.lab else [self._hint]
        self._refresh()
        return frame(self._verdict, self._hints, controls(*own), self._note, self._question.box)

    def _refresh(self) -> None:
        self._verdict.value = page(tag("div", verdict_part(self.result), role="status"))
        due = hints_due(self.result)
        self._revealed = min(self._revealed, len(due))
        self._hints.value = page(*(hint_part(due, i, open=i == self._revealed - 1) for i in range(self._revealed)))
        left = self._revealed < len(due)
        self._hint.disabled = not left
        self._hint.layout.display = "" if due else "none"
        self._hint.description = (
            f"Hint {self._revealed + 1} of {len(due)}: {HINTS[self._revealed].lower()}" if left else "No more hints"
        )

    def _reveal(self, _: Any) -> None:
        self._revealed += 1
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
