"""Executes a profile's controls by pytest-testinfra, in a process of its own, and reports as InSpec does."""

from __future__ import annotations

import importlib.metadata
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.paths import ROOT
from helpers.wrappers.inspec import _cases
from helpers.wrappers.inspec._cases import Case
from helpers.wrappers.inspec.profile import ControlSpec, Profile
from helpers.wrappers.inspec.types import (
    ControlResult,
    EngineFailed,
    InspecReport,
    ProfileControl,
    ProfileReport,
    WaiverData,
)
from helpers.wrappers.inspec.waivers import Waiver

#: What pytest ends with when it did what it was asked: all passed, some failed, nothing to ask.
_RESULTS = (0, 1, 5)


def execute(
    profile: Profile, values: Mapping[str, Any], waivers: Sequence[Waiver], now: datetime, timeout: float | None
) -> InspecReport:
    """Execute the controls of a profile.

    Args:
        values: every input. now: local time by which waivers are judged.

    Raises:
        EngineFailed: pytest ended in a way that is not a result, or left a question without an answer.
    """
    began = time.monotonic()
    applied = {one.control: one.applied(now) for one in waivers}
    empty = frozenset(one.id for one in profile.controls if _cases.lacks_input(one, values))
    left_out = empty | frozenset(id for id, one in applied.items() if one.skipped_due_to_waiver)
    asked = list(_cases.cases(profile, values, left_out))
    platform, answers = _ask(asked, timeout)
    found: dict[str, list[ControlResult]] = {}
    for case, answer in zip(asked, answers, strict=True):
        found.setdefault(case.control, []).append(ControlResult(code_desc=case.code_desc, **answer))
    controls = tuple(_control(one, found.get(one.id, []), empty, applied.get(one.id)) for one in profile.controls)
    done = ProfileReport(profile.name, profile.version, profile.title, profile.sha256, controls)
    seconds, version = round(time.monotonic() - began, 3), importlib.metadata.version("pytest-testinfra")
    report = InspecReport("testinfra", version, platform, (done,), seconds)
    code = 100 if report.of("failed") or report.of("unknown") else 101 if report.of("skipped") else 0
    return InspecReport("testinfra", version, platform, (done,), seconds, code)


def _control(
    spec: ControlSpec, results: list[ControlResult], empty: frozenset[str], waiver: WaiverData | None
) -> ProfileControl:
    if waiver is not None and waiver.skipped_due_to_waiver:
        results = [ControlResult("skipped", "Skipped control", skip_message=waiver.justification)]
    elif spec.id in empty:
        why = f"Skipped control due to only_if condition: an input is empty: {', '.join(spec.required)}"
        results = [ControlResult("skipped", "Skipped control", skip_message=why)]
    tags = {"soc2": list(spec.soc2), "owner": spec.owner}
    return ProfileControl(spec.id, spec.title, spec.desc, spec.impact, tags, tuple(results), waiver)


def _ask(asked: Sequence[Case], timeout: float | None) -> tuple[dict[str, str], list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory(prefix="mod208-controls-") as room:
        request, answers = Path(room) / "request.json", Path(room) / "answers.json"
        request.write_text(
            json.dumps([{"number": n, **one.to_dict()} for n, one in enumerate(asked)]), encoding="utf-8"
        )
        done = process.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", room),
                *("-p", "no:cacheprovider", "-p", "testinfra.plugin", "-p", "helpers.wrappers.inspec._plugin"),
                *("--hosts=local://", "--controls-request", request, "--controls-answers", answers),
                Path(__file__).with_name("_suite.py"),
            ],
            cwd=ROOT,
            # No plugin of the installation may change what is asked.
            env=process.environment({"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}),
            timeout=timeout,
        )
        if done.returncode not in _RESULTS or not answers.is_file():
            why = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
            raise EngineFailed("pytest-testinfra gave no result", why=why, next="course doctor")
        said = json.loads(answers.read_text(encoding="utf-8"))
    by_case = {one.pop("case"): one for one in said["answers"]}
    if set(by_case) != set(range(len(asked))):
        raise EngineFailed(
            "pytest-testinfra left questions without an answer",
            why=f"{len(asked)} asked, {len(by_case)} answered.",
            next="course doctor",
        )
    return said["platform"], [by_case[number] for number in range(len(asked))]
