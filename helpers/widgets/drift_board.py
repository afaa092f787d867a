"""The drift board, static and live: what differs from Git, side by side, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from helpers.errors import CourseError
from helpers.widgets._base import Interactive, button, choose, controls, frame, pick
from helpers.widgets._gitops import DIFFERENCES, Compared, compared_name, count, diff_part, several
from helpers.widgets._html import Html, code, cut, details, dim, head, join, mark, page, tag
from helpers.widgets._style import STATES

#: The three answers. The third is never the first.
Answer = Literal["drifted", "unknown", "in-sync"]
ANSWERS: tuple[Answer, ...] = ("drifted", "unknown", "in-sync")
_MEANS = {
    "drifted": "The cluster is not as Git says.",
    "unknown": "We could not tell. This is not the same as in sync.",
    "in-sync": "The cluster is as Git says.",
}


@dataclass(frozen=True)
class Item:
    """One row of the board: a comparison, or why there is none."""

    name: str
    answer: Answer
    compared: Compared | None = None
    why: str = ""


def drift_items(diffs: Compared | Iterable[Compared], unknown: Mapping[str, str] | None = None) -> tuple[Item, ...]:
    """Return the rows, drifted first: comparisons, and what could not be compared (name -> why)."""
    found = [Item(compared_name(d), "in-sync" if d.status == "same" else "drifted", d) for d in several(diffs)]
    found += [Item(name, "unknown", None, why) for name, why in (unknown or {}).items()]
    if not found:
        found = [Item("everything", "unknown", None, "nothing was compared")]
    return tuple(sorted(found, key=lambda item: (ANSWERS.index(item.answer), item.name)))


def drift_board_html(
    diffs: Compared | Iterable[Compared], *, unknown: Mapping[str, str] | None = None, wanted: str = "Git"
) -> str:
    """Return the board.

    Args:
        diffs: comparisons: `ResourceDiff` of Argo CD or `ObjectDiff` of Kubernetes.
        unknown: what could not be compared: name -> why.
        wanted: where the wanted state comes from.
    """
    items = drift_items(diffs, unknown)
    drifted = sum(item.answer == "drifted" for item in items)
    parts = [details(_line(item), item_part(item, wanted), open=item.answer == "unknown" or
                     (item.answer == "drifted" and drifted <= 3)) for item in items]  # fmt: skip
    return page(board_head(items), *parts, label="Drift board")


def board_head(items: Sequence[Item]) -> Html:
    """Return the title with the answers counted, and what the worst of them means."""
    counts = {a: sum(item.answer == a for item in items) for a in ANSWERS}
    title = head("Drift", *(mark(a, n) for a, n in counts.items() if n), dim(count(len(items), "resource")))
    return join((title, *(tag("p", _MEANS[a]) for a, n in counts.items() if n and (a != "in-sync" or n == len(items)))))


def _line(item: Item) -> Html:
    return tag("span", mark(item.answer), " ", code(item.name), class_=f"m-row-{item.answer}")


def item_part(item: Item, wanted: str = "Git") -> Html:
    """Return one row opened: the difference side by side, or why there is no answer."""
    if item.compared is None:
        said = tag("p", mark("unknown"), " ", _MEANS["unknown"])
        return tag("div", said, tag("pre", cut(item.why or "no reason given", 4000)))
    special = mark(DIFFERENCES[item.compared.status]) if item.compared.status in ("missing", "extra") else ""
    return join((tag("p", special) if special else "", diff_part(item.compared, wanted)))


class DriftBoard(Interactive):
    """Shows what drifted and acts on the answer of a person: heal (Git wins) or adopt (the live state wins).

    Args:
        source: comparisons, or a callable that makes them anew.
        heal: puts Git's state back into the cluster for one comparison; what it returns is shown by its ``repr``.
        adopt: writes the live state to Git for one comparison.
        unknown: what could not be compared: name -> why.
        wanted: where the wanted state comes from.
    """

    def __init__(
        self,
        source: Any,
        *,
        heal: Callable[[Any], Any] | None = None,
        adopt: Callable[[Any], Any] | None = None,
        unknown: Mapping[str, str] | None = None,
        wanted: str = "Git",
    ) -> None:
        self._source, self._unknown, self._wanted = source, unknown, wanted
        self._acts = {"heal": heal, "adopt": adopt}
        self.items: tuple[Item, ...] = ()
        self._compare()

    def __repr__(self) -> str:
        counts = ", ".join(f"{sum(i.answer == a for i in self.items)} {STATES[a].word}" for a in ANSWERS)
        return f"DriftBoard({counts})"

    def html(self) -> str:
        """Return the static twin."""
        parts = [details(_line(i), item_part(i, self._wanted), open=i.answer != "in-sync") for i in self.items]
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
        import ipywidgets

        self._head, self._detail, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._filter = choose("Show", [("all", ""), *((STATES[a].word, a) for a in ANSWERS)], self._refill)
        self._list = pick("Resources", self._selected, rows=7)
        self._again = button("Compare again", lambda _: self._do("Comparing", lambda: None))
        self._again.layout.display = "" if callable(self._source) else "none"
        self._heal = button(f"Heal: {self._wanted} wins…", lambda _: self._ask("heal"),
                            hint=f"Put back into the cluster what {self._wanted} says")  # fmt: skip
        self._adopt = button("Adopt: the live state wins…", lambda _: self._ask("adopt"),
                             hint=f"Write what is live to {self._wanted}")  # fmt: skip
        self._yes = button("Yes", lambda _: self._confirmed(), danger=True)
        self._no = button("No, leave it", lambda _: self._close_question())
        self._asked: tuple[str, Item] | None = None
        self._question = controls(self._yes, self._no)
        self._question.layout.display = "none"
        for name, one in (("heal", self._heal), ("adopt", self._adopt)):
            one.layout.display = "" if self._acts[name] else "none"
        self._refill()
        row = controls(self._filter, self._again, self._heal, self._adopt)
        # The difference needs the whole width: it stands below the list.
        return frame(self._head, row, self._list, self._note, self._question, self._detail)

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
        self._detail.value = page(item_part(item, self._wanted) if item else dim("Nothing to show with this filter."))
        # Nobody can decide on what is not known.
        for one in (self._heal, self._adopt):
            one.disabled = item is None or item.answer != "drifted"
        if self._asked is not None and (item is None or item.name != self._asked[1].name):
            self._close_question()

    def _ask(self, what: str) -> None:
        item = self._item()
        if item is None or item.answer != "drifted":
            return
        words = {
            "heal": (f"Overwrite the live {item.name} with what {self._wanted} says?", "Yes, heal it"),
            "adopt": (f"Write the live state of {item.name} to {self._wanted}?", "Yes, adopt it"),
        }[what]
        self._asked = (what, item)
        self._yes.description = self._yes.tooltip = words[1]
        self._note.value = page(tag("p", words[0], role="alert"))
        self._question.layout.display = ""

    def _close_question(self) -> None:
        self._asked, self._note.value = None, ""
        self._question.layout.display = "none"

    def _confirmed(self) -> None:
        asked = self._asked
        self._close_question()
        if asked is None:
            return
        what, item = asked
        act = self._acts[what]
        if act is not None and item.compared is not None:
            compared = item.compared
            self._do("Healing" if what == "heal" else "Adopting", lambda: act(compared))

    def _do(self, verb: str, work: Callable[[], Any]) -> None:
        """Run *work* and compare anew, with the buttons off."""
        if self._again.disabled:
            return
        for one in (self._again, self._heal, self._adopt):
            one.disabled = True
        self._note.value = page(tag("p", mark("working", f"{verb}…"), role="status"))

        def run() -> None:
            try:
                try:
                    done = work()
                finally:
                    # Work that failed half way may have changed something, too.
                    self._compare()
                said = cut(repr(done), 600) if done is not None else ""
                self._note.value = page(head(verb, mark("done")), tag("p", said) if said else "")
            finally:
                self._again.disabled = False
                self._refill()

        self.background(run, lambda said: setattr(self._note, "value", said))
