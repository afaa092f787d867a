"""The drift board: what differs from Git, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from helpers.core.html.elements import Html, code, cut, details, dim, head, join, mark, page, tag
from helpers.widgets.renderers.gitops import DIFFERENCES, Compared, compared_name, count, diff_part, several

#: The three answers. The third is never the first.
Answer = Literal["drifted", "unknown", "in-sync"]
ANSWERS: tuple[Answer, ...] = ("drifted", "unknown", "in-sync")
_MEANS = {
    "drifted": "The cluster differs from Git.",
    "unknown": "We could not tell. This is not the same as in sync.",
    "in-sync": "The cluster matches Git.",
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
    diffs: Compared | Iterable[Compared], *, unknown: Mapping[str, str] | None = None, desired: str = "Git"
) -> str:
    """Return the board.

    Args:
        diffs: comparisons: `ResourceDiff` of Argo CD or `ObjectDiff` of Kubernetes.
        unknown: what could not be compared: name -> why.
        desired: where the desired state comes from.
    """
    items = drift_items(diffs, unknown)
    drifted = sum(item.answer == "drifted" for item in items)
    parts = [
        details(
            item_title(item),
            item_part(item, desired),
            open=item.answer == "unknown" or (item.answer == "drifted" and drifted <= 3),
        )
        for item in items
    ]
    return page(board_head(items), *parts, label="Drift board")


def board_head(items: Sequence[Item]) -> Html:
    """Return the title with the answers counted, and what the worst of them means."""
    counts = {a: sum(item.answer == a for item in items) for a in ANSWERS}
    title = head("Drift", *(mark(a, n) for a, n in counts.items() if n), dim(count(len(items), "resource")))
    return join((title, *(tag("p", _MEANS[a]) for a, n in counts.items() if n and (a != "in-sync" or n == len(items)))))


def item_title(item: Item) -> Html:
    """Return the line that stands for a row: the answer and the name."""
    return tag("span", mark(item.answer), " ", code(item.name), class_=f"m-row-{item.answer}")


def item_part(item: Item, desired: str = "Git") -> Html:
    """Return one row opened: the difference side by side, or why there is no answer."""
    if item.compared is None:
        message = tag("p", mark("unknown"), " ", _MEANS["unknown"])
        return tag("div", message, tag("pre", cut(item.why or "no reason given", 4000)))
    special = mark(DIFFERENCES[item.compared.status]) if item.compared.status in ("missing", "extra") else ""
    return join((tag("p", special) if special else "", diff_part(item.compared, desired)))
