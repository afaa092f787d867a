"""The notebook checks can fail: on nothing found, on a changed output, on an error, on a notebook never run."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from papermill.exceptions import PapermillExecutionError

from helpers.runtime import services
from tests.klass import book, code
from tests.notebooks import runner

LINES = [
    'print("at http://127.0.0.1:40123/v1, took 1.25 s <style>a{\\n}</style>")',
    'import os\n\nprint(os.environ["MOD208_STATE"][-5:])',
    "1 + 1",
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook executed by papermill, as an author would commit it."""
    room = tmp_path_factory.mktemp("runner")
    nbformat.write(book(*(code(line, f"line-{at}") for at, line in enumerate(LINES))), room / "source.ipynb")
    with runner.fresh(room):
        nb = runner.execute(room / "source.ipynb", room / "..", cwd=room)
    nbformat.write(nb, room / "committed.ipynb")
    return room / "committed.ipynb"


def changed(path: Path, at: int, old: str, new: str) -> nbformat.NotebookNode:
    """Return a run that differs in one output."""
    nb = nbformat.read(path, 4)
    for output in nb.cells[at].outputs:
        if "text" in output:
            output.text = output.text.replace(old, new)
        else:
            output.data["text/plain"] = output.data["text/plain"].replace(old, new)
    return nb


def test_the_same_output_passes(executed: Path, request: pytest.FixtureRequest) -> None:
    assert runner.differences(executed, nbformat.read(executed, 4), request.session) == []


@pytest.mark.parametrize(("old", "new"), [("40123", "53999"), ("1.25 s", "3 s"), ("a{", "b{")])
def test_a_sanitized_difference_passes(executed: Path, request: pytest.FixtureRequest, old: str, new: str) -> None:
    assert runner.differences(executed, changed(executed, 0, old, new), request.session) == []


@pytest.mark.parametrize(("at", "old", "new"), [(0, "v1", "v2"), (1, "state", "other"), (2, "2", "3")])
def test_another_output_fails(executed: Path, request: pytest.FixtureRequest, at: int, old: str, new: str) -> None:
    (said,) = runner.differences(executed, changed(executed, at, old, new), request.session)
    assert f"cell {at}" in said


def test_a_missing_output_fails(executed: Path, request: pytest.FixtureRequest) -> None:
    nb = nbformat.read(executed, 4)
    nb.cells[2].outputs = []
    assert runner.differences(executed, nb, request.session)


def test_a_notebook_never_run_fails(executed: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    nb = nbformat.read(executed, 4)
    for cell in nb.cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(nb, tmp_path / "bare.ipynb")
    found = runner.differences(tmp_path / "bare.ipynb", nbformat.read(executed, 4), request.session)
    assert len(found) == len(LINES)


def test_the_services_of_a_notebook_that_fails_are_stopped(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), runner.fresh(tmp_path):
        services.start("oci")
        raise ZeroDivisionError
    with runner.fresh(tmp_path):
        assert {service.status for service in services.status()} == {"stopped"}


def test_an_error_fails(tmp_path: Path) -> None:
    nbformat.write(book(code("1 / 0", "boom")), tmp_path / "boom.ipynb")
    (tmp_path / "out").mkdir()
    with runner.fresh(tmp_path), pytest.raises(PapermillExecutionError, match="ZeroDivisionError"):
        runner.execute(tmp_path / "boom.ipynb", tmp_path / "out", cwd=tmp_path)


@pytest.mark.parametrize("find", [runner.lectures, runner.labs])
def test_nothing_found_fails(tmp_path: Path, find: object) -> None:
    for folder in ("notebooks", "source"):
        (tmp_path / folder).mkdir()
    with pytest.raises(AssertionError, match="no notebook"):
        find(tmp_path)  # type: ignore[operator]


def test_labs_come_in_order(tmp_path: Path) -> None:
    for name in ("02-b", "01-a"):
        (tmp_path / "source" / "lab").mkdir(parents=True, exist_ok=True)
        nbformat.write(book(code("1", "one")), tmp_path / "source" / "lab" / f"{name}.ipynb")
    nbformat.write(book(), tmp_path / "source" / "header.ipynb")
    assert runner.labs(tmp_path) == {"lab": ["source/lab/01-a.ipynb", "source/lab/02-b.ipynb"]}
