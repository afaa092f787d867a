"""Which file of a submission is which notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from grading.matching import match
from tests.klass import book, code


def write(path: Path, *names: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    nbformat.write(book(code("1", "setup", locked=True), *(code("1", name, solution=True) for name in names)), path)
    return path


@pytest.fixture
def released(tmp_path: Path) -> Path:
    write(tmp_path / "release" / "01-a.ipynb", "one", "two", "three")
    write(tmp_path / "release" / "02-b.ipynb", "four", "five")
    return tmp_path / "release"


def found(tmp_path: Path, released: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    matched = match(tmp_path / "mine", released)
    return {name: path.name for name, path in matched.files.items()}, matched.extra


def test_right_names_are_taken_even_with_no_cell_left(tmp_path: Path, released: Path) -> None:
    write(tmp_path / "mine" / "01-a.ipynb")
    (tmp_path / "mine" / "02-b.ipynb").write_text("{broken")
    assert found(tmp_path, released) == ({"01-a.ipynb": "01-a.ipynb", "02-b.ipynb": "02-b.ipynb"}, ())


def test_a_renamed_notebook_is_found_by_its_cells(tmp_path: Path, released: Path) -> None:
    write(tmp_path / "mine" / "04-policy-eva.ipynb", "one", "three")
    write(tmp_path / "mine" / "02-b.ipynb", "four", "five")
    write(tmp_path / "mine" / "scratch.ipynb", "my-own")
    files = {"01-a.ipynb": "04-policy-eva.ipynb", "02-b.ipynb": "02-b.ipynb"}
    assert found(tmp_path, released) == (files, ("scratch.ipynb",))


def test_names_that_were_swapped_are_set_right(tmp_path: Path, released: Path) -> None:
    write(tmp_path / "mine" / "01-a.ipynb", "four", "five")
    write(tmp_path / "mine" / "02-b.ipynb", "one", "two", "three")
    assert found(tmp_path, released) == ({"01-a.ipynb": "02-b.ipynb", "02-b.ipynb": "01-a.ipynb"}, ())


def test_a_notebook_that_is_missing_is_not_made_up(tmp_path: Path, released: Path) -> None:
    write(tmp_path / "mine" / "01-a.ipynb", "one", "two", "three")
    write(tmp_path / "mine" / "extra.ipynb", "one", "two", "three")
    assert found(tmp_path, released) == ({"01-a.ipynb": "01-a.ipynb"}, ("extra.ipynb",))


def test_a_link_is_not_followed(tmp_path: Path, released: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x.ipynb").symlink_to(released / "01-a.ipynb")
    assert found(tmp_path, released) == ({}, ())
