"""Every instructor's notebook runs by papermill, the notebooks of one assignment in order in one fresh workspace."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers._paths import ROOT
from tests.notebooks import runner

pytestmark = pytest.mark.e2e
LABS = runner.labs()


class Course:
    """The assignments as one learner works through them."""

    def __init__(self, room: Path) -> None:
        self.room = room
        self.done: dict[str, BaseException | None] = {}

    def reach(self, assignment: str, notebook: str) -> None:
        """Execute an assignment up to a notebook, each notebook once; raise what its own run raised."""
        room = self.room / assignment
        with runner.fresh(room):
            for path in LABS[assignment]:
                if path not in self.done:
                    self.done[path] = None
                    try:
                        runner.execute(ROOT / path, room, cwd=room / assignment)
                    except Exception as error:
                        self.done[path] = error
                if path == notebook:
                    break
        if error := self.done[notebook]:
            raise error


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    return Course(tmp_path_factory.mktemp("labs"))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("assignment", "notebook"),
    [pytest.param(name, path, id=path) for name, paths in LABS.items() for path in paths],
)
def test_lab(course: Course, assignment: str, notebook: str) -> None:
    course.reach(assignment, notebook)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("assignment", ["lab1-module", "lab3-compliance"])
def test_no_password_is_in_what_a_lab_leaves(course: Course, assignment: str) -> None:
    for notebook in LABS[assignment]:
        course.reach(assignment, notebook)
    room = course.room / assignment
    passwords = [path.read_bytes() for path in (room / "state" / "secrets").rglob("*") if path.is_file()]
    assert passwords, "the lab makes passwords with lab.secret"
    canaries = [form for one in passwords for form in (one, base64.b64encode(one).rstrip(b"="))]
    left = [*room.glob("*.ipynb"), *(room / "workspace").rglob("*"), *(room / assignment).rglob("*")]
    left += [path for path in (room / "state" / "services").rglob("*") if path.suffix in (".log", ".jsonl")]
    left += (room / "state" / "services" / "audit" / "data").rglob("*")
    files = [path for path in left if path.is_file()]
    assert files
    assert [str(path) for path in files if any(one in path.read_bytes() for one in canaries)] == []


def test_the_header_is_a_notebook() -> None:
    import nbformat

    nb = nbformat.read(ROOT / "source" / "header.ipynb", 4)
    nbformat.validate(nb)
    assert all(cell.cell_type == "markdown" for cell in nb.cells)
