"""Draws a resource graph as SVG: a lane for each module, a column for each step of dependency, left to right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass

from helpers.widgets._graph import Node, ResourceGraph
from helpers.widgets._html import Html, details, dim, join, mark, rows_html, tag, text
from helpers.widgets._style import ACTIONS, RISK, Mark

WIDTH, HEIGHT, GAP_X, GAP_Y, PAD, LANE = 184, 40, 36, 12, 12, 22
#: Columns that fit a notebook at full size.
COLUMNS = 5
#: A higher pile of boxes is laid side by side.
PILE = 6
_LABEL = 25

Place = tuple[float, float]


@dataclass(frozen=True)
class _Layout:
    places: dict[str, Place]
    lanes: tuple[tuple[str, float, float], ...]
    width: float
    height: float


def figure(graph: ResourceGraph, *, hot: Set[str] = frozenset(), caption: str = "") -> Html:
    """Return the drawing with legend, caption and the same content as a list.

    Args:
        graph: what to draw.
        hot: nodes to bring out (a blast radius); the others are drawn faint. Empty brings out none.
        caption: a sentence above the drawing.
    """
    if not graph.nodes:
        return tag("p", dim("No resources to draw."))
    layout = _layout(graph)
    notes = [n for n in (caption, graph.note) if n]
    return tag(
        "figure",
        *(tag("p", dim(note)) for note in notes),
        tag("div", _svg(graph, layout, hot), style="overflow-x:auto"),
        _legend(graph),
        details("The graph as a list", _as_list(graph, hot)),
        style="margin:0",
    )


def _layers(graph: ResourceGraph) -> dict[str, int]:
    """Return the column of each node: one more than the highest column it depends on. A cycle shares one column."""
    import networkx as nx

    flow = graph.networkx().reverse()
    condensed = nx.condensation(flow)
    column: dict[int, int] = {}
    for group in nx.topological_sort(condensed):
        column[group] = 1 + max((column[p] for p in condensed.predecessors(group)), default=-1)
    return {member: column[g] for g in condensed for member in condensed.nodes[g]["members"]}


def _layout(graph: ResourceGraph) -> _Layout:
    layer = _layers(graph)
    needs: dict[str, list[str]] = defaultdict(list)
    for source, target in graph.edges:
        needs[source].append(target)
    lanes = sorted({node.module for node in graph.nodes})
    cells: dict[tuple[str, int], list[Node]] = defaultdict(list)
    for node in graph.nodes:
        cells[node.module, layer[node.id]].append(node)
    count = 1 + max(layer.values())
    wide = max(1, COLUMNS // count)
    spans = [wide if max(len(cells[m, c]) for m in lanes if (m, c) in cells) > PILE else 1 for c in range(count)]
    lefts = [PAD + sum(spans[:c]) * (WIDTH + GAP_X) for c in range(count)]
    places: dict[str, Place] = {}
    bands = []
    top = float(PAD)
    for lane in lanes:
        rows = 0
        for column in range(count):
            pile = cells.get((lane, column), [])
            pile.sort(key=lambda n: (_middle(n, needs, places), n.id))
            per = -(-len(pile) // spans[column])
            for i, node in enumerate(pile):
                x = lefts[column] + (i // per) * (WIDTH + GAP_X)
                places[node.id] = (x, top + LANE + (i % per) * (HEIGHT + GAP_Y))
            rows = max(rows, per)
        height = LANE + rows * (HEIGHT + GAP_Y)
        bands.append((lane, top, height))
        top += height + GAP_Y
    return _Layout(places, tuple(bands), PAD + sum(spans) * (WIDTH + GAP_X) - GAP_X + PAD, top)


def _middle(node: Node, needs: dict[str, list[str]], places: dict[str, Place]) -> float:
    known = [places[n][1] for n in needs[node.id] if n in places]
    return sum(known) / len(known) if known else 0.0


def _svg(graph: ResourceGraph, layout: _Layout, hot: Set[str]) -> Html:
    label = f"Dependency graph of {len(graph.nodes)} nodes and {len(graph.edges)} dependencies"
    parts: list[Html] = []
    if len(layout.lanes) > 1 or layout.lanes[0][0]:
        parts += [_lane(name, top, height, layout.width) for name, top, height in layout.lanes]
    parts += [_edge(layout.places[a], layout.places[b], _edge_class(a, b, hot)) for a, b in graph.edges]
    parts += [_box(node, layout.places[node.id], bool(hot) and node.id not in hot) for node in graph.nodes]
    least = round(layout.width * 0.72)
    return tag(
        "svg", *parts, viewBox=f"0 0 {layout.width:g} {layout.height:g}", width=f"{layout.width:g}",
        style=f"min-width:min({least}px,{round(layout.width)}px)", role="graphics-document", aria_label=label,
    )  # fmt: skip


def _lane(name: str, top: float, height: float, width: float) -> Html:
    frame = tag("rect", x=4, y=f"{top:g}", width=f"{width - 8:g}", height=f"{height:g}", rx=6, class_="m-group")
    return join((frame, tag("text", name or "root module", x=14, y=f"{top + 15:g}", class_="m-small")))


def _edge_class(source: str, target: str, hot: Set[str]) -> str:
    if not hot:
        return "m-edge"
    return "m-edge m-hot" if source in hot and target in hot else "m-edge m-faint"


def _edge(source: Place, target: Place, class_: str) -> Html:
    """Return the arrow from a dependency (left) to its dependant (right): the way a change spreads."""
    (x2, y2), (x1, y1) = source, target
    x1, y1, y2 = x1 + WIDTH, y1 + HEIGHT / 2, y2 + HEIGHT / 2
    bend = max(18.0, abs(x2 - x1) / 2)
    line = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2 - 6:g} {y2:g}"
    point = f"M{x2:g} {y2:g}l-8 -4v8z"
    return join((tag("path", d=line, class_=class_), tag("path", d=point, class_="m-head-of")))


def _box(node: Node, place: Place, faint: bool) -> Html:
    x, y = place
    shown = ACTIONS.get(node.action, Mark("·", node.action, "plain"))
    tone = "bad" if node.reasons else shown.tone
    many = f" ×{len(node.addresses)}" if len(node.addresses) > 1 else ""
    said = f"{node.id}{many}: {shown.word}" + "".join(f"; risk: {r}" for r in dict.fromkeys(node.reasons))
    parts = [
        tag("title", said),
        tag("rect", x=f"{x:g}", y=f"{y:g}", width=WIDTH, height=HEIGHT, rx=5, class_=f"m-box m-{tone}",
            stroke_dasharray="4 3" if node.action in ("no-op", "read") else None,
            stroke_width=2.5 if node.reasons else None),
        tag("text", shown.symbol, x=f"{x + 9:g}", y=f"{y + 17:g}", class_=f"m-{shown.tone}", font_weight="bold"),
        tag("text", _short(node.label, _LABEL - 3 - len(many)) + many, x=f"{x + 24:g}", y=f"{y + 17:g}"),
        tag("text", _short(node.kind, _LABEL), x=f"{x + 9:g}", y=f"{y + 32:g}", class_="m-small"),
    ]  # fmt: skip
    if node.reasons:
        parts += [
            tag("circle", cx=f"{x + WIDTH - 2:g}", cy=f"{y + 2:g}", r=8, class_="m-box m-bad"),
            tag("text", RISK.symbol, x=f"{x + WIDTH - 5.5:g}", y=f"{y + 6.5:g}", class_="m-bad", font_weight="bold"),
        ]
    return tag("g", *parts, class_="m-faint" if faint else None, role="img", aria_label=said)


def _short(name: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 8]}…{name[-7:]}"


def _legend(graph: ResourceGraph) -> Html:
    present = {node.action for node in graph.nodes}
    marks = [mark(action) for action in ACTIONS if action in present]
    if any(node.reasons for node in graph.nodes):
        marks.append(mark(RISK))
    return tag("p", join(marks, " "), " ", dim("→ a dependency points at what depends on it"))


def _as_list(graph: ResourceGraph, hot: Set[str]) -> Html:
    needs: dict[str, list[str]] = defaultdict(list)
    for source, target in graph.edges:
        needs[source].append(target)
    rows = []
    for node in sorted(graph.nodes, key=lambda n: n.id):
        risk = [tag("span", mark(RISK), " ", text(r), class_="m-risk") for r in dict.fromkeys(node.reasons)]
        reached = "yes" if node.id in hot else "no"
        row: list[object] = [join((tag("code", node.id), *risk)), mark(node.action), ", ".join(needs[node.id]) or "–"]
        rows.append([*row, reached] if hot else row)
    return rows_html(["Resource", "Action", "Depends on", *(["In reach"] if hot else [])], rows)
