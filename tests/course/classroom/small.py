"""A cheap assignment: two notebooks (or the second alone), judged steps, an answer that a person judges."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

from tests.klass import META, book, cell, code

SETUP = 'from helpers import Lab\n\nlab = Lab("lab1")'
SOLUTION = (
    'locals {\n  first_of_all = "the word that passes"\n  second       = "solved-zebra"\n  third        = "more"\n}'
)
WORDS = "HIDDEN-QUESTION"
FIRST, SECOND = "01-first.ipynb", "02-second.ipynb"


def make(directory: Path, *, both: bool = True) -> None:
    """Write the instructor's notebooks; 10 points, 7 with the second one alone."""
    directory.mkdir(parents=True)
    if both:
        nbformat.write(book(*_step("one", 3)), directory / FIRST)
    answer = nbformat.v4.new_markdown_cell("### BEGIN SOLUTION\nBecause.\n### END SOLUTION", id="why")
    meta = {"grade": True, "solution": True, "locked": False, "grade_id": "why", "cell_type": "markdown", "points": 4}
    answer.metadata["nbgrader"] = {**meta, **META}
    nbformat.write(book(*_step("two", 3), answer), directory / SECOND)


def _step(name: str, points: int) -> list[object]:
    test = code(
        f'text = lab.read("{name}.tf")\nassert "solved-zebra" in text, "{name}.tf does not say it"\n'
        f'### BEGIN HIDDEN TESTS\nassert "forbidden" not in text, "{WORDS} {name}"\n### END HIDDEN TESTS',
        f"{name}-test",
        points=points,
        grade=True,
        locked=True,
    )
    test.metadata["mod208"] = {"step": name}
    solution = f"%%workfile lab1 {name}.tf\n### BEGIN SOLUTION\n{SOLUTION}\n### END SOLUTION"
    return [code(SETUP, f"setup-{name}"), code(solution, f"{name}-file", solution=True), test]


def solve(directory: Path, text: str = SOLUTION) -> None:
    """Solve it in cells, as a learner types them."""
    for notebook, name in ((FIRST, "one"), (SECOND, "two")):
        if not (directory / notebook).is_file():
            continue
        nb = nbformat.read(directory / notebook, 4)
        cell(nb, f"{name}-file").source = f"%%workfile lab1 {name}.tf\n{text}"
        if notebook == SECOND:
            cell(nb, "why").source = "Because I say so."
        nbformat.write(nb, directory / notebook)


def shown(directory: Path, *steps: str) -> None:
    """Note that solutions were shown, as the course does when work is handed in."""
    (directory / ".course").mkdir(exist_ok=True)
    (directory / ".course" / "shown.json").write_text(json.dumps(steps))
