"""How long does a lecture take an expert? Counted from its words, cells and tasks, so that the minutes stated are held.

.. code-block:: shell

   python -m scripts.lecture_minutes      # each lecture: what was counted, the minutes computed and stated

A section whose heading ends with ``(optional)`` is for the curious: it is not counted to the unit's hours, and no cell
outside of such sections uses a name that is made in one. The rates are those of `RATES`; waiting is what a run of all
lectures took (``tests/durations.json``), shared equally.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from scripts.imports import ROOT

#: Seconds that an expert needs for one. Words: 210 a minute, a little below what adults read of plain English, silently
#: (238 a minute: Brysbaert 2019, Journal of Memory and Language 109). The others are ours, for one who reads the code,
#: writes a prediction down, tries the exercise and answers each question once.
RATES = {"words": 60 / 210, "shown": 60 / 420, "lines": 5, "cells": 8, "predictions": 30, "exercises": 300}
RATES["questions"] = 60
OPTIONAL = "(optional)"
_STATED = re.compile(
    r"\*\*Unit (?P<unit>\d) · (?:about (?P<core>\d+) minutes\*\*(?: \((?P<more>\d+) more for optional sections\))?"
    r"|optional: about (?P<only>\d+) minutes\*\*)"
)
_WORD = re.compile(r"[^\W_][\w'’.-]*")
_HEADING = re.compile(r"^##? .*$", re.MULTILINE)


@dataclass(frozen=True)
class Counted:
    """What a part of a lecture holds."""

    words: int = 0
    shown: int = 0
    lines: int = 0
    cells: int = 0
    predictions: int = 0
    exercises: int = 0
    questions: int = 0
    waiting: float = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def minutes(self) -> float:
        """How long an expert needs for it."""
        seconds = sum(float(getattr(self, name)) * rate for name, rate in RATES.items())
        return (seconds + self.waiting) / 60


@dataclass(frozen=True)
class Lecture:
    """A lecture: what is counted of it, and what it states.

    Attributes:
        core, optional: what belongs to the unit's hours, and what is for the curious.
        stated, stated_optional: minutes in its head.
    """

    path: Path
    core: Counted
    optional: Counted
    stated: int
    stated_optional: int


def lectures(unit: str) -> list[Lecture]:
    """Return the lectures of a unit, for example ``unit1``."""
    return [read(path) for path in sorted((ROOT / "notebooks" / unit).glob("*.ipynb"))]


def read(path: Path) -> Lecture:
    """Count one lecture.

    Raises:
        ValueError: its head does not state its minutes.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = _STATED.search("".join(cells[0]["source"]))
    if not found:
        raise ValueError(f"{path}: its first cell states no minutes")
    core, optional = Counted(waiting=_waiting()), Counted()
    for part, apart in parts(cells):
        optional, core = (optional + part, core) if apart else (optional, core + part)
    core += Counted(questions=_questions(path))
    if only := found["only"]:
        return Lecture(path, Counted(), core + optional, 0, int(only))
    return Lecture(path, core, optional, int(found["core"]), int(found["more"] or 0))


def parts(cells: list[dict[str, Any]]) -> Iterator[tuple[Counted, bool]]:
    """Yield each piece of a lecture between two headings or cells, and whether it is in an optional section."""
    apart = False
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            yield _code(cell, source), apart
            continue
        begins = [0, *(match.start() for match in _HEADING.finditer(source)), len(source)]
        for begin, end in itertools.pairwise(begins):
            piece = source[begin:end]
            if heading := _HEADING.match(piece):
                apart = heading[0].endswith(OPTIONAL)
            yield _prose(piece), apart


def _prose(text: str) -> Counted:
    plain = re.sub(r"!\[[^\]]*\]|<[^>]*>|\]\([^)]*\)", " ", text)
    return Counted(
        words=len(_WORD.findall(plain)), predictions=text.count("**Predict**"), exercises=text.count("**Exercise")
    )


def _code(cell: dict[str, Any], source: str) -> Counted:
    texts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell["outputs"]]
    shown = sum(len(_WORD.findall("".join(text))) for text in texts)
    return Counted(shown=shown, lines=sum(bool(line.strip()) for line in source.splitlines()), cells=1)


def _questions(path: Path) -> int:
    asked = yaml_reader.load((path.parent / "questions.yaml").read_text(encoding="utf-8"))
    return len(asked.get(path.name[:2], ()))


@cache
def _waiting() -> float:
    """Return the seconds that a lecture runs, on average: all of them ran one after the other."""
    recorded = json.loads((ROOT / "tests" / "durations.json").read_text("utf-8"))
    seconds = sum(
        row["seconds"] for test, row in recorded.items() if test.startswith("tests/notebooks/test_lectures.py")
    )
    return float(seconds) / len(list((ROOT / "notebooks").glob("unit*/*.ipynb")))


def leaning(path: Path) -> list[str]:
    """Return the names that are made in optional sections only and used outside of them."""
    apart, made, kept, used = False, set[str](), set(dir(builtins)), list[str]()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            headings = _HEADING.findall(source)
            apart = headings[-1].endswith(OPTIONAL) if headings else apart
            continue
        names = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
        if apart:
            made |= _bound(source)
            continue
        kept |= _bound(source)
        used += [node.id for node in names if isinstance(node.ctx, ast.Load)]
    return sorted({name for name in used if name in made - kept})


def _bound(source: str) -> set[str]:
    tree = ast.parse(source)
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    stored |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return stored | {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}


def main() -> None:
    """Print what was counted."""
    names = list(vars(Counted()))[:-1]
    print(f"{'lecture':44}", *(f"{name:>11}" for name in names), "  computed  stated  optional: computed  stated")
    for unit in sorted(path.name for path in (ROOT / "notebooks").glob("unit*")):
        found = lectures(unit)
        for one in found:
            counts = (f"{getattr(one.core, name):11}" for name in names)
            place = one.path.relative_to(ROOT / "notebooks").as_posix()
            optional = f"{one.optional.minutes:20.0f} {one.stated_optional:7}"
            print(f"{place:44}", *counts, f"{one.core.minutes:10.0f} {one.stated:7}", optional)
        print(f"{unit:44}", f"{sum(one.core.minutes for one in found):{12 * len(names) + 9}.0f}", end=" ")
        print(f"{sum(one.stated for one in found):7}")


if __name__ == "__main__":
    main()
