"""The shape of the lectures: what a reader may rely on in each of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
import pytest

from helpers.core.paths import ROOT
from helpers.course import quiz

FOLDER = ROOT / "notebooks"
ALL = sorted(p for p in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
LECTURES = [p for p in ALL if p.parent != FOLDER]
MACHINE = re.compile(r"/(tmp|root|home|work)/")


def name_of(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def read(path: Path) -> Any:
    return nbformat.read(path, 4)


def code(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    # The drawing's text is for who does not see it.
    return re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)


def lines(source: str) -> int:
    """Return how many lines of Python a cell has: neither blank ones nor those inside a text."""
    texts: set[int] = set()
    for node in ast.walk(ast.parse(re.sub(r"(?m)^%.*$", "", source))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts |= set(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
    return sum(bool(line.strip()) and number not in texts for number, line in enumerate(source.splitlines(), 1))


def test_there_are_lectures() -> None:
    assert len([p for p in LECTURES if p.parent.name == "unit1"]) >= 3


@pytest.mark.parametrize("path", ALL, ids=name_of)
class TestEvery:
    def test_is_valid_and_runs_on_any_machine(self, path: Path) -> None:
        notebook = read(path)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
        assert not MACHINE.findall(path.read_text(encoding="utf-8"))

    def test_is_committed_with_outputs_and_without_errors(self, path: Path) -> None:
        cells = code(path)
        assert all(cell.execution_count for cell in cells)
        assert not [o for cell in cells for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"]
        assert not cells or any(cell.outputs for cell in cells)

    def test_cells_are_short(self, path: Path) -> None:
        lengths = [lines(cell.source) for cell in code(path)]
        assert not lengths or (max(lengths) < 12 and median(lengths) <= 4)
        # A file that a cell writes is read as one.
        assert all(len(cell.source.splitlines()) <= 24 for cell in code(path))

    def test_links_lead_somewhere(self, path: Path) -> None:
        for target in re.findall(r"\]\(([^)#:]+)\)", prose(path)):
            assert (path.parent / target).is_file(), target


@pytest.mark.parametrize("path", LECTURES, ids=name_of)
class TestLecture:
    def test_says_what_it_is_for(self, path: Path) -> None:
        text = prose(path)
        for words in (
            "minutes**",
            "After this notebook you can",
            "Start over",
            "**Predict**",
            "**Exercise.**",
            "## What you can do now",
            "## Questionnaire",
        ):
            assert words in text, words

    def test_is_as_much_prose_as_code(self, path: Path) -> None:
        cells = read(path).cells
        assert 0.4 <= sum(cell.cell_type == "markdown" for cell in cells) / len(cells) <= 0.65
        assert 700 <= len(prose(path).split()) <= 2000

    def test_imports_helpers_only_at_first(self, path: Path) -> None:
        for node in ast.parse(code(path)[0].source).body:
            assert isinstance(node, ast.ImportFrom) and node.module in ("helpers", "helpers.widgets")

    def test_ends_with_its_questionnaire(self, path: Path) -> None:
        last = code(path)[-1].source
        section = path.name.split("-")[0]
        assert f'Quiz("{path.parent.name}/{section}")' in last
        assert len(quiz.Quiz(f"{path.parent.name}/{section}").questions) in range(5, 13)
