"""``course services`` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.core import process
from helpers.runtime.services import catalog

COURSE = Path(__file__).parents[3] / ".venv/bin/course"


def course(state: Path, *args: str) -> process.Completed:
    env = process.environment({"MOD208_STATE": str(state)})
    return process.run([COURSE, "services", *args], env=env, timeout=180)


def test_start_status_restart_logs_stop(state: Path) -> None:
    started = json.loads(course(state, "start", "oci", "--json").stdout)
    assert started[0]["status"] == "running"
    table = course(state, "status").stdout.splitlines()
    assert table[0].split()[:4] == ["service", "status", "pid", "url"]
    wanted = [[name, "running" if name == "oci" else "stopped"] for name in catalog.SPECS]
    assert [line.split()[:2] for line in table[1:]] == wanted
    assert json.loads(course(state, "restart", "oci", "--json").stdout)[0]["url"] == started[0]["url"]
    assert "manifests put back" in course(state, "logs", "oci").stdout
    assert json.loads(course(state, "logs", "oci", "-n", "1", "--json").stdout)["name"] == "oci"
    assert {s["status"] for s in json.loads(course(state, "stop", "--json").stdout)} == {"stopped"}


def test_wrong_use_says_what_to_do(state: Path) -> None:
    wrong = course(state, "start", "clowd")
    assert wrong.returncode == 2 and "cloud" in wrong.stderr and "Traceback" not in wrong.stderr
    both = course(state, "start", "--port", "20001")
    assert both.returncode == 2 and "one service" in both.stderr
