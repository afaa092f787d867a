"""``course grade``: which class is meant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from helpers.cli import grade
from helpers.core.paths import ROOT


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str]]:
    """Return where the grader is started, and for which class."""
    found: list[tuple[Path, str]] = []

    def become(argv: Any, *, cwd: Path) -> None:
        found.append((cwd, os.environ["MOD208_CLASS"]))

    monkeypatch.setenv("MOD208_CLASS", "")
    monkeypatch.setattr(grade.process, "become", become)
    return found


def test_the_class_around_the_working_directory_is_graded_by_its_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[tuple[Path, str]]
) -> None:
    (tmp_path / "marks").mkdir()
    for name in ("class.yaml", "nbgrader_config.py"):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path / "marks")
    assert CliRunner().invoke(grade.grade, ["lab1"]).exit_code == 0
    assert started == [(tmp_path, str(tmp_path))]


def test_a_directory_that_is_named_is_meant_from_where_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: list[tuple[Path, str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOD208_CLASS", "here")
    assert CliRunner().invoke(grade.grade, ["lab1"]).exit_code == 0
    assert started == [(ROOT, str(tmp_path / "here"))]
