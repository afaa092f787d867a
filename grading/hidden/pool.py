"""Makes what learners get of the final quiz from the questions with their keys, and checks both.

.. code-block:: shell

   python -m grading.hidden.pool            # check grading/hidden/assessment.yaml, then write iac/assessment/quiz.yaml
   python -m grading.hidden.pool --check    # only say what is wrong (exit 1: something is)
   python -m grading.hidden.pool --new      # draw other papers

Learners get texts, options and values to draw from, and neither a key nor a condition or computation that would lead
to one. Of the papers (`helpers.course.assessment.drawing`) only those are listed whose keys are balanced. Each of them
tells about two bits of the keys, so there are fewer than would be needed to find the keys from the list.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import secrets
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grading import _notebook
from grading.hidden import assessment as judge
from grading.hidden.assessment import KEYS
from helpers.core import yaml_reader
from helpers.core.files import write_atomic
from helpers.core.paths import ROOT
from helpers.course import outline
from helpers.course.assessment import drawing
from helpers.course.assessment.exam import POOL
from helpers.course.quiz import load, rules
from helpers.course.quiz.expressions import evaluate

#: Questions that the pool has at least, papers that can be drawn, rows of values of one question at most.
LEAST, PAPERS, ROWS = 60, 32, 60
#: Part of the keys that one letter may have at most, in the pool and on each paper.
MOST_LETTER = 0.3
#: Part of the words of two questions that may be the same; more is the same question.
MOST_ALIKE = 0.6
#: What learners get of a question.
PUBLIC = ("id", "kind", "text", "options", "unit")


def public(item: dict[str, Any]) -> dict[str, Any]:
    """Return what learners get of a question: values that fulfil its condition, not the condition."""
    made = {name: item[name] for name in PUBLIC if name in item}
    if spec := item.get("draw"):
        rows = sorted((list(question.values.values()) for question in rules.questions(item)), key=_mixed(item))
        made |= {"names": list(spec), "draws": json.dumps(rows[:ROWS])}
    return made


def _mixed(item: dict[str, Any]) -> Any:
    return lambda row: hashlib.sha256(f"{item['id']} {row}".encode()).digest()


def pool(papers: list[str] | None = None) -> dict[str, Any]:
    """Return what learners get, with the given papers as far as they are balanced, and new ones for the others."""
    units = judge.pool()
    kept = [paper for paper in papers or [] if not unbalanced(paper, units)][:PAPERS]
    while len(kept) < PAPERS:
        paper = secrets.token_hex(4)
        if not unbalanced(paper, units):
            kept.append(paper)
    return {"papers": kept, "units": {unit: [public(item) for item in items] for unit, items in units.items()}}


def unbalanced(paper: str, units: dict[str, list[dict[str, Any]]]) -> str:
    """Return what is wrong with the keys of a paper: which letter is right too often; nothing when it is fine."""
    size = outline.load()["assessment"]["quiz"]
    keys: Counter[str] = Counter()
    for items in units.values():
        for item in drawing.asked(paper, items, size["choices"], size["numbers"]):
            shown = {letter: here for here, letter in drawing.order(paper, item).items()}
            keys.update([shown[item["answer"]]] if item.get("options") else [])
    often = [letter for letter, times in keys.items() if times > MOST_LETTER * keys.total()]
    return f"{', '.join(sorted(often))} too often: {dict(sorted(keys.items()))}" if often else ""


def problems(keys: Path = KEYS, given: Path = POOL) -> list[str]:
    """Return what is wrong with the questions, and with what was made of them: nothing when all is fine."""
    if found := rules.problems(keys):
        return found
    units = judge.pool(keys)
    made = yaml_reader.load(given.read_text(encoding="utf-8")) if given.is_file() else {"papers": []}
    return [*_of_pool(units), *_of_questions(units), *_of_made(units, made)]


def _of_pool(units: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    items = [item for own in units.values() for item in own]
    module = outline.load()
    size = module["assessment"]["quiz"]
    if list(units) != [unit["id"] for unit in module["units"]]:
        yield f"the sections are {', '.join(units)}, not the course's units"
    if len(items) < LEAST:
        yield f"there are {len(items)} questions; {LEAST} are wanted"
    for unit, own in units.items():
        kinds = Counter(item.get("kind", "choice") for item in own)
        if kinds["choice"] < 2 * size["choices"] or kinds["number"] < 2 * size["numbers"] or len(kinds) > 2:
            yield f"{unit} has {dict(kinds)}; of each kind twice as many are wanted as are asked"
    letters = Counter(item["answer"] for item in items if item.get("options"))
    yield from (
        f"{letter} is right {times} times in {letters.total()}"
        for letter, times in sorted(letters.items())
        if times > MOST_LETTER * letters.total()
    )


def _of_questions(units: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    practice = list(_practised())
    for unit, item in ((unit, item) for unit, own in units.items() for item in own):
        path, _, cell = str(item.get("of", "")).partition("#")
        folder = f"notebooks/unit{unit[1:]}/"
        if not path.startswith(folder) or not (ROOT / path).is_file():
            yield f"{item['id']} does not name a notebook below {folder}"
        elif cell not in {str(one.get("id")) for one in _notebook.read(ROOT / path).cells}:
            yield f"{item['id']}: {path} has no cell {cell}"
        words = _words(item)
        for name, others in practice:
            if len(words & others) > MOST_ALIKE * len(words | others):
                yield f"{item['id']} is nearly the practice question {name}"


def _practised() -> Iterator[tuple[str, set[str]]]:
    for path in sorted((ROOT / "notebooks").glob("unit*/questions.yaml")):
        for section, items in load(path).items():
            yield from ((f"{path.parent.name}/{section} {item['id']}", _words(item)) for item in items)


def _words(item: dict[str, Any]) -> set[str]:
    return set(re.findall(r"[\w.-]+", " ".join([str(item["text"]), *item.get("options", {}).values()]).lower()))


def _of_made(units: dict[str, list[dict[str, Any]]], made: dict[str, Any]) -> Iterator[str]:
    papers = list(made["papers"])
    if len(set(papers)) != PAPERS:
        yield f"{len(set(papers))} papers can be drawn; {PAPERS} are wanted"
    yield from (f"paper {paper}: {said}" for paper in papers if (said := unbalanced(paper, units)))
    if made.get("units") != {unit: [public(item) for item in items] for unit, items in units.items()}:
        yield "iac/assessment/quiz.yaml is not made of these questions; run: python -m grading.hidden.pool"
    for item in (item for own in made.get("units", {}).values() for item in own):
        source = next((one for own in units.values() for one in own if one["id"] == item["id"]), {})
        rows = [dict(zip(item["names"], row, strict=True)) for row in json.loads(item.get("draws", "[]"))]
        if not all(evaluate(source.get("where", "True"), row) for row in rows):
            yield f"{item['id']} has values that its condition refuses"


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m grading.hidden.pool", description="Make the final quiz's pool.")
    parser.add_argument("--check", action="store_true", help="only say what is wrong (exit 1: something is)")
    parser.add_argument("--new", action="store_true", help="draw other papers")
    options = parser.parse_args(argv)
    if not options.check and not rules.problems(KEYS):
        old = [] if options.new or not POOL.is_file() else yaml_reader.load(POOL.read_text(encoding="utf-8"))["papers"]
        POOL.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(POOL, yaml_reader.dump(pool(old)))
    found = problems()
    print("\n".join(found) or "Nothing is wrong.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
