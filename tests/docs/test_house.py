"""Counts of the house: circles, hidden and private imports, length. A limit here may only go down.

Whoever brings a count down lowers its limit in the same change, so that nobody can use up what was won.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from scripts import imports as house
from scripts.imports import ROOT, Import

#: Imports that run inside a function, counted by statement.
INSIDE_FUNCTIONS = 100
#: Of these, the ones without a comment (on the line or on the line above) that says why.
UNEXPLAINED = 0
#: Names with a leading underscore that another room imports.
PRIVATE_ACROSS_ROOMS = 0
#: Lines that the formatter must leave alone, in the whole project.
UNFORMATTED = 0
#: Modules of helpers/ with more than LONGEST lines.
LONGEST = 450
TOO_LONG = 0


@cache
def imports() -> list[Import]:
    return house.read()


@cache
def file_circles() -> list[list[str]]:
    graph: dict[str, set[str]] = defaultdict(set)
    for one in imports():
        if one.imported:
            graph[one.importer].add(one.imported)
    return house.circles(graph)


def inside() -> dict[tuple[str, int], Import]:
    return {(one.importer, one.line): one for one in imports() if one.in_function}


def ratchet(what: str, found: list[str], limit: int) -> None:
    listed = "\n".join(sorted(found))
    assert len(found) <= limit, f"{len(found)} {what}; at most {limit} are allowed:\n{listed}"


def test_the_counts_read_the_code() -> None:
    assert len(house.modules()) > 350
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}
    assert house.circles(graph) == [["a", "b", "c"]]
    # Known imports of each kind, so that a reader that sees nothing cannot pass.
    assert any(one.crosses_rooms and not one.in_function for one in imports())
    assert any(one.in_function and one.explained for one in imports())


def test_no_circle_among_rooms() -> None:
    graph: dict[str, set[str]] = defaultdict(set)
    for room, imported in house.between_rooms(imports()):
        graph[room].add(imported)
    assert not house.circles(graph)


def test_no_circle_among_files() -> None:
    """Neither across rooms nor within one."""
    assert not file_circles()


def test_imports_are_absolute() -> None:
    assert not [one for one in imports() if one.name.startswith(".")]


def test_nothing_private_is_imported_across_rooms() -> None:
    found = [f"{one.importer}:{one.line} {one.name}" for one in imports() if one.private and one.crosses_rooms]
    ratchet("private names imported across rooms", found, PRIVATE_ACROSS_ROOMS)


def test_few_imports_are_inside_functions_and_each_says_why() -> None:
    found = inside()
    ratchet(
        "imports inside functions",
        [f"{one.importer}:{one.line} {one.name}" for one in found.values()],
        INSIDE_FUNCTIONS,
    )
    unexplained = [f"{one.importer}:{one.line} {one.name}" for one in found.values() if not one.explained]
    ratchet("imports inside functions without a comment that says why", unexplained, UNEXPLAINED)


def test_the_formatter_decides() -> None:
    # Put together, so that this line is not one of them.
    mark = "# fmt: " + "skip"
    files = [path for top in (*house.TOPS, "tests", "scripts") for path in (ROOT / top).rglob("*.py")]
    files += ROOT.glob("*.py")
    ratchet(f"lines with {mark}", [str(p) for p in files for _ in range(p.read_text().count(mark))], UNFORMATTED)


def test_no_module_is_long() -> None:
    lengths = {name: path.read_text().count("\n") for name, path in house.modules().items() if "helpers" in name}
    long = [f"{name}: {lines} lines" for name, lines in lengths.items() if lines > LONGEST]
    ratchet(f"modules of more than {LONGEST} lines", long, TOO_LONG)
