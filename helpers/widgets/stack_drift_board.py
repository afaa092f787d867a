"""The drift board over many stacks, live: filter by owner, look again, heal or adopt after a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from helpers.compliance.drift.types import STATUSES, DriftReport, StackDrift
from helpers.core.errors import CourseError
from helpers.core.html.elements import cut, dim, mark, page, tag
from helpers.core.html.style import STATES
from helpers.widgets.base import Interactive, Question, button, choose, controls, done_part, frame, pick, working
from helpers.widgets.renderers.stack_drift import age_of, report_head, stack_drift_html, stack_part

#: Only what is known can be decided on.
_KNOWN = ("drifted", "both")
_QUESTIONS = {
    "heal": ("Change the real objects of {} back to what the code says?", "Yes, heal it", "Healing"),
    "adopt": ("Record the real values of {} in its state?", "Yes, adopt it", "Adopting"),
}


class StackDriftBoard(Interactive):
    """Shows stacks with their owners and ages, and acts on the answer of a person.

    Args:
        source: a report, or a callable that makes one anew.
        heal, adopt: act on one stack; what they return is shown by its ``repr``.
    """

    def __init__(
        self,
        source: DriftReport | Callable[[], DriftReport],
        *,
        heal: Callable[[StackDrift], Any] | None = None,
        adopt: Callable[[StackDrift], Any] | None = None,
    ) -> None:
        self._source = source
        self._acts = {"heal": heal, "adopt": adopt}
        self.fault = ""
        self.report: DriftReport | None = None
        self._look()

    def __repr__(self) -> str:
        stacks = self.report.stacks if self.report else ()
        counts = ", ".join(f"{n} {STATES[s].word}" for s in STATUSES if (n := sum(o.status == s for o in stacks)))
        return f"StackDriftBoard({counts or 'could not tell'})"

    def html(self) -> str:
        """Return the static twin."""
        if self.report is None:
            return page(tag("p", mark("unknown")), tag("pre", cut(self.fault, 4000)), label="Drift of stacks")
        return stack_drift_html(self.report)

    def _look(self) -> None:
        """Look anew. A look that fails leaves no old answer standing."""
        try:
            self.report = self._source() if callable(self._source) else self._source
            self.fault = ""
        except CourseError as error:
            self.report, self.fault = None, error.diagnostics()

    def _build(self) -> Any:
        self._head, self._detail, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        answers = [("all", ""), *((STATES[one].word, one) for one in STATUSES)]
        self._answer = choose("Show", answers, self._refill)
        self._owner = choose("Owner", [("everybody", "")], self._refill)
        self._list = pick("Stacks", self._selected, rows=8)
        self._again = button("Look again", lambda _: self._do("Looking", lambda: None))
        self._again.layout.display = "" if callable(self._source) else "none"
        self._heal = button("Heal: the code wins…", lambda _: self._ask("heal"))
        self._adopt = button("Adopt: the real object wins…", lambda _: self._ask("adopt"))
        for name, one in (("heal", self._heal), ("adopt", self._adopt)):
            one.layout.display = "" if self._acts[name] else "none"
        self._question = Question(self._note, "No, leave it")
        self._refill()
        row = controls(self._answer, self._owner, self._again, self._heal, self._adopt)
        return frame(self._head, row, self._list, self._note, self._question.box, self._detail)

    def _refill(self, _: Any = None) -> None:
        stacks = self.report.stacks if self.report else ()
        title = report_head(self.report) if self.report else tag("pre", cut(self.fault, 4000))
        self._head.value = page(tag("div", title, role="status"))
        owners = [("everybody", ""), *((one, one) for one in sorted({s.stack.owner for s in stacks}))]
        if tuple(self._owner.options) != tuple(owners):
            self._owner.options = owners
        shown = [s for s in stacks if self._answer.value in ("", s.status) and self._owner.value in ("", s.stack.owner)]
        before = self._list.value
        self._list.options = [(self._line(one), one.stack.name) for one in shown]
        names = [one.stack.name for one in shown]
        self._list.value = before if before in names else (names[0] if names else None)
        self._selected()

    def _line(self, one: StackDrift) -> str:
        state = STATES[one.status]
        age = age_of(one, self.report.at) if self.report else ""
        return "  ".join(
            part for part in (f"{state.symbol} {state.word}", one.stack.name, one.stack.owner, age) if part
        )

    def _item(self) -> StackDrift | None:
        stacks = self.report.stacks if self.report else ()
        return next((one for one in stacks if one.stack.name == self._list.value), None)

    def _selected(self, _: Any = None) -> None:
        item = self._item()
        nothing = dim("Nothing to show with this filter.")
        self._detail.value = page(stack_part(item, self.report.at) if item and self.report else nothing)
        for one in (self._heal, self._adopt):
            one.disabled = item is None or item.status not in _KNOWN
        about = self._question.about
        if about is not None and (item is None or item.stack.name != about):
            self._question.close()

    def _ask(self, what: str) -> None:
        item, act = self._item(), self._acts[what]
        if item is None or item.status not in _KNOWN or act is None:
            return
        words, yes, verb = _QUESTIONS[what]
        name = item.stack.name
        self._question.ask(words.format(name), yes, lambda: self._do(verb, lambda: act(item)), about=name)

    def _do(self, verb: str, work: Callable[[], Any]) -> None:
        """Run *work* and look anew, with the buttons off."""

        def run() -> None:
            self._note.value = working(verb)
            try:
                done = work()
            finally:
                # Work that failed half way may have changed something, too.
                self._look()
            self._note.value = done_part(verb, done)

        off = (self._again, self._heal, self._adopt)
        self.background(run, lambda html: setattr(self._note, "value", html), off=off, after=self._refill)
