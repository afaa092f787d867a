"""A timeline as a drawing: a lane for each kind of event, a row for each subject, words that never overlap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from helpers.core.html.elements import Html, dim, join, tag
from helpers.widgets.renderers.gitops import count
from helpers.widgets.renderers.shapes import cut_middle, meaning, shape
from helpers.widgets.renderers.timeline_event import HELD, TimelineEvent, rank, when

WIDTH, ROW, TOP, CHAR, RIGHT = 1060, 24, 8, 6.7, 14
#: More rows than this for one lane cannot be read; the rest is in the list.
MAX_ROWS = 12
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800, 2592000)
_LABEL = 26


class _Bar(NamedTuple):
    """Something drawn: from x to x, with its words and how far they reach."""

    start: float
    end: float
    event: TimelineEvent
    label: str
    held: bool


class _Scale:
    """Turns time into x."""

    def __init__(self, first: datetime, last: datetime, left: float) -> None:
        self.first, self.seconds, self.left = first, max((last - first).total_seconds(), 0.001), left
        self._width = WIDTH - left - RIGHT

    def x(self, at: datetime) -> float:
        """Return the place of a time."""
        return round(self.left + self._width * (at - self.first).total_seconds() / self.seconds, 1)

    def ticks(self) -> list[float]:
        """Return up to about nine round numbers of seconds."""
        step = next((s for s in _STEPS if self.seconds / s <= 8), self.seconds / 8)
        if self.seconds < 1:
            step = self.seconds
        return [i * step for i in range(int(self.seconds / step + 1e-9) + 1)]


def _ends(found: Sequence[TimelineEvent]) -> tuple[datetime, datetime]:
    times = [t for m in found for t in (when(m.at), when(m.until)) if t is not None]
    first, last = min(times), max(times)
    # Room for what holds at the end.
    return first, last + max((last - first) / 12, timedelta(seconds=1))


def _rows(found: Sequence[TimelineEvent]) -> tuple[list[tuple[str, list[list[TimelineEvent]]]], int]:
    """Return each lane with its rows of events, and how many events have no room."""
    lanes, left_out = [], 0
    for lane in sorted({m.lane for m in found}, key=rank):
        mine = [m for m in found if m.lane == lane]
        if lane not in HELD:
            lanes.append((lane, [mine]))
            continue
        subjects = sorted({m.subject for m in mine})
        rows = [[m for m in mine if m.subject == s] for s in subjects]
        # Those that never changed tell least.
        kept = sorted(sorted(range(len(rows)), key=lambda i: (-len(rows[i]), i))[:MAX_ROWS])
        left_out += len(mine) - sum(len(rows[i]) for i in kept)
        lanes.append((lane, [rows[i] for i in kept]))
    return lanes, left_out


def lanes_svg(found: Sequence[TimelineEvent]) -> Html:
    """Return events, oldest first and at least one, as a drawing with a lane for each of their lanes."""
    first, last = _ends(found)
    many = len({m.subject for m in found if m.subject}) > 1
    lanes, left_out = _rows(found)
    widest = max(len(_row_name(lane, row[0], many)) for lane, rows in lanes for row in rows)
    scale = _Scale(first, last, widest * CHAR + 22)
    parts: list[Html] = []
    bands: list[Html] = []
    y = float(TOP)
    for number, (lane, rows) in enumerate(lanes):
        top, drawn = y, []
        for row in rows:
            packed, lost = _pack(row, scale, lane, many)
            left_out += lost
            drawn.append(tag("text", _row_name(lane, row[0], many), x=10, y=f"{y + 16:g}", class_="m-small"))
            for line in packed:
                drawn += [_draw(bar, y) for bar in line]
                y += ROW
        if number % 2 == 0:
            bands.append(tag("rect", x=4, y=f"{top:g}", width=WIDTH - 8, height=f"{y - top:g}", class_="m-lane"))
        parts += drawn
    axis = [_tick(seconds, scale, y) for seconds in scale.ticks()]
    label = f"Timeline of {count(len(found), 'event')} in {count(len(lanes), 'lane')}"
    drawing = tag(
        "svg",
        *bands,
        *axis,
        *parts,
        viewBox=f"0 0 {WIDTH} {y + 24:g}",
        width=WIDTH,
        style="min-width:760px",
        role="graphics-document",
        aria_label=label,
    )
    note = tag("p", dim(f"{count(left_out, 'event')} do not fit into the drawing; the list has them all."))
    return join((drawing, note if left_out else ""))


def _row_name(lane: str, first: TimelineEvent, many: bool) -> str:
    name = f"{lane} {first.subject}" if many and lane in HELD and first.subject else lane
    return cut_middle(name, _LABEL)


def _pack(row: Sequence[TimelineEvent], scale: _Scale, lane: str, many: bool) -> tuple[list[list[_Bar]], int]:
    """Return the bars in as few lines as they fit without touching, and how many do not fit at all."""
    if lane in HELD:
        ends = [*(when(m.at) for m in row[1:]), None]
        edge = scale.x(scale.first + timedelta(seconds=scale.seconds))
        return [
            [
                _Bar(_x(m.at, scale), edge if e is None else scale.x(e), m, meaning(m.state).word, True)
                for m, e in zip(row, ends, strict=True)
            ]
        ], 0
    lines: list[list[_Bar]] = []
    reach: list[float] = []
    lost = 0
    for m in row:
        start = _x(m.at, scale)
        name = f"{m.subject}: " if many and m.subject else ""
        label = _short(f"{name}{_words(m)}", 60)
        end = max(start, _x(m.until, scale)) if m.until and when(m.until) else start
        left, right = _span(start, end, label)
        place = next((i for i, r in enumerate(reach) if r <= left), len(lines))
        if place == MAX_ROWS:
            lost += 1
            continue
        if place == len(lines):
            lines.append([])
            reach.append(0.0)
        lines[place].append(_Bar(start, end, m, label, False))
        reach[place] = right
    return lines, lost


def _short(words: str, limit: int) -> str:
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def _x(at: datetime | str, scale: _Scale) -> float:
    found = when(at)
    return scale.x(found) if found else scale.left


def _span(start: float, end: float, label: str) -> tuple[float, float]:
    """Return from where to where a mark and its words reach; near the right edge the words stand before it."""
    words = len(label) * CHAR + 8
    if _words_before(end, label):
        return start - 12 - words, end + 10
    return start - 10, end + 12 + words


def _words_before(end: float, label: str) -> bool:
    return end + 14 + len(label) * CHAR > WIDTH


def _draw(bar: _Bar, y: float) -> Html:
    tone, middle = meaning(bar.event.state).tone, y + ROW / 2
    description = _describe(bar.event)
    parts = [tag("title", description)]
    if bar.held:
        width = max(bar.end - bar.start, 2)
        parts.append(
            tag(
                "rect",
                x=f"{bar.start:g}",
                y=f"{y + 2:g}",
                width=f"{width:g}",
                height=ROW - 4,
                rx=3,
                class_=f"m-box m-{tone}",
            )
        )
        if width >= 20:
            parts.append(shape(bar.event.state, bar.start + 11, middle))
        if width >= 24 + len(bar.label) * CHAR:
            parts.append(tag("text", bar.label, x=f"{bar.start + 22:g}", y=f"{middle + 4:g}", class_="m-small"))
        return tag("g", *parts, role="img", aria_label=description)
    if bar.end > bar.start + 1:
        parts.append(tag("path", d=f"M{bar.start:g} {middle:g}H{bar.end:g}", class_=f"m-shape m-{tone}"))
    parts.append(shape(bar.event.state, bar.end, middle))
    before = _words_before(bar.end, bar.label)
    at = min(bar.start, bar.end) - 12 if before else bar.end + 12
    parts.append(
        tag(
            "text", bar.label, x=f"{at:g}", y=f"{middle + 4:g}", class_="m-small", text_anchor="end" if before else None
        )
    )
    return tag("g", *parts, role="img", aria_label=description)


def _describe(m: TimelineEvent) -> str:
    subject = f"{m.subject}: " if m.subject else ""
    return f"{m.lane}, {subject}{_words(m)}"


def _words(m: TimelineEvent) -> str:
    # The shape already shows that an event is a normal one.
    return ", ".join(w for w in ("" if m.state == "Normal" else meaning(m.state).word, m.what) if w)


def _tick(seconds: float, scale: _Scale, bottom: float) -> Html:
    x = scale.x(scale.first + timedelta(seconds=seconds))
    line = tag("path", d=f"M{x:g} {TOP}V{bottom + 4:g}", class_="m-tick")
    return join(
        (
            line,
            tag(
                "text",
                _ago(seconds),
                x=f"{x:g}",
                y=f"{bottom + 18:g}",
                class_="m-small",
                text_anchor="middle" if seconds else "start",
            ),
        )
    )


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"+{seconds / size:g} {unit}"
    return f"+{seconds:.3g} s" if seconds < 60 else f"+{seconds / 60:.3g} min"
