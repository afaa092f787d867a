"""What a learner writes by hand stops nobody's marks, and says nothing to a spreadsheet or a terminal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from helpers.course.classroom import integrity
from helpers.course.classroom.klass import Classroom


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    directory = tmp_path / "submitted" / "eva" / "own"
    (directory / ".course").mkdir(parents=True)
    return directory


def look(handed_in: Path) -> tuple[str, ...]:
    return integrity.look(Classroom(handed_in.parents[2], "c", "t"), "own", ["eva"]).get("eva", ())


def notebook(handed_in: Path, *cells: Any) -> None:
    (handed_in / "01.ipynb").write_text(json.dumps({"cells": list(cells)}))


def code(source: Any, **nbgrader: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {"nbgrader": nbgrader}}


def test_a_text_that_is_no_unicode(handed_in: Path) -> None:
    notebook(handed_in, code("# \ud800" + "x" * 80), code('lab.solve("one")'), code("!course solve lab1 \ud800\x1b[2J"))
    assert look(handed_in) == ("the solution of one was shown before submission",)


@pytest.mark.parametrize("step", ["\x1b[2J", "\ud800", "=cmd|'/C calc'!A1", "x" * 30_000, "a; kim copied it", None])
def test_a_note_that_was_written_by_hand(handed_in: Path, step: str) -> None:
    (handed_in / ".course" / "shown.json").write_text(json.dumps([step, "two"]))
    assert look(handed_in) == (("the solution of two was shown before submission",) if len(str(step)) < 30_000 else ())


def test_a_note_that_is_a_link_or_a_pipe(handed_in: Path, tmp_path: Path) -> None:
    note = handed_in / ".course" / "shown.json"
    (tmp_path / "other").write_text('["two"]')
    note.symlink_to(tmp_path / "other")
    assert look(handed_in) == ()
    note.unlink()
    os.mkfifo(note)
    assert look(handed_in) == ()
