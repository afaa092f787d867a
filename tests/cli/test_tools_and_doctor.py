"""`course tools` and `course doctor`, run as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

COURSE = Path(sys.executable).with_name("course")


def course(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COURSE, *args], capture_output=True, text=True, env={**os.environ, **(env or {})})


def test_help_names_every_command() -> None:
    out = course("--help").stdout
    for command in ("tools", "doctor", "services", "check", "hint", "reset", "solve", "prove", "map", "open"):
        assert command in out


def test_tools_list_says_origin_version_and_digest() -> None:
    rows = {row["name"]: row for row in json.loads(course("tools", "list", "--json").stdout)}
    for name in ("terraform", "conftest", "opa", "cosign", "crane", "git"):
        assert rows[name]["status"] == "ready", name
        assert rows[name]["origin"] in ("path", "cache")
        assert len(rows[name]["sha256"]) == 64
        assert rows[name]["version"]


def test_doctor_is_content_on_a_set_up_machine() -> None:
    done = course("doctor", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (0, True)


def test_doctor_names_the_one_command_for_each_missing_tool(tmp_path: Path) -> None:
    done = course("doctor", "--json", env={"MOD208_CACHE": str(tmp_path), "PATH": "/usr/bin:/bin"})
    report = json.loads(done.stdout)
    fixes = {f["name"]: f["fix"] for f in report["findings"] if not f["ok"]}
    assert done.returncode == 1
    assert fixes["conftest"] == "course tools install conftest"


def test_unknown_tool_is_a_message_not_a_traceback() -> None:
    done = course("tools", "install", "teraform")
    assert done.returncode == 2
    assert "There is no tool named 'teraform'" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    as_json = course("tools", "install", "teraform", "--json")
    assert json.loads(as_json.stdout)["error"] == "bad-input"


def test_unknown_command_is_a_message() -> None:
    done = course("chekc")
    assert done.returncode == 2
    assert "There is no command 'chekc'" in done.stderr and "Traceback" not in done.stderr
