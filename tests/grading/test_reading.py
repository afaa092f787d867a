"""A submitted notebook can be written again, whatever text is in it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

from grading.submission import read


def test_half_a_character_costs_no_other_cell(tmp_path: Path) -> None:
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("SURE"), nbformat.v4.new_code_cell("x = 1")])
    path = tmp_path / "01.ipynb"
    path.write_text(nbformat.writes(nb).replace("SURE", "# \\ud83d half, \\ud83d\\ude00 whole"))
    assert "\ud83d" in "".join(json.loads(path.read_text())["cells"][0]["source"])
    found = read(path)
    assert [cell.source for cell in found.cells] == ["# ? half, \N{GRINNING FACE} whole", "x = 1"]
    nbformat.write(found, tmp_path / "again.ipynb")
