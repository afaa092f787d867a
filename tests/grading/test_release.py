"""``release/`` is what nbgrader makes of ``source/``, and nothing of a solution is in it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from grading import release
from helpers.core.paths import ROOT
from tests.grading import tiny

BEGIN, END = (
    re.compile(r"BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)"),
    re.compile(r"END (SOLUTION|HIDDEN TESTS|MARK SCHEME)"),
)
SOURCES = sorted(p for p in (ROOT / "source").rglob("*.ipynb") if p.parent.name not in ("source", "work"))


def split(path: Path) -> tuple[list[list[str]], set[str]]:
    """Return the secret blocks of an instructor's notebook, and the lines everyone may see."""
    blocks: list[list[str]] = []
    public: set[str] = set()
    for cell in nbformat.read(path, 4).cells:
        whole = cell.metadata.get("nbgrader", {}).get("solution") and not BEGIN.search(cell.source)
        secret = bool(whole)
        if whole:
            blocks.append([])
        for line in cell.source.split("\n"):
            if BEGIN.search(line):
                secret = True
                blocks.append([])
            elif END.search(line):
                secret = False
            elif secret:
                blocks[-1].append(line.strip())
            else:
                public.add(line.strip())
    return blocks, public


def texts(folder: Path) -> dict[str, list[str]]:
    """Return the stripped lines of every released file; of notebooks the sources and outputs."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix == ".ipynb":
            nb = nbformat.read(path, 4)
            found[str(path)] = [line.strip() for cell in nb.cells for line in cell.source.split("\n")]
            assert all(not cell.get("outputs") for cell in nb.cells), f"{path} holds outputs"
        elif path.is_file():
            found[str(path)] = [line.strip() for line in path.read_text(errors="replace").splitlines()]
    return found


def leaks(source: list[Path], folder: Path) -> list[str]:
    """Return secret lines and whole secret blocks that are in a release folder."""
    public: set[str] = set().union(*(split(path)[1] for path in source))
    blocks = [block for path in source for block in split(path)[0]]
    # A line that the author also shows in the open, or that says nothing (a brace), gives nothing away by itself.
    lines = {line for block in blocks for line in block if len(line) >= 8 and re.search(r"\w{3}", line)} - public
    found = []
    for path, released in texts(folder).items():
        found += [f"{path}: {line}" for line in released if line in lines]
        joined = "\n".join(released)
        found += [f"{path}: {block[0]} ..." for block in blocks if len(block) > 2 and "\n".join(block) in joined]
        found += [f"{path}: {line}" for line in released if BEGIN.search(line)]
    return found


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """What nbgrader makes of ``source/`` now."""
    with release.generated(ROOT) as folder:
        yield folder


def test_the_committed_release_is_up_to_date(made: Path) -> None:
    assert release.differences(made, ROOT / "release") == []


def test_two_runs_give_the_same_bytes(made: Path) -> None:
    with release.generated(ROOT) as again:
        assert release.differences(made, again) == []


def test_there_are_secrets_to_look_for() -> None:
    assert SOURCES
    for path in SOURCES:
        solution = [c for c in nbformat.read(path, 4).cells if c.metadata.get("nbgrader", {}).get("solution")]
        assert not solution or any(split(path)[0]), path


def test_no_solution_or_hidden_test_is_released() -> None:
    assert leaks(SOURCES, ROOT / "release") == []


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A small course with its own release."""
    tiny.make(tmp_path / "source" / "tiny")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copy(ROOT / "source" / "header.ipynb", tmp_path / "source")
    return tmp_path


def test_the_command_writes_checks_and_finds_leaks(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (course / "source" / "tiny" / "work").mkdir()
    (course / "source" / "tiny" / "work" / "one.tf").write_text(tiny.WORD)
    argv = ["--course", str(course), "--json"]
    assert release.main([*argv, "--check"]) == 1
    assert release.main(argv) == 0
    assert release.main([*argv, "--check"]) == 0
    capsys.readouterr()
    released = course / "release" / "tiny" / "01-first.ipynb"
    assert not (released.parent / "work").exists(), "an author's own run was released"
    source = sorted((course / "source" / "tiny").glob("*.ipynb"))
    assert leaks(source, course / "release") == []

    nb = nbformat.read(released, 4)
    assert nb.cells[0].id == "course-header"
    assert "# YOUR CODE HERE" in next(c for c in nb.cells if c.id == "one-file").source
    setup = next(c for c in nb.cells if c.id == "setup-1")
    assert setup.metadata["nbgrader"]["locked"]
    assert setup.metadata["editable"] is False

    nb.cells[1].source += f'\nlocals {{ a = "{tiny.WORD}" }}'
    nbformat.write(nb, released)
    (course / "release" / "old").mkdir()
    (course / "release" / "old" / "note.txt").write_text("stale")
    assert leaks(source, course / "release"), "a planted solution line was not seen"
    assert release.main([*argv, "--check"]) == 1
    kinds = {(d["path"], d["kind"]) for d in json.loads(capsys.readouterr().out)["differences"]}
    assert kinds == {("tiny/01-first.ipynb", "changed"), ("old/note.txt", "extra")}


def test_a_course_without_assignments_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "source").mkdir()
    assert release.main(["--course", str(tmp_path), "--check"]) == 1
    assert "nothing to release" in capsys.readouterr().err.lower()
