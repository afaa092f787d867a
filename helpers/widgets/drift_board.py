"""The drift board, live: what differs from Git, and buttons to heal it or to adopt it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets

from helpers.core.errors import CourseError
from helpers.core.html.elements import details, dim, page, tag
from helpers.core.html.style import STATES
from helpers.widgets.base import Interactive, Question, button, choose, controls, done_part, frame, pick, working
from helpers.widgets.renderers.drift_board import ANSWERS, Item, board_head, drift_items, item_part, item_title


class DriftBoard(Interactive):
    """Shows what drifted and acts on the answer of a person: heal (Git wins) or adopt (the live state wins).

    Args:
        source: comparisons, or a callable that makes them anew.
        heal: puts Git's state back into the cluster for one comparison; what it returns is shown by its ``repr``.
        adopt: writes the live state to Git for one comparison.
        unknown: what could not be compared: name -> why.
        desired: where the desired state comes from.
    """

    def __init__(
        self,
        source: Any,
        *,
        heal: Callable[[Any], Any] | None = None,
        adopt: Callable[[Any], Any] | None = None,
        unknown: Mapping[str, str] | None = None,
        desired: str = "Git",
    ) -> None:
        self._source, self._unknown, self._desired = source, unknown, desired
        self._acts = {"heal": heal, "adopt": adopt}
        self.items: tuple[Item, ...] = ()
        self._compare()

    def __repr__(self) -> str:
        counts = ", ".join(f"{sum(i.answer == a for i in self.items)} {STATES[a].word}" for a in ANSWERS)
        return f"DriftBoard({counts})"

    def html(self) -> str:
        """Return the static twin."""
        parts = [details(item_title(i), item_part(i, self._desired), open=i.answer != "in-sync") for i in self.items]
        return page(board_head(self.items), *parts, label="Drift board")

    def _compare(self) -> None:
        """Compare anew. A comparison that fails leaves no old answer standing."""
        try:
            found = self._source() if callable(self._source) else self._source
        except CourseError as error:
            self.items = (Item("everything", "unknown", None, error.diagnostics()),)
        else:
            self.items = drift_items(found, self._unknown)

    def _build(self) -> Any:
        self._head, self._detail, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._filter = choose("Show", [("all", ""), *((STATES[a].word, a) for a in ANSWERS)], self._refill)
        self._list = pick("Resources", self._selected, rows=7)
        self._again = button("Compare again", lambda _: self._do("Comparing", lambda: None))
        self._again.layout.display = "" if callable(self._source) else "none"
        self._heal = button(
            f"Heal: {self._desired} wins…",
            lambda _: self._ask("heal"),
            hint=f"Restore the state of {self._desired} in the cluster",
        )
        self._adopt = button(
            "Adopt: the live state wins…", lambda _: self._ask("adopt"), hint=f"Write the live state to {self._desired}"
        )
        self._question = Question(self._note, "No, leave it")
        for name, one in (("heal", self._heal), ("adopt", self._adopt)):
            one.layout.display = "" if self._acts[name] else "none"
        self._refill()
        row = controls(self._filter, self._again, self._heal, self._adopt)
        # The difference needs the whole width: it stands below the list.
        return frame(self._head, row, self._list, self._note, self._question.box, self._detail)

    def _refill(self, _: Any = None) -> None:
        self._head.value = page(tag("div", board_head(self.items), role="status"))
        shown = [i for i in self.items if self._filter.value in ("", i.answer)]
        before = self._list.value
        self._list.options = [(f"{STATES[i.answer].symbol} {STATES[i.answer].word}  {i.name}", i.name) for i in shown]
        names = [i.name for i in shown]
        self._list.value = before if before in names else (names[0] if names else None)
        self._selected()

    def _item(self) -> Item | None:
        return next((i for i in self.items if i.name == self._list.value), None)

    def _selected(self, _: Any = None) -> None:
        item = self._item()
        self._detail.value = page(item_part(item, self._desired) if item else dim("Nothing to show with this filter."))
        # Nobody can decide on what is not known.
        for one in (self._heal, self._adopt):
            one.disabled = item is None or item.answer != "drifted"
        if self._question.about is not None and (item is None or item.name != self._question.about):
            self._question.close()

    def _ask(self, what: str) -> None:
        item = self._item()
        if item is None or item.answer != "drifted" or item.compared is None:
            return
        words, yes, verb = {
            "heal": (f"Overwrite the live {item.name} with the state of {self._desired}?", "Yes, heal it", "Healing"),
            "adopt": (f"Write the live state of {item.name} to {self._desired}?", "Yes, adopt it", "Adopting"),
        }[what]
        act, compared = self._acts[what], item.compared
        if act is not None:
            self._question.ask(words, yes, lambda: self._do(verb, lambda: act(compared)), about=item.name)

    def _do(self, verb: str, work: Callable[[], Any]) -> None:
        """Run *work* and compare anew, with the buttons off."""

        def run() -> None:
            self._note.value = working(verb)
            try:
                done = work()
            finally:
                # Work that failed half way may have changed something, too.
                self._compare()
            self._note.value = done_part(verb, done)

        off = (self._again, self._heal, self._adopt)
        self.background(run, lambda html: setattr(self._note, "value", html), off=off, after=self._refill)
