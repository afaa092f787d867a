"""Executes a profile by InSpec itself, or by CINC Auditor, its free distribution, where one is on PATH.

Source of options and exit codes: Chef's documentation "InSpec CLI", ``inspec exec``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.core import process, yaml_reader
from helpers.core.files import write_private
from helpers.wrappers.inspec.profile import Profile
from helpers.wrappers.inspec.types import Engine, EngineFailed, InspecReport

#: Names on PATH, the one that needs no licence first.
NAMES: tuple[Engine, ...] = ("cinc-auditor", "inspec")
#: Exit codes after which there is a report: all passed, one failed at least, one skipped at least but none failed.
RESULTS = (0, 100, 101)
_MEANS = {
    1: "usage or general error",
    2: "error in the plugin system",
    3: "fatal deprecation encountered",
    5: "invalid profile signature",
    6: "mandatory profile signing is on, and there is no signature",
    172: "the Chef licence is not accepted",
    174: "no valid Chef licence key",
}


def find(names: Sequence[Engine] = NAMES) -> Engine | None:
    """Return the first of them that is on PATH, None for none."""
    return next((name for name in names if shutil.which(name)), None)


def execute(
    engine: Engine, profile: Profile, values: Mapping[str, Any], waivers: Path | None, timeout: float | None
) -> InspecReport:
    """Run ``exec`` on the profile and read its JSON report.

    Raises:
        EngineFailed: it ended in a way that is not a result, or its exit code and its report do not fit together.
    """
    with tempfile.TemporaryDirectory(prefix="mod208-inspec-") as room:
        inputs, report = Path(room) / "inputs.yaml", Path(room) / "report.json"
        # Addresses and paths of this machine: for nobody else.
        write_private(inputs, yaml_reader.dump(dict(values)))
        argv: list[str | Path] = [
            shutil.which(engine) or engine,
            "exec",
            profile.directory,
            "--reporter",
            f"json:{report}",
        ]
        argv += ["--input-file", inputs]
        argv += ["--waiver-file", waivers] if waivers else []
        argv += ["--distinct-exit", "--no-create-lockfile", "--no-color"]
        env = process.environment(allow=("CHEF_LICENSE*",))
        done = process.run(argv, cwd=room, env=env, timeout=timeout)
        if done.returncode not in RESULTS:
            raise _failed(engine, done)
        try:
            raw = json.loads(report.read_text(encoding="utf-8"))
            return _checked(parse(raw, engine, done.returncode))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            why = f"Exit code {done.returncode}, and its JSON report cannot be read: {error}"
            raise EngineFailed(f"{engine} exec gave no report", why=why, next=f"{engine} version") from None


def parse(raw: Mapping[str, Any], engine: str, exit_code: int = 0) -> InspecReport:
    """Return the report in the JSON of InSpec's reporter."""
    return InspecReport.from_json(raw, engine, exit_code)


def _checked(report: InspecReport) -> InspecReport:
    """Refuse a report that its exit code contradicts: one of the two is not what was meant."""
    statuses = {result.status for control in report.controls for result in control.results}
    fits = {
        0: not report.of("failed"),
        100: "failed" in statuses,
        101: "skipped" in statuses or not statuses,
    }[report.exit_code]
    if fits:
        return report
    raise EngineFailed(
        f"{report.engine} says two things that do not fit together",
        why=f"Its exit code is {report.exit_code}, its report has {', '.join(sorted(statuses)) or 'no result'}.",
        next=f"{report.engine} version",
    )


def _failed(engine: str, done: process.Completed) -> EngineFailed:
    said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
    meaning = _MEANS.get(done.returncode, "not one of its documented exit codes")
    step = "export CHEF_LICENSE_KEY=...   # or install cinc-auditor" if done.returncode in (172, 174) else ""
    why = f"Exit code {done.returncode}: {meaning}.\n{said}"
    return EngineFailed(f"{engine} exec failed", why=why, next=step or f"{engine} check PROFILE")
