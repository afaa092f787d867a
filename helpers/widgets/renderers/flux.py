"""Static display of Flux's Kustomizations and sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.core.html.elements import Html, code, cut, details, dim, head, join, mark, page, rows_html, tag
from helpers.core.html.style import Mark
from helpers.widgets.renderers.gitops import count, several, short

if TYPE_CHECKING:
    from helpers.clients.flux.types import Kustomization, Source

#: Flux knows ready or not; why is in its own reason.
_MARKS = {
    "ready": Mark("✓", "ready", "good"),
    "not ready": Mark("✗", "not ready", "bad"),
    "reconciling": Mark("…", "reconciling", "info"),
    "not begun": Mark("?", "not begun", "change"),
}
_ORDER = ("not ready", "not begun", "reconciling", "ready")


def flux_html(found: Any) -> str:
    """Return Kustomizations or sources, one or many, as a table: ready or not, what was applied, and Flux's words.

    Args:
        found: `helpers.flux.Kustomization`, `helpers.flux.Source`, or many of one of them.
    """
    items = sorted(several(found), key=lambda one: one.name)
    sources = bool(items) and not hasattr(items[0], "inventory")
    noun = "source" if sources else "Kustomization"
    kept = ["Source", "State", "Revision", "Branch", "From"]
    applied = ["Kustomization", "State", "Applied", "Source", "Every", "#Count"]
    columns = kept if sources else applied
    rows = [_source(one) if sources else _kustomization(one) for one in items]
    title = head(count(len(items), noun), *_tally(items))
    inside = details(_heading(items[0]), _inventory(items[0])) if len(items) == 1 and not sources else ""
    return page(title, rows_html(columns, rows, empty=f"No {noun}s."), inside, label=f"Flux {noun}s")


def _tally(items: list[Any]) -> list[Html]:
    """Return how many are in which state, worst first."""
    words = [_state(one) for one in items]
    return [mark(_MARKS[word], words.count(word)) for word in _ORDER if word in words]


def _state(one: Kustomization | Source) -> str:
    if one.ready:
        return "ready"
    return "reconciling" if one.reconciling and one.reason else "not ready" if one.reason else "not begun"


def _named(one: Kustomization | Source) -> Html:
    """Return name and, unless all is well, why not."""
    if one.ready:
        return code(one.name)
    return join(
        (
            code(one.name),
            tag("span", mark("Warning"), " ", f"{one.reason or 'Waiting'}: ", cut(one.message, 400), class_="m-risk"),
        )
    )


def _revision(revision: str) -> Html:
    if not revision:
        return dim("none")
    branch, _, commit = revision.partition("@")
    return join((code(short(commit.rpartition(":")[2])), " ", dim(branch)))


def _kustomization(one: Kustomization) -> list[object]:
    state = join((mark(_MARKS[_state(one)]), " ", mark("Suspended") if one.suspended else ""))
    origin = join((code(one.source.name), " ", dim(one.path)))
    return [_named(one), state, _revision(one.applied_revision), origin, one.interval, len(one.inventory)]


def _source(one: Source) -> list[object]:
    place = join((code(cut(one.url, 120)), " ", dim(one.path)))
    return [_named(one), mark(_MARKS[_state(one)]), _revision(one.revision), code(one.branch), place]


def _heading(one: Kustomization) -> str:
    return f"Inventory; what goes from Git {'is deleted' if one.prune else 'stays in the cluster'}"


def _inventory(one: Kustomization) -> Html:
    rows = [[ref.kind, code(ref.namespace), code(ref.name), code(ref.api_version)] for ref in one.inventory]
    return rows_html(["Kind", "Namespace", "Name", "API version"], rows, empty="It manages nothing.")
