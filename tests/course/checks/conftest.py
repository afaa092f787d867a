"""Lab 3 with the steps of one notebook solved, for the modules ``test_lab3_*``; those of other labs have their own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.course.labs import Lab
from helpers.runtime import services


@pytest.fixture(scope="module")
def solved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The workspace with the module's ``STEPS`` solved, its services running."""
    home = tmp_path_factory.mktemp("lab3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "s"))
        lab = Lab("lab3", work=home / "work")
        for step in request.module.STEPS:
            lab.solve(step)
        yield lab.work
        services.stop("all")


@pytest.fixture
def lab(solved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A copy of that workspace, with its services."""
    monkeypatch.setenv("MOD208_STATE", str(solved.parent / "s"))
    shutil.copytree(solved, tmp_path / "work", symlinks=True)
    return Lab("lab3", work=tmp_path / "work")
