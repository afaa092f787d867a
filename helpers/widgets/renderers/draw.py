"""Draws a resource graph as SVG: a lane for each module, a column for each step of dependency, left to right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Set
from dataclasses import dataclass

from helpers.core.html.elements import Html, details, dim, join, mark, rows_html, tag, text
from helpers.core.html.style import ACTIONS, RISK, Mark
from helpers.widgets.renderers.graph import Node, ResourceGraph

WIDTH, HEIGHT, GAP_X, GAP_Y, PAD, LANE = 184, 40, 36, 12, 26, 30
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


def _layers(graph: ResourceGraph, inside: Set[str] | None = None) -> dict[str, int]:
    """Return the step of each node: one more than the highest it depends on. A cycle shares one step."""
    import networkx as nx  # 0.2 s; only graphs need it

    flow = graph.networkx().reverse()
    condensed = nx.condensation(flow if inside is None else flow.subgraph(inside))
    step: dict[int, int] = {}
    for group in nx.lexicographical_topological_sort(condensed):
        step[group] = 1 + max((step[p] for p in condensed.predecessors(group)), default=-1)
    return {member: step[g] for g in condensed for member in condensed.nodes[g]["members"]}


def _layout(graph: ResourceGraph) -> _Layout:
    layer = _layers(graph)
    members: dict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        members[node.module].append(node)
    lanes = sorted(members, key=lambda m: (min(layer[n.id] for n in members[m]), m))
    if 1 + max(layer.values()) > COLUMNS:
        # Too deep for one line: each lane counts its own steps and goes on below, as text does.
        for lane in lanes:
            layer |= _layers(graph, {node.id for node in members[lane]})
    spans = _spans(graph, layer)
    places: dict[str, Place] = {}
    bands = []
    top = 4.0
    for lane in lanes:
        height = _fill(members[lane], layer, spans, graph, places, top + LANE) + LANE
        bands.append((lane, top, height))
        top += height + GAP_Y
    width = max(x for x, _ in places.values()) + WIDTH + PAD
    return _Layout(places, tuple(bands), width, top)


def _spans(graph: ResourceGraph, layer: dict[str, int]) -> list[int]:
    """Return how many boxes each step is wide: a high pile is laid side by side where there is room."""
    count = min(COLUMNS, 1 + max(layer.values()))
    piles = Counter((node.module, layer[node.id]) for node in graph.nodes)
    wide = COLUMNS // count
    return [
        wide if max((n for (_, c), n in piles.items() if c == step), default=0) > PILE else 1 for step in range(count)
    ]


def _fill(
    nodes: list[Node],
    layer: dict[str, int],
    spans: list[int],
    graph: ResourceGraph,
    places: dict[str, Place],
    top: float,
) -> float:
    """Place the nodes of one lane below *top* and return the height they take."""
    needs: dict[str, list[str]] = defaultdict(list)
    for source, target in graph.edges:
        needs[source].append(target)
    lefts = [PAD + sum(spans[:c]) * (WIDTH + GAP_X) for c in range(len(spans))]
    start = top
    for line in sorted({layer[node.id] // len(spans) for node in nodes}):
        rows = 0
        for column, left in enumerate(lefts):
            pile = [n for n in nodes if layer[n.id] == line * len(spans) + column]
            pile.sort(key=lambda n: (_middle(n, needs, places), n.id))
            per = max(1, -(-len(pile) // spans[column]))
            for i, node in enumerate(pile):
                places[node.id] = (left + (i // per) * (WIDTH + GAP_X), top + (i % per) * (HEIGHT + GAP_Y))
            rows = max(rows, per if pile else 0)
        top += rows * (HEIGHT + GAP_Y)
    return top - start


def _middle(node: Node, needs: dict[str, list[str]], places: dict[str, Place]) -> float:
    known = [places[n][1] for n in needs[node.id] if n in places]
    return sum(known) / len(known) if known else 0.0


def _svg(graph: ResourceGraph, layout: _Layout, hot: Set[str]) -> Html:
    label = f"Dependency graph of {len(graph.nodes)} nodes and {len(graph.edges)} dependencies"
    parts: list[Html] = []
    # What is brought out is drawn last, over the rest.
    edges = sorted(graph.edges, key=lambda e: (e[0] in hot and e[1] in hot, e))
    if len(layout.lanes) > 1 or layout.lanes[0][0]:
        parts += [_lane(name, top, height, layout.width) for name, top, height in layout.lanes]
    parts += [_edge(layout.places[a], layout.places[b], _edge_class(a, b, hot)) for a, b in edges]
    parts += [_box(node, layout.places[node.id], bool(hot) and node.id not in hot) for node in graph.nodes]
    least = round(layout.width * 0.72)
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {layout.width:g} {layout.height:g}",
        width=f"{layout.width:g}",
        style=f"min-width:min({least}px,{round(layout.width)}px)",
        role="graphics-document",
        aria_label=label,
    )


def _lane(name: str, top: float, height: float, width: float) -> Html:
    frame = tag("rect", x=4, y=f"{top:g}", width=f"{width - 8:g}", height=f"{height:g}", rx=6, class_="m-group")
    return join((frame, tag("text", name or "root module", x=14, y=f"{top + 15:g}", class_="m-small")))


def _edge_class(source: str, target: str, hot: Set[str]) -> str:
    if not hot:
        return "m-edge"
    return "m-edge m-hot" if source in hot and target in hot else "m-edge m-faint"


def _edge(source: Place, target: Place, class_: str) -> Html:
    """Return the arrow from a dependency to its dependant: the way a change spreads."""
    (x2, top), (x1, y1) = source, target
    x1, y1, y2 = x1 + WIDTH, y1 + HEIGHT / 2, top + HEIGHT / 2
    if 0 < x2 - x1 <= GAP_X:
        line = f"M{x1:g} {y1:g}C{x1 + GAP_X / 2:g} {y1:g} {x2 - GAP_X / 2:g} {y2:g} {x2 - 6:g} {y2:g}"
    else:
        # Through the gaps between boxes, never behind one: out, along the row's upper edge, in.
        out, into, row = x1 + GAP_X / 3, x2 - GAP_X / 2, top - GAP_Y / 2
        line = f"M{x1:g} {y1:g}C{out:g} {y1:g} {out:g} {row:g} {out + (6 if into > out else -6):g} {row:g}"
        line += f"H{into - (6 if into > out else -6):g}C{into:g} {row:g} {into - 4:g} {y2:g} {x2 - 6:g} {y2:g}"
    point = f"M{x2:g} {y2:g}l-8 -4v8z"
    tip = "m-tip m-hot" if "m-hot" in class_ else "m-tip"
    return join((tag("path", d=line, class_=class_), tag("path", d=point, class_=tip)))


def _box(node: Node, place: Place, faint: bool) -> Html:
    x, y = place
    shown = ACTIONS.get(node.action, Mark("·", node.action, "plain"))
    tone = "bad" if node.reasons else shown.tone
    many = f" ×{len(node.addresses)}" if len(node.addresses) > 1 else ""
    description = f"{node.id}{many}: {shown.word}" + "".join(f"; risk: {r}" for r in dict.fromkeys(node.reasons))
    parts = [
        tag("title", description),
        tag(
            "rect",
            x=f"{x:g}",
            y=f"{y:g}",
            width=WIDTH,
            height=HEIGHT,
            rx=5,
            class_=f"m-box m-{tone}",
            stroke_dasharray="4 3" if node.action in ("no-op", "read") else None,
            stroke_width=2.5 if node.reasons else None,
        ),
        tag("text", shown.symbol, x=f"{x + 9:g}", y=f"{y + 17:g}", class_=f"m-{shown.tone}", font_weight="bold"),
        tag("text", _short(node.label, _LABEL - 3 - len(many)) + many, x=f"{x + 24:g}", y=f"{y + 17:g}"),
        tag("text", _short(node.kind, _LABEL), x=f"{x + 9:g}", y=f"{y + 32:g}", class_="m-small"),
    ]
    if node.reasons:
        parts += [
            tag("circle", cx=f"{x + WIDTH - 2:g}", cy=f"{y + 2:g}", r=8, class_="m-box m-bad"),
            tag(
                "text",
                RISK.symbol,
                x=f"{x + WIDTH - 5.5:g}",
                y=f"{y + 6.5:g}",
                class_="m-bad m-badge",
                font_weight="bold",
            ),
        ]
    return tag("g", *parts, class_="m-faint" if faint else None, role="img", aria_label=description)


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
