"""A plan to look through: filter, pick a resource, see its attributes; graph; risks with their JSON paths."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.core.html.elements import Html, code, cut, details, dim, join, mark, page, rows_html, tag, text
from helpers.core.html.style import ACTIONS, RISK
from helpers.widgets.base import Interactive, choose, controls, frame, pick, side_by_side
from helpers.widgets.renderers.draw import figure
from helpers.widgets.renderers.graph import plan_graph
from helpers.widgets.renderers.plan import (
    SHOWN_ACTIONS,
    attribute_diff,
    diagnostics_part,
    more,
    plan_html,
    reasons_of,
    summary,
)
from helpers.widgets.renderers.risk import Risk, plan_risks

if TYPE_CHECKING:
    from helpers.wrappers.terraform.types import Graph, Plan, ResourceChange


class PlanViewer(Interactive):
    """Shows a plan in three tabs: changes, graph, risks.

    Args:
        plan: the plan, of Terraform or of Pulumi (`Preview`).
        dot: the output of ``terraform graph`` (``tf.graph()``); it knows dependencies through local values too.
    """

    def __init__(self, plan: Plan, *, dot: Graph | str = "") -> None:
        self.plan = plan
        self.risks = plan_risks(plan)
        self._dot = dot if isinstance(dot, str) else dot.dot

    def __repr__(self) -> str:
        risky = len({risk.address for risk in self.risks if risk.address})
        return f"PlanViewer({self.plan.summary}; {risky} risky)"

    def html(self) -> str:
        """Return the static twin."""
        return plan_html(self.plan)

    def shown(self, wanted: str, words: str = "") -> tuple[ResourceChange, ...]:
        """Return the changes a filter lets through.

        Args:
            wanted: ``changes`` (all but unchanged), ``all``, ``risky`` or one action.
            words: every one must be in the address.
        """
        risky = {risk.address for risk in self.risks}
        found = (c for c in self.plan.resource_changes if all(w in c.address.lower() for w in words.lower().split()))
        if wanted == "risky":
            return tuple(c for c in found if c.label in risky)
        if wanted == "changes":
            return tuple(c for c in found if c.action != "no-op" or c.moves)
        return tuple(c for c in found if wanted in ("all", c.action))

    def _build(self) -> Any:
        self._filter = choose("Show", self._filters(), self._refill)
        self._search = ipywidgets.Text(
            description="Address", placeholder="part of an address", style={"description_width": "initial"}
        )
        self._search.observe(self._refill, "value")
        self._list = pick("Resources", self._selected, rows=min(14, max(5, len(self.plan.resource_changes))))
        self._diff = ipywidgets.HTML()
        self._count = ipywidgets.HTML()
        changes = ipywidgets.VBox(
            [
                controls(self._filter, self._search, self._count),
                side_by_side(self._list, self._diff),
            ]
        )
        graph = ipywidgets.HTML(page(figure(plan_graph(self.plan, self._dot))))
        tabs = ipywidgets.Tab([changes, graph, ipywidgets.HTML(page(self.risk_table()))])
        tabs.titles = ("Changes", "Graph", f"Risks ({len(self.risks)})")
        top = ipywidgets.HTML(
            page(summary(self.plan, self.risks), diagnostics_part(self.plan.diagnostics), more(self.plan))
        )
        self._refill()
        return frame(top, tabs)

    def _filters(self) -> list[tuple[str, str]]:
        counts = [(ACTIONS[a], a, self.plan.count(a)) for a in SHOWN_ACTIONS]
        rest = [(f"{m.symbol} {m.word} ({n})", a) for m, a, n in counts if n]
        named = [
            (f"{label} ({len(self.shown(key))})", key)
            for label, key in (("changes", "changes"), ("! risky", "risky"), ("everything", "all"))
        ]
        return [named[0], named[1], *rest, named[2]]

    def _refill(self, _: Any = None) -> None:
        found = self.shown(self._filter.value, self._search.value)
        before = self._list.value
        options = [(self._line(c), c.label) for c in found]
        self._list.options = options
        addresses = [c.label for c in found]
        self._list.value = before if before in addresses else (addresses[0] if addresses else None)
        noun = "resource" if len(found) == 1 else "resources"
        self._count.value = page(tag("span", f"{len(found)} {noun}", role="status", class_="m-dim"))
        self._selected()

    def _line(self, change: ResourceChange) -> str:
        shown = ACTIONS[str(change.action)]
        risk = f" {RISK.symbol}" if reasons_of(self.risks, change.label) else ""
        module = change.module_address
        # The resource first: a narrow list cuts the end.
        own = f"{change.label.removeprefix(f'{module}.')}  in {module}" if module else change.label
        return f"{shown.symbol} {shown.word}{risk}  {own}"

    def _selected(self, _: Any = None) -> None:
        change = next((c for c in self.plan.resource_changes if c.label == self._list.value), None)
        self._diff.value = page(self.resource(change) if change else tag("p", dim("Nothing to show with this filter.")))

    def resource(self, change: ResourceChange) -> Html:
        """Return one resource: what happens to it, its risks and its attributes."""
        reasons = reasons_of(self.risks, change.label)
        return join(
            (
                tag("p", mark(str(change.action)), " ", code(change.label)),
                *(tag("p", mark(RISK), " ", text(reason), class_="m-risk") for reason in reasons),
                attribute_diff(change),
            )
        )

    def risk_table(self) -> Html:
        """Return the risks, each with its path in the plan's JSON and what stands there."""
        rows = []
        for risk in self.risks:
            where = code(risk.address) if risk.address else dim("whole plan")
            rows.append([where, tag("span", mark(RISK), " ", risk.reason), self._path(risk)])
        note = tag(
            "p", dim(f"The path is into the JSON of {self.plan.document}, which is what a policy reads as input.")
        )
        return join((note if rows else "", rows_html(["Resource", "Why", "JSON path"], rows, empty="No risks found.")))

    def _path(self, risk: Risk) -> Html:
        if risk.json_path.count(".") < 2:
            return code(risk.json_path)
        value = json.dumps(json_at(self.plan.raw, risk.json_path), indent=2, ensure_ascii=False, default=str)
        return details(code(risk.json_path), tag("pre", cut(value, 2000)))


_STEP = re.compile(r'\.([^.\[\]]+)|\[(\d+)\]|\["([^"]*)"\]')


def json_at(document: Any, path: str) -> Any:
    """Return what stands at a path such as ``$.resource_changes[0].change.actions``; nothing when it is not there."""
    for name, index, quoted in _STEP.findall(path):
        try:
            document = document[int(index) if index else name or quoted]
        except (KeyError, IndexError, TypeError):
            return None
    return document
