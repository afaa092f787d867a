"""Who imports whom in this project, read from the files: imports inside functions and for types only count as well.

Strings that name a module (the service catalogue, the table of displays, the facade's stub) are data and do not count.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Top packages of the project.
TOPS = ("helpers", "grading", "benchmarks")


@dataclass(frozen=True)
class Import:
    """One imported name.

    Attributes:
        importer: the module that imports.
        name: the full name as written, for example ``helpers.core.paths.ROOT``.
        imported: the module of this project that it is or belongs to; empty for anything else.
        line: where, from 1.
        in_function: it runs when a function is called, not when the module is loaded.
        explained: a comment on its line or on the line above says why it stands where it stands.
    """

    importer: str
    name: str
    imported: str
    line: int
    in_function: bool
    explained: bool

    @property
    def private(self) -> bool:
        """Whether a part of the name begins with one underscore: not for other rooms."""
        return any(part.startswith("_") and not part.startswith("__") for part in self.name.split("."))

    @property
    def crosses_rooms(self) -> bool:
        """Whether it leaves the room of the importer for another one of this project."""
        return bool(self.imported) and room(self.imported) != room(self.importer)


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Return module name -> file of everything in the top packages."""
    found = {}
    for path in sorted(path for top in TOPS for path in (root / top).rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def room(module: str) -> str:
    """Return the room of a module: ``helpers.core`` of ``helpers.core.process.types``, ``grading`` of `grading`'s."""
    top, *rest = module.split(".")
    return f"{top}.{rest[0]}" if top == "helpers" and rest else top


def read(root: Path = ROOT) -> list[Import]:
    """Return every import of the top packages, in the order of the files."""
    files = modules(root)
    return [one for name, path in files.items() for one in _of_file(name, path.read_text(encoding="utf-8"), files)]


def between_rooms(imports: list[Import]) -> dict[tuple[str, str], int]:
    """Return (room, imported room) -> the number of pairs of files behind it; the facade is no room of its own."""
    pairs = {(one.importer, one.imported) for one in imports if one.crosses_rooms}
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for importer, imported in pairs:
        if "helpers" not in (importer, imported):
            counts[room(importer), room(imported)] += 1
    return dict(counts)


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other (Tarjan's strongly connected components of two or more)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            cut = stack.index(node)
            group = sorted(stack[cut:])
            del stack[cut:]
            if len(group) > 1:
                found.append(group)

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return sorted(found)


def _of_file(importer: str, source: str, files: Mapping[str, Path]) -> Iterator[Import]:
    lines = source.splitlines()

    def walk(node: ast.AST, in_function: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                explained = _explained(lines, child)
                for name in _names(child):
                    imported = _module_of(name, files)
                    imported = "" if imported == importer else imported
                    yield Import(importer, name, imported, child.lineno, in_function, explained)
            yield from walk(child, in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))

    return walk(ast.parse(source), False)


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names]


def _explained(lines: list[str], node: ast.stmt) -> bool:
    own = lines[node.lineno - 1 : node.end_lineno]
    return any("#" in line for line in own) or lines[node.lineno - 2].lstrip().startswith("#")


def _module_of(name: str, files: Mapping[str, Path]) -> str:
    while name and name not in files:
        name = name.rpartition(".")[0]
    return name
