"""Draws a tree of applications as SVG: boxes left to right, or many applications as a grid of small cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from helpers.core.html.elements import Html, code, details, dim, join, mark, rows_html, tag
from helpers.widgets.renderers.application_nodes import TreeNode
from helpers.widgets.renderers.gitops import HEALTH_ORDER, SYNC_ORDER, count, health_mark, tally
from helpers.widgets.renderers.shapes import cut_middle, meaning, shape

WIDTH, HEIGHT, GAP_X, GAP_Y, PAD = 206, 56, 34, 10, 6
CELL_W, CELL_H, CELL_GAP, CELLS = 128, 26, 6, 8
_LABEL = 23
_CELL_LABEL = 11
_THICK = "stroke-width:2.6"

Place = tuple[float, float]


def tree_figure(nodes: Sequence[TreeNode]) -> Html:
    """Return the tree with its list twin."""
    if not nodes:
        return tag("p", dim("No applications."))
    drawing = tag("div", _tree(nodes), style="overflow-x:auto")
    return tag("figure", drawing, details("The tree as a list", _as_list(nodes)), style="margin:0")


def grid_figure(nodes: Sequence[TreeNode]) -> Html:
    """Return many applications, grouped by the one they belong to, as cells, with a line of counts for each group."""
    drawing = tag("div", _grid(nodes), style="overflow-x:auto")
    return tag("figure", drawing, details("The applications as a list", _as_list(nodes)), style="margin:0")


def describe(node: TreeNode) -> str:
    """Return a node in words."""
    states = [w for w in (node.health, node.sync) if w]
    note = f" ({node.note})" if node.note else ""
    return f"{node.kind} {node.title}: {', '.join(states) or 'no state of its own'}{note}"


def _children(nodes: Sequence[TreeNode]) -> dict[str, list[TreeNode]]:
    """Return the nodes below each; those whose parent is not there are roots."""
    known = {node.id for node in nodes}
    below: dict[str, list[TreeNode]] = defaultdict(list)
    for node in nodes:
        below[node.parent if node.parent in known and node.parent != node.id else ""].append(node)
    return below


def _layout(nodes: Sequence[TreeNode]) -> tuple[dict[str, Place], float, float]:
    """Place each node: a column for each generation, parents in the middle of their children."""
    below, bottom = _children(nodes), float(PAD)
    places: dict[str, Place] = {}
    # Post-order without recursion: a parent is placed when its children are.
    stack = [(node, 0, False) for node in reversed(below[""])]
    depth = 0
    while stack:
        node, level, ready = stack.pop()
        kids = [k for k in below.get(node.id, ()) if k.id != node.id]
        if kids and not ready:
            stack.append((node, level, True))
            stack += [(kid, level + 1, False) for kid in reversed(kids)]
            continue
        depth = max(depth, level)
        if kids:
            tops = [places[kid.id][1] for kid in kids]
            top = (min(tops) + max(tops)) / 2
        else:
            top, bottom = bottom, bottom + HEIGHT + GAP_Y
        places[node.id] = (PAD + level * (WIDTH + GAP_X), top)
    return places, PAD * 2 + (depth + 1) * (WIDTH + GAP_X) - GAP_X, bottom - GAP_Y + PAD


def _tree(nodes: Sequence[TreeNode]) -> Html:
    places, width, height = _layout(nodes)
    drawn = [node for node in nodes if node.id in places]
    edges = [_edge(places[n.parent], places[n.id]) for n in drawn if n.parent in places and n.parent != n.id]
    boxes = [_box(node, places[node.id]) for node in sorted(drawn, key=lambda n: places[n.id])]
    return _canvas([*edges, *boxes], width, height, f"Tree of {count(len(drawn), 'node')}")


def _canvas(parts: Sequence[Html], width: float, height: float, label: str) -> Html:
    least = min(round(width), max(480, round(width * 0.75)))
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        style=f"min-width:{least}px",
        role="graphics-document",
        aria_label=label,
    )


def _edge(parent: Place, child: Place) -> Html:
    x1, y1, x2, y2 = parent[0] + WIDTH, parent[1] + HEIGHT / 2, child[0], child[1] + HEIGHT / 2
    middle = (x1 + x2) / 2
    return tag("path", d=f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}", class_="m-edge")


def _tone(node: TreeNode) -> str:
    """Return the tone of the border: that of the worse of health and sync."""
    tones = [meaning(w).tone for w in (node.health, node.sync) if w]
    return next((t for t in ("bad", "change", "info", "plain", "good") if t in tones), "plain")


def _box(node: TreeNode, place: Place) -> Html:
    x, y = place
    dashed = {"Missing", "Unknown"} & {node.health, node.sync}
    parts = [
        tag("title", describe(node)),
        tag(
            "rect",
            x=f"{x:g}",
            y=f"{y:g}",
            width=WIDTH,
            height=HEIGHT,
            rx=5,
            class_=f"m-box m-{_tone(node)}",
            style=None if node.fine else _THICK,
            stroke_dasharray="5 3" if dashed else None,
        ),
        tag("text", cut_middle(node.title, _LABEL + 2), x=f"{x + 10:g}", y=f"{y + 17:g}", class_="m-name"),
        tag("text", cut_middle(node.kind, _LABEL + 4), x=f"{x + 10:g}", y=f"{y + 31:g}", class_="m-small"),
    ]
    at = x + 16
    for word in (node.health, node.sync):
        if word:
            parts += [
                shape(word, at, y + 43.5),
                tag(
                    "text",
                    meaning(word).word,
                    x=f"{at + 12:g}",
                    y=f"{y + 47.5:g}",
                    class_=f"m-small m-{meaning(word).tone}",
                ),
            ]
            at += 30 + len(meaning(word).word) * 6.7
    return tag("g", *parts, role="img", aria_label=describe(node))


def _groups(nodes: Sequence[TreeNode]) -> list[tuple[str, list[TreeNode]]]:
    """Return each owner's name with the applications right below it, sorted; those without an owner come first."""
    below = _children(nodes)
    roots = [node for node in below[""] if node.kind != "ApplicationSet"]
    found = [("Applications at the root", roots)]
    found += [(f"{n.kind} {cut_middle(n.title, 40)}", below[n.id]) for n in nodes if n.id in below]
    return [(name, sorted(members, key=lambda n: n.title)) for name, members in found if members]


def _grid(nodes: Sequence[TreeNode]) -> Html:
    """Draw each group as a lane of cells; with more than one, each lane says how its applications are."""
    groups = _groups(nodes)
    parts: list[Html] = []
    top = float(PAD)
    width = PAD * 2 + CELLS * (CELL_W + CELL_GAP) + 14
    for owner, members in groups:
        height = -(-len(members) // CELLS) * (CELL_H + CELL_GAP) + 30
        prefix = _prefix([node.title for node in members])
        title = f"{owner}{f', {prefix}…' if prefix else ''}{f': {_counts(members)}' if len(groups) > 1 else ''}"
        parts += [
            tag(
                "rect", x=PAD, y=f"{top:g}", width=f"{width - PAD * 2:g}", height=f"{height:g}", rx=6, class_="m-group"
            ),
            tag("text", title, x=PAD + 10, y=f"{top + 17:g}", class_="m-small"),
        ]
        for i, node in enumerate(members):
            place = (PAD + 10 + (i % CELLS) * (CELL_W + CELL_GAP), top + 26 + (i // CELLS) * (CELL_H + CELL_GAP))
            parts.append(_cell(node, place, f"…{node.title[len(prefix) :]}" if prefix else node.title))
        top += height + 8
    return _canvas(parts, width, top, f"{count(len(nodes), 'application')} in groups")


def _prefix(titles: Sequence[str]) -> str:
    """Return what all long names begin with: only the rest tells them apart."""
    if len(titles) < 2 or max(map(len, titles)) <= _CELL_LABEL:
        return ""
    # The first and the last in order differ the earliest.
    first, last = min(titles), max(titles)
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[: first.rfind("-", 0, shared) + 1]


def _counts(members: Sequence[TreeNode]) -> str:
    """Return how many are in which state, in words, worst first."""
    words: list[str] = []
    for order, states in ((HEALTH_ORDER, [m.health for m in members]), (SYNC_ORDER, [m.sync for m in members])):
        words += [f"{states.count(w)} {w}" for w in order if w in states]
    return f"{count(len(members), 'application')}, {', '.join(words)}"


def _cell(node: TreeNode, place: Place, label: str) -> Html:
    x, y = place
    parts = [
        tag("title", describe(node)),
        tag(
            "rect",
            x=f"{x:g}",
            y=f"{y:g}",
            width=CELL_W,
            height=CELL_H,
            rx=4,
            class_=f"m-box m-{_tone(node)}",
            style=None if node.fine else _THICK,
        ),
        shape(node.health or "Unknown", x + 13, y + CELL_H / 2),
        shape(node.sync or "Unknown", x + 31, y + CELL_H / 2),
        tag("text", cut_middle(label, _CELL_LABEL), x=f"{x + 43:g}", y=f"{y + 17:g}"),
    ]
    return tag("g", *parts, role="img", aria_label=describe(node))


def _as_list(nodes: Sequence[TreeNode]) -> Html:
    named = {node.id: node for node in nodes}
    rows = []
    for node in nodes:
        owner = named[node.parent].title if node.parent in named else "–"
        name = join((code(node.title), *([tag("span", node.note, class_="m-dim m-line")] if node.note else [])))
        sync = mark(node.sync) if node.sync else dim("–")
        rows.append([name, node.kind, sync, health_mark(node.health), owner])
    return rows_html(["Name", "Kind", "Sync", "Health", "Belongs to"], rows)


def legend(nodes: Sequence[TreeNode]) -> list[Html]:
    """Return the counts of all applications, which also say what the shapes mean."""
    apps = [n for n in nodes if n.kind == "Application"] or list(nodes)
    return [*tally((n.health for n in apps), HEALTH_ORDER), *tally((n.sync for n in apps), SYNC_ORDER)]
