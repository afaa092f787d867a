"""The test pyramid to look through: pick a layer or the survivors, pick a mutant, read what each layer said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.core.html.elements import dim, page, tag
from helpers.widgets.base import Interactive, choose, controls, frame, pick, side_by_side
from helpers.widgets.renderers.pyramid import SURVIVOR, mutant_part, pyramid_html, pyramid_table, pyramid_title

if TYPE_CHECKING:
    from helpers.compliance.pyramid import PyramidReport


class PyramidBoard(Interactive):
    """Shows a measured pyramid.

    Args:
        report: see `helpers.pyramid.measure`.
    """

    def __init__(self, report: PyramidReport) -> None:
        self.report = report

    def __repr__(self) -> str:
        return f"PyramidBoard({self.report!r})"

    def html(self) -> str:
        """Return the static twin."""
        return pyramid_html(self.report)

    def shown(self, wanted: str) -> tuple[str, ...]:
        """Return the mutants that a filter lets through: ``all``, ``survivors``, ``LAYER`` or ``only LAYER``."""
        if wanted == "survivors":
            return self.report.survivors
        if wanted.startswith("only "):
            return self.report.unique(wanted.removeprefix("only "))
        return tuple(mutant.id for mutant in self.report.mutants) if wanted == "all" else self.report.kills(wanted)

    def _build(self) -> Any:
        self._filter = choose("Show", self._filters(), self._refill)
        self._count, self._detail = ipywidgets.HTML(), ipywidgets.HTML()
        self._list = pick("Mutants", self._selected, rows=min(14, max(5, len(self.report.mutants))))
        top = ipywidgets.HTML(page(pyramid_title(self.report), pyramid_table(self.report), label="Test pyramid"))
        self._refill()
        return frame(top, controls(self._filter, self._count), side_by_side(self._list, self._detail))

    def _filters(self) -> list[tuple[str, str]]:
        named = [("every mutant", "all"), ("survivors", "survivors")]
        for layer in self.report.layers:
            named += [(f"killed by {layer.title}", layer.id), (f"killed only by {layer.title}", f"only {layer.id}")]
        return [(f"{label} ({len(self.shown(key))})", key) for label, key in named]

    def _refill(self, _: Any = None) -> None:
        found = self.shown(self._filter.value)
        before = self._list.value
        alive = self.report.survivors
        self._list.options = [(f"{SURVIVOR.symbol} {SURVIVOR.word}  {id}" if id in alive else id, id) for id in found]
        self._list.value = before if before in found else (found[0] if found else None)
        noun = "mutant" if len(found) == 1 else "mutants"
        self._count.value = page(tag("span", f"{len(found)} {noun}", role="status", class_="m-dim"))
        self._selected()

    def _selected(self, _: Any = None) -> None:
        id = self._list.value
        self._detail.value = page(mutant_part(self.report, id) if id else tag("p", dim("No mutant to show.")))
