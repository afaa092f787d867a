"""A small assignment of two notebooks, three graded steps, 10 points."""

from __future__ import annotations

from pathlib import Path

import nbformat

from tests.klass import book, code

SETUP = 'from helpers import Lab\n\nlab = Lab("lab1")'
GRADE = {"grade": True, "locked": True}
SOLVE = {"solution": True}
WORD = "solved-zebra"


def _write(path: str, solution: str) -> str:
    return f"%%workfile lab1 {path}\n### BEGIN SOLUTION\n{solution}\n### END SOLUTION"


def _test(path: str, want: str) -> str:
    return (
        f'text = lab.read("{path}")\nassert "{want}" in text, "{path} does not say {want}"\n'
        f'### BEGIN HIDDEN TESTS\nassert "forbidden" not in text, "{path} says what is not allowed"\n'
        "### END HIDDEN TESTS"
    )


def make(folder: Path) -> None:
    """Write the instructor's notebooks into *folder*."""
    folder.mkdir(parents=True)
    first = book(
        code(SETUP, "setup-1"),
        code(_write("one.tf", f'locals {{ a = "{WORD}" }}'), "one-file", **SOLVE),
        code("lab.read('one.tf')", "one-look"),
        code(_test("one.tf", WORD), "one-test", points=3, **GRADE),
        code(_write("two.tf", f'locals {{ b = "{WORD}" }}'), "two-file", **SOLVE),
        code(_test("two.tf", WORD), "two-test", points=3, **GRADE),
    )
    second = book(
        code(SETUP, "setup-2"),
        code("from helpers import services\n\nassert services.ensure('oci').url", "registry"),
        code(_write("three.tf", f'locals {{ c = "{WORD}" }}'), "three-file", **SOLVE),
        code(_test("three.tf", WORD), "three-test", points=4, **GRADE),
    )
    for one in (*first.cells, *second.cells):
        if one.metadata.get("nbgrader", {}).get("grade"):
            one.metadata["mod208"] = {"step": one.id.removesuffix("-test")}
    nbformat.write(first, folder / "01-first.ipynb")
    nbformat.write(second, folder / "02-second.ipynb")
