"""What this repository knows of the solutions: ``solutions.yaml``, with digests and what their own CI said."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import process, yaml_reader
from helpers.core.errors import CourseError
from helpers.core.files import write_atomic
from helpers.core.paths import ROOT
from helpers.course.solutions.exporting import Solution, export, solutions
from helpers.runtime import tools
from helpers.wrappers.terraform import config

METADATA = ROOT / "solutions.yaml"
#: Tools that the repository's CI needs on PATH.
TOOLS = ("terraform", "opa", "kustomize", "go")
_HEAD = """# What the solutions repository holds (`course solutions export`); the solutions themselves are not here.
# Written by: course solutions record, which runs that repository's own CI and keeps what it said of each: a file is
# accepted by its tool, a notebook is filled and can be read. That the notebooks run is proved by `course prove`.
"""


class CiFailed(CourseError):
    """The CI of the solutions repository did not come to an end, or found a fault."""

    code = "solutions-ci-failed"


@dataclass(frozen=True)
class Record:
    """What is kept of a solution.

    Attributes:
        status: ``passed`` or ``failed``, as the repository's CI said on *date*.
    """

    id: str
    path: str
    digest: str
    status: str
    date: dt.date


def run_ci(repository: Path) -> list[dict[str, Any]]:
    """Run the CI of a solutions repository with the course's tools; return what each of its checks said.

    Raises:
        CiFailed: it ended without an answer.
    """
    found = [Path(tools.ensure(name).path) for name in TOOLS]
    # gofmt lies beside the Go that a link leads to.
    places = dict.fromkeys(str(place) for tool in found for place in (tool.parent, tool.resolve().parent))
    path = os.pathsep.join([*places, os.environ.get("PATH", os.defpath)])
    env = process.environment({"PATH": path, "TF_CLI_CONFIG_FILE": str(config.write_cli_config())})
    done = process.run([sys.executable, "ci.py", "--json"], cwd=repository, env=env, timeout=600)
    try:
        said: list[dict[str, Any]] = json.loads(done.stdout)["checks"]
    except (ValueError, KeyError) as error:
        raise CiFailed(
            "The CI of the solutions gave no answer", why=(done.stderr or done.stdout)[-800:], next="python ci.py"
        ) from error
    if bool(done.returncode) != any(one["status"] != "passed" for one in said):
        raise CiFailed("The CI of the solutions contradicts itself", why=f"It ended with {done.returncode}.")
    return said


def statuses(found: Iterable[Solution], said: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return path -> what the CI said of it. What no check looked at has failed: nothing is passed unseen."""
    said = list(said)
    result = {}
    for one in found:
        about = [c["status"] for c in said if c["path"] == one.path or c["path"].startswith(f"{one.path}/")]
        result[one.path] = "passed" if about and set(about) == {"passed"} else "failed"
    return result


def record() -> list[Record]:
    """Export the solutions, run their CI, and write what it said into ``solutions.yaml``."""
    with tempfile.TemporaryDirectory(prefix="mod208-solutions-") as room:
        repository = Path(room) / "solutions"
        found = export(repository)
        said = run_ci(repository)
        status = statuses(found, said)
        today = dt.datetime.now(dt.UTC).date()
        records = [Record(one.id, one.path, one.digest, status[one.path], today) for one in solutions(repository)]
    lines = [
        f'- {{id: {one.id}, path: {one.path}, digest: "{one.digest}", status: {one.status}, date: {one.date}}}\n'
        for one in records
    ]
    write_atomic(METADATA, _HEAD + "".join(lines))
    return records


def read(path: Path = METADATA) -> list[Record]:
    """Return what is kept of each solution."""
    return [Record(**one) for one in yaml_reader.load(path.read_text(encoding="utf-8"))]


__all__ = ["METADATA", "CiFailed", "Record", "read", "record", "run_ci", "statuses"]
