"""Draw the rooms of `helpers/` into ``docs/architecture.md``: floors by ``.importlinter``, counts by the code.

``python -m scripts.draw_architecture`` writes the drawing; with ``--check`` it only compares (exit 1 when outdated).
Counts are drawn as steps (few, 10+, 20+, 50+ ...), so that an ordinary change leaves the drawing as it is.
"""

from __future__ import annotations

import argparse
import configparser
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts import imports as house
from scripts.imports import ROOT

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- drawn by: python -m scripts.draw_architecture -->"
END = "<!-- end of the drawing -->"
COMMAND = "python -m scripts.draw_architecture"

#: What a count has reached; fewer than the least are few.
STEPS = (200, 100, 50, 20, 10)
#: What a newcomer finds in a room, in the words of this drawing.
HOLDS = {
    "cli": "the course command",
    "course": "labs, checks, hints, scenarios of lectures, quiz",
    "widgets": "displays: renderers and interactive widgets",
    "servers": "programs run by python -m, and their declarations",
    "compliance": "gates, leaks, audit, evidence, provenance",
    "clients": "typed clients of APIs",
    "wrappers": "one command line tool each",
    "runtime": "find and build tools, start and stop services",
    "core": "processes, errors, redaction, files, display protocol, HTML",
}


def floors(root: Path = ROOT) -> list[tuple[str, ...]]:
    """Return the rooms floor by floor, from the top, as the import contract has them."""
    contract = configparser.ConfigParser()
    contract.read(root / ".importlinter", encoding="utf-8")
    lines = contract["importlinter:contract:floors"]["layers"].split("\n")
    return [tuple(name.strip() for name in line.split("|")) for line in lines if line.strip()]


def about(count: int) -> str:
    """Return the step that a count has reached."""
    return next((f"{step}+" for step in STEPS if count >= step), "few")


def drawing(root: Path = ROOT) -> str:
    """Return the Mermaid drawing and the table of imports behind it."""
    counts = {
        (importer.removeprefix("helpers."), imported.removeprefix("helpers.")): count
        for (importer, imported), count in house.between_rooms(house.read(root)).items()
        if importer.startswith("helpers.") and imported.startswith("helpers.")
    }
    levels = floors(root)
    return f"```mermaid\n{mermaid(levels, counts)}\n```\n\n{table(levels, counts)}"


def mermaid(levels: Sequence[Sequence[str]], counts: dict[tuple[str, str], int]) -> str:
    """Return the rooms by floors and the arrows between them."""
    lines = ["flowchart TB", '  notebooks(["notebooks"]) --> facade -.->|names of every room| course']
    for number, rooms in enumerate(levels):
        floor = len(levels) - number
        title = "roof" if number == 0 else f"floor {floor}"
        lines.append(f'  subgraph {"top" if number == 0 else f"floor{floor}"}["{title}"]')
        if number == 0:
            lines.append('    facade["<b>helpers</b><br/>the facade"]')
        lines += [f'    {room}["<b>{room}/</b><br/>{HOLDS[room]}"]' for room in rooms]
        lines.append("  end")
    lines += [
        f"  {importer} -->|{about(counts[importer, imported])}| {imported}"
        for importer, imported in sorted(counts, key=lambda pair: _place(levels, pair))
        if _next_below(levels, counts, importer, imported)
    ]
    return "\n".join(lines)


def _place(levels: Sequence[Sequence[str]], pair: tuple[str, str]) -> tuple[int, ...]:
    order = [room for rooms in levels for room in rooms]
    return tuple(order.index(room) for room in pair)


def _next_below(
    levels: Sequence[Sequence[str]], counts: dict[tuple[str, str], int], importer: str, imported: str
) -> bool:
    """Whether no room between the two is imported by the one and imports the other: only such arrows are drawn."""
    rooms = [room for floor in levels for room in floor]
    return not any((importer, room) in counts and (room, imported) in counts for room in rooms)


def table(levels: Sequence[Sequence[str]], counts: dict[tuple[str, str], int]) -> str:
    """Return how often each room (row) imports each other one (column)."""
    rooms = [room for floor in levels for room in floor]
    columns = [room for room in rooms if any(imported == room for _, imported in counts)]
    lines = [f"| imports of | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for room in (room for room in rooms if any(importer == room for importer, _ in counts)):
        cells = [about(counts[room, column]) if (room, column) in counts else "" for column in columns]
        lines.append(f"| {' | '.join([f'`{room}`', *cells])} |")
    return "\n".join(lines)


def page(text: str, drawn: str) -> str:
    """Return the page with a new drawing between its two marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{PAGE.name} has lost the line {BEGIN if not begin else END}")
    return f"{before}{BEGIN}\n\n{drawn}\n\n{END}{after}"


def main() -> None:
    """Write the drawing, or compare it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when it is outdated")
    check = parser.parse_args().check
    before = PAGE.read_text(encoding="utf-8")
    after = page(before, drawing())
    if check and before != after:
        sys.exit(f"The drawing in docs/{PAGE.name} is outdated. Next: {COMMAND}")
    if not check:
        PAGE.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
