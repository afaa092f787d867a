"""Drift over real stacks: Terraform, the platform provider, a local cloud, and people with a console."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpers.cli import course
from helpers.clients.aws import cloud
from helpers.compliance import drift
from helpers.compliance.audit import AuditDown, Trail, unfinished
from helpers.compliance.drift import ActionRefused, DriftSettings, Stack
from helpers.core.errors import BadInput
from helpers.core.paths import IAC
from helpers.course.scenarios import drift as scenario
from helpers.runtime import services
from tests.repeats import times

CODE = """
terraform {{
  required_providers {{
    platform = {{ source = "acme.test/platform/platform" }}
  }}
}}
provider "platform" {{}}
resource "platform_artifact_bucket" "this" {{
  name        = "acme-drift-{name}"
  owner       = "vision"
  expire_days = 30
}}
"""
ACCOUNT = "vision"


def make(root: Path, *names: str) -> DriftSettings:
    """Write and apply a stack for each name, and return settings with all of them."""
    services.ensure("cloud")
    stacks = []
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "main.tf").write_text(CODE.format(name=name))
        stacks.append(Stack(name, root / name, "vision", account=ACCOUNT))
        scenario.apply(stacks[-1])
    return DriftSettings(tuple(stacks), parallel=2, lock_timeout="0s")


def edit(stack: Stack, old: str, new: str) -> None:
    file = stack.directory / "main.tf"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> DriftSettings:
    """Three stacks: one is drifted and its code waits, one only has waiting code, of one nothing can be known."""
    settings = make(tmp_path_factory.mktemp("stacks"), "both", "code")
    both, code = settings.stacks
    scenario.suspend_versioning("acme-drift-both", ACCOUNT)
    edit(both, "= 30", "= 60")
    edit(code, "= 30", "= 60")
    empty = both.directory.parent / "never"
    shutil.copytree(both.directory, empty, ignore=shutil.ignore_patterns("*.tfstate*", ".terraform*"))
    return replace(settings, stacks=(*settings.stacks, Stack("never", empty, "speech", account=ACCOUNT)))


def test_drift_waiting_code_and_no_answer_are_told_apart(story: DriftSettings) -> None:
    serials = [json.loads((one.directory / "terraform.tfstate").read_text())["serial"] for one in story.stacks[:2]]
    report = drift.look(story, now=datetime(2026, 6, 15, tzinfo=UTC))
    found = {one.stack.name: one for one in report.stacks}
    assert {name: one.status for name, one in found.items()} == {
        "both": "both",
        "code": "unapplied",
        "never": "unknown",
    }
    assert [(one.attribute, one.before, one.after) for one in found["both"].active] == [("versioning", True, False)]
    assert found["code"].unapplied == (("platform_artifact_bucket.this", "update"),)
    assert "nothing has been applied" in found["never"].why
    advice = found["both"].advice
    assert advice is not None and advice.kind == "heal" and "nobody applied" in advice.reason
    assert (report.exit_code, [one.stack.name for one in report.stacks]) == (1, ["both", "never", "code"])
    after = [json.loads((one.directory / "terraform.tfstate").read_text())["serial"] for one in story.stacks[:2]]
    assert after == serials, "looking writes no state"


def test_heal_and_adopt_do_no_more_than_that(story: DriftSettings) -> None:
    both = story.stacks[0]
    with pytest.raises(ActionRefused, match="roll out code"):
        drift.heal(both, story)
    edit(both, "= 60", "= 30")
    with pytest.raises(ActionRefused, match="versioning"):
        drift.adopt(both, story)
    edit(both, "= 30", "= 30\n  versioning = false")
    assert (done := drift.adopt(both, story)).added + done.changed + done.destroyed == 0
    s3 = cloud.client("s3", ACCOUNT)
    assert s3.get_bucket_versioning(Bucket="acme-drift-both")["Status"] == "Suspended"
    edit(both, "\n  versioning = false", "")
    scenario.apply(both)
    scenario.suspend_versioning("acme-drift-both", ACCOUNT)
    record = drift.Record(Trail("pipeline"), "ada")
    with pytest.raises(AuditDown):
        drift.heal(both, story, record=record)
    assert s3.get_bucket_versioning(Bucket="acme-drift-both")["Status"] == "Suspended", "unrecorded is undone"
    services.ensure("audit")
    try:
        assert drift.heal(both, story, record=record).changed == 1
        assert s3.get_bucket_versioning(Bucket="acme-drift-both")["Status"] == "Enabled"
        drift.adopt(both, story, record=record)
        entries = record.trail.entries()
    finally:
        services.stop("audit")
    told = [(one.event.details["operation"], str(one.event.decision), one.event.actor) for one in entries]
    assert told == [(what, how, "ada") for what in ("heal", "adopt") for how in ("unknown", "accepted")]
    assert unfinished(entries) == [] and entries[1].event.details["parameters"] == {"destroy": False}


@pytest.mark.parametrize("action", ["heal", "adopt"])
@pytest.mark.parametrize("said", [[], ["--actor", "ada", "--unrecorded"]], ids=["neither", "both"])
def test_the_command_asks_who_does_it(action: str, said: list[str]) -> None:
    asked = CliRunner().invoke(course, ["drift", action, "x", *said])
    assert isinstance(asked.exception, BadInput) and "--actor ada" in asked.exception.diagnostics()


def test_a_running_apply_is_no_answer(story: DriftSettings) -> None:
    code = story.stacks[1]
    with scenario.running_apply(code):
        report = drift.look(replace(story, stacks=(code,)), advice=False)
    assert report.stacks[0].status == "unknown" and "lock" in report.stacks[0].why


def test_the_pipeline_s_command_writes_report_and_history(story: DriftSettings, tmp_path: Path) -> None:
    code = story.stacks[1]
    stacks = f"[{{name: code, path: {code.directory}, owner: vision, account: {ACCOUNT}}}]"
    (tmp_path / "drift.yaml").write_text(f"version: 1\nstacks: {stacks}\n")
    script = IAC / "lectures" / "unit2" / "drift" / "pipeline.sh"
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["sh", str(script)], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 4, done.stderr
    assert json.loads((tmp_path / ".drift/report.json").read_text())["stacks"][0]["status"] == "unapplied"
    assert "code" in json.loads((tmp_path / ".drift/history.json").read_text())["stacks"]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_stacks(tmp_path: Path) -> None:
    """Stacks (50 in a soak) of which every fifth drifted and every seventh has waiting code: each answer is right."""
    names = [f"s{number:02d}" for number in range(times(6, 50))]
    settings = make(tmp_path, *names)
    for number, one in enumerate(settings.stacks):
        if number % 5 == 0:
            scenario.suspend_versioning(f"acme-drift-{one.name}", ACCOUNT)
        if number % 7 == 0:
            edit(one, "= 30", "= 60")
    words = {(True, True): "both", (True, False): "drifted", (False, True): "unapplied", (False, False): "in-sync"}
    for parallel in (1, 4) if len(names) == 50 else (4,):
        report = drift.look(replace(settings, parallel=parallel), advice=False)
        print(f"{len(names)} stacks, {parallel} at once: {report.seconds:.0f} s")
        found = {one.stack.name: one.status for one in report.stacks}
        assert found == {name: words[n % 5 == 0, n % 7 == 0] for n, name in enumerate(names)}
