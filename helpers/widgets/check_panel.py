"""A step's check: Check button, verdict with its reason, hints one at a time, reset and solve after a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from helpers.widgets._base import Interactive, button, controls, frame
from helpers.widgets._cards import HINTS, check_html, hint_part, hints_due, verdict_part
from helpers.widgets._html import head, mark, page, tag

if TYPE_CHECKING:
    from helpers.checks import CheckResult


class StepLab(Protocol):
    """What the panel needs of a `helpers.labs.Lab`."""

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
        import ipywidgets

        self._verdict, self._hints, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._hint = button("Hint", self._reveal)
        self._check = button(
            "Check again", lambda _: self._do("Checking", self._recheck), hint="Judge the files as they are now"
        )
        self._reset = button("Reset…", lambda _: self._ask("reset"), hint="Put the starter files of this step back")
        self._solve = button("Show solution…", lambda _: self._ask("solve"), hint="Write the solution of this step")
        self._yes = button("Yes", lambda _: self._confirmed(), danger=True)
        self._no = button("No, keep my files", lambda _: self._close_question())
        self._asked = ""
        self._question = controls(self._yes, self._no)
        self._question.layout.display = "none"
        own = [self._check, self._hint, self._reset, self._solve] if self.lab else [self._hint]
        self._refresh()
        return frame(self._verdict, self._hints, controls(*own), self._note, self._question)

    def _refresh(self) -> None:
        self._verdict.value = page(tag("div", verdict_part(self.result), role="status"))
        due = hints_due(self.result)
        self._revealed = min(self._revealed, len(due))
        self._hints.value = page(*(hint_part(due, i, open=i == self._revealed - 1) for i in range(self._revealed)))
        left = self._revealed < len(due)
        self._hint.disabled = not left
        self._hint.layout.display = "" if due else "none"
        self._hint.description = (f"Hint {self._revealed + 1} of {len(due)}: {HINTS[self._revealed].lower()}" if left
                                  else "No more hints")  # fmt: skip

    def _reveal(self, _: Any) -> None:
        self._revealed += 1
        self._refresh()

    def _do(self, verb: str, work: Any) -> None:
        """Run *work* with the buttons off, so that two runs cannot meet in the same files."""
        buttons = (self._check, self._reset, self._solve, self._yes)
        if self._check.disabled:
            return
        for one in buttons:
            one.disabled = True
        self._note.value = page(tag("p", mark("working", f"{verb}…"), role="status"))

        def run() -> None:
            try:
                self._note.value = work() or ""
            finally:
                for one in buttons:
                    one.disabled = False

        self.background(run, lambda said: setattr(self._note, "value", said))

    def _recheck(self) -> str:
        if self.lab is not None:
            self.result = self.lab.result(self.result.step)
        self._refresh()
        return ""

    def _ask(self, what: str) -> None:
        self._asked = what
        words = {
            "reset": ("Put the starter files of this step back?", "Yes, reset this step"),
            "solve": ("Write the solution of this step over your files?", "Yes, write the solution"),
        }[what]
        self._yes.description = self._yes.tooltip = words[1]
        self._note.value = page(tag("p", words[0], " Your files are kept in the backup folder.", role="alert"))
        self._question.layout.display = ""

    def _close_question(self) -> None:
        self._asked, self._note.value = "", ""
        self._question.layout.display = "none"

    def _confirmed(self) -> None:
        what, lab = self._asked, self.lab
        self._close_question()
        if lab is None or what not in ("reset", "solve"):
            return
        act = lab.reset if what == "reset" else lab.solve

        def work() -> str:
            done = act(self.result.step)
            self._recheck()
            return page(head("Reset" if what == "reset" else "Solution", mark("done")), tag("p", repr(done)))

        self._do("Resetting" if what == "reset" else "Solving", work)
