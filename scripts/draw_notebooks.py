"""Draw what stands at the head of each lecture and lab notebook: where its parts sit, and the ways between them.

``notebooks/drawings/UNIT.yaml`` describes the drawings: columns of boxes from left to right, and arrows. From it
``python -m scripts.draw_notebooks`` makes ``notebooks/drawings/UNIT/NAME.svg`` and the line in the notebook's first
cell that shows it, with a text for readers who do not see it; with ``--check`` it only compares (exit 1 when outdated).

The drawing is a file that a Markdown cell shows, so it knows nothing of the page around it: it has a ground of its
own, and follows the reader's preference for light or dark.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from helpers.core import yaml_reader
from helpers.core.html.elements import Html, tag
from helpers.core.html.style import COLOURS
from helpers.course import outline
from scripts.imports import ROOT

FOLDER = ROOT / "notebooks" / "drawings"
COMMAND = "python -m scripts.draw_notebooks"
#: Font sizes, and the width of a letter in proportion (a font of fixed width, so that a text's width is known).
NAME, SMALL, LETTER = 13.0, 11.0, 0.602
PAD, HEIGHT, ROW, GAP, HEAD, EDGE = 10.0, 42.0, 24.0, 92.0, 26.0, 12.0
#: What is drawn in which colour -> (light, dark).
PAINT = {
    "ground": ("#ffffff", "#15181c"),
    "column": ("#f3f5f8", "#262b31"),
    "text": ("#1c2127", "#e6e9ec"),
    "dim": COLOURS["plain"],
    "line": COLOURS["info"],
}
_IMAGE = re.compile(r"^!\[Where the parts sit.*\]\(.*\.svg\)\n\n?", re.MULTILINE)


class Rect(NamedTuple):
    """A place in the drawing: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Rect) -> bool:
        """Do the two share a point?"""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height


@dataclass(frozen=True)
class Box:
    """A part: its name, and what it is."""

    name: str
    about: str
    place: Rect


@dataclass(frozen=True)
class Arrow:
    """What goes from one part to another; ``label`` may be empty, and has its place."""

    source: Box
    target: Box
    label: str
    place: Rect


@dataclass(frozen=True)
class Drawing:
    """All parts of one notebook, each where it is drawn."""

    columns: tuple[tuple[str, Rect], ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: float
    height: float

    def alternative(self) -> str:
        """Return the drawing in words."""
        parts = []
        for title, place in self.columns:
            here = [box.name for box in self.boxes if place.overlaps(box.place)]
            parts.append(f"{title}: {', '.join(here)}")
        ways = [f"{a.source.name} to {a.target.name}{f' ({a.label})' if a.label else ''}" for a in self.arrows]
        return f"Where the parts sit. {'; '.join(parts)}. Arrows go from {', '.join(ways)}.".replace("]", ")")


def wide(words: str, size: float) -> float:
    """Return the width of a text."""
    return len(words) * LETTER * size


def layout(raw: dict[str, Any]) -> Drawing:
    """Place the parts of a description.

    Raises:
        ValueError: an arrow names no box, or goes past a column.
    """
    tallest = max(len(boxes) for boxes in raw["columns"].values())
    height = EDGE + HEAD + tallest * (HEIGHT + ROW) - ROW + 2 * PAD + EDGE
    left, columns, boxes, column_of = EDGE, [], {}, {}
    for number, (title, listed) in enumerate(raw["columns"].items()):
        texts = {key: [part.strip() for part in f"{text}|".split("|")[:2]] for key, text in listed.items()}
        inner = max(max(wide(name, NAME), wide(about, SMALL)) for name, about in texts.values()) + 2 * PAD
        inner = max(inner, wide(title, SMALL))
        columns.append((str(title), Rect(left, EDGE, inner + 2 * PAD, height - 2 * EDGE)))
        top = EDGE + HEAD + PAD + (tallest - len(texts)) * (HEIGHT + ROW) / 2
        for key, (name, about) in texts.items():
            boxes[key] = Box(name, about, Rect(left + PAD, top, inner, HEIGHT))
            column_of[key] = number
            top += HEIGHT + ROW
        left += inner + 2 * PAD + GAP
    arrows = [_arrow(text, boxes, column_of) for text in raw["arrows"]]
    return Drawing(tuple(columns), tuple(boxes.values()), tuple(arrows), left - GAP + EDGE, height)


def _arrow(text: str, boxes: dict[str, Box], column_of: dict[str, int]) -> Arrow:
    ends, _, label = (part.strip() for part in text.partition(":"))
    source, target = (part.strip() for part in ends.split("->"))
    if source not in boxes or target not in boxes:
        raise ValueError(f"the arrow {text!r} names a box that is not there")
    step = abs(column_of[source] - column_of[target])
    if step > 1 or (label and not step):
        raise ValueError(f"the arrow {text!r} must go to the next column, or without a label to a box of its own")
    (x1, y1), (x2, y2) = _ends(boxes[source].place, boxes[target].place)
    width = wide(label, SMALL)
    return Arrow(boxes[source], boxes[target], label, Rect((x1 + x2 - width) / 2, (y1 + y2) / 2 - 15, width, SMALL + 2))


def _ends(source: Rect, target: Rect) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where an arrow leaves and arrives: from side to side, within a column from edge to edge."""
    if source.x == target.x:
        middle, down = source.x + source.width / 2, target.y > source.y
        out = source.y + source.height if down else source.y
        return (middle, out), (middle, target.y if down else target.y + target.height)
    right = target.x > source.x
    out = source.x + source.width if right else source.x
    into = target.x if right else target.x + target.width
    return (out, source.y + source.height / 2), (into, target.y + target.height / 2)


def svg(drawing: Drawing) -> str:
    """Return a drawing as a file."""
    parts: list[Html] = [tag("title", drawing.alternative()), tag("style", Html(_style()))]
    parts.append(tag("rect", width=_n(drawing.width), height=_n(drawing.height), rx=8, class_="ground"))
    for title, place in drawing.columns:
        parts.append(_rect(place, "column"))
        parts.append(_text(title, place.x + PAD, place.y + 18, "dim"))
    parts += [_line(arrow) for arrow in drawing.arrows]
    for box in drawing.boxes:
        parts.append(_rect(box.place, "box"))
        x, y = box.place.x + PAD, box.place.y
        parts.append(_text(box.name, x, y + (18 if box.about else 26), "name"))
        if box.about:
            parts.append(_text(box.about, x, y + 34, "dim"))
    parts += [_text(a.label, a.place.x, a.place.y + SMALL, "label") for a in drawing.arrows if a.label]
    size = f"0 0 {_n(drawing.width)} {_n(drawing.height)}"
    made = tag("svg", *parts, xmlns="http://www.w3.org/2000/svg", viewBox=size, width=_n(drawing.width), role="img")
    return f"{made}\n"


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _rect(place: Rect, kind: str) -> Html:
    x, y, width, height = map(_n, place)
    return tag("rect", x=x, y=y, width=width, height=height, rx=5, class_=kind)


def _text(words: str, x: float, y: float, kind: str) -> Html:
    return tag("text", words, x=_n(x), y=_n(y), class_=kind)


def _line(arrow: Arrow) -> Html:
    (x1, y1), (x2, y2) = _ends(arrow.source.place, arrow.target.place)
    if arrow.source.place.x == arrow.target.place.x:
        down = 1 if y2 > y1 else -1
        line, tip = f"M{_n(x1)} {_n(y1)}V{_n(y2 - 7 * down)}", f"M{_n(x2)} {_n(y2)}l-4 {-8 * down}h8z"
    else:
        right = 1 if x2 > x1 else -1
        bend = (x1 + x2) / 2
        line = f"M{_n(x1)} {_n(y1)}C{_n(bend)} {_n(y1)} {_n(bend)} {_n(y2)} {_n(x2 - 7 * right)} {_n(y2)}"
        tip = f"M{_n(x2)} {_n(y2)}l{-8 * right} -4v8z"
    return tag("g", tag("path", d=line, class_="line"), tag("path", d=tip, class_="tip"))


def _style() -> str:
    light, dark = ("".join(f"--{name}:{pair[n]};" for name, pair in PAINT.items()) for n in (0, 1))
    return (
        f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f"text{{font:{SMALL:g}px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--text)}}"
        f".name{{font-size:{NAME:g}px;font-weight:600}}.dim{{fill:var(--dim)}}.ground,.box{{fill:var(--ground)}}"
        ".column{fill:var(--column)}.box{stroke:var(--dim)}.line{fill:none;stroke:var(--line);stroke-width:1.4}"
        ".tip{fill:var(--line)}"
        ".label{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}"
    )


def notebooks() -> dict[str, Path]:
    """Return UNIT/NAME -> file of every lecture and every lab notebook (in ``source/``, where there is one)."""
    found = {f"{p.parent.name}/{p.stem}": p for p in sorted((ROOT / "notebooks").glob("unit*/*.ipynb"))}
    for name, lab in outline.labs().items():
        found |= {f"{name}/{Path(n).stem}": ROOT / "source" / lab.assignment / n for n in lab.notebooks}
    return found


def described() -> dict[str, Drawing]:
    """Return UNIT/NAME -> drawing of every description."""
    return {
        f"{file.stem}/{name}": layout(raw)
        for file in sorted(FOLDER.glob("*.yaml"))
        for name, raw in yaml_reader.load(file.read_text(encoding="utf-8")).items()
    }


def shown(text: str, key: str, notebook: Path, drawing: Drawing) -> str:
    """Return a notebook's first cell with the line that shows the drawing, right below the title."""
    up = "../drawings" if notebook.parent.parent.name == "notebooks" else "../../notebooks/drawings"
    title, _, rest = _IMAGE.sub("", text).partition("\n\n")
    return f"{title}\n\n![{drawing.alternative()}]({up}/{key}.svg)\n\n{rest}"


def wanted() -> Iterator[tuple[Path, str]]:
    """Yield each file that is made, with the text that it must have."""
    files = notebooks()
    for key, drawing in described().items():
        yield FOLDER / f"{key}.svg", svg(drawing)
        if key in files and files[key].is_file():
            document = json.loads(files[key].read_text(encoding="utf-8"))
            first = document["cells"][0]
            first["source"] = shown("".join(first["source"]), key, files[key], drawing).splitlines(keepends=True)
            yield files[key], json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args(arguments).check
    outdated = [
        (file, text) for file, text in wanted() if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]
    for file, text in outdated:
        print(f"{'outdated' if check else 'drawn'}: {file.relative_to(ROOT)}")
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return 1 if check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
