"""Lab 3 with the steps of one notebook solved, for the modules ``test_lab3_*``; those of other labs have their own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.core.verdicts.checks import CheckResult
from helpers.course.checks import Check
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


#: Modules of checks whose hints are held to the files that their reasons name; the others' are still to be read.
HELD = ("lab1_module", "lab1_policy", "lab2_apps", "lab2_repository", "lab3_incident", "lab3_sbom")
#: How a hint or a reason names a file.
_FILE = re.compile(r"[\w.-]+\.(?:tf|tftest\.hcl|rego|yaml|toml|md|pub|py|go|mod)\b")


@pytest.fixture(autouse=True)
def hints_speak_of_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold every verdict of these tests to its hints: they speak of the file that the reason names, or of none."""
    made, beside = Check._result, []

    def judged(*args: Any) -> CheckResult:
        result = made(*args)
        held = args[0].judge.__module__.rpartition(".")[2] in HELD
        for hints, reasons in result.due if held else ():
            spoken = set(_FILE.findall("\n".join(hints)))
            for reason in reasons:
                named = set(_FILE.findall(reason))
                if spoken and named and not spoken & named:
                    beside.append(f"{result.step}: {reason!r} is answered by hints about {', '.join(sorted(spoken))}")
        return result

    monkeypatch.setattr(Check, "_result", judged)
    yield
    assert not beside, "\n".join(beside)
