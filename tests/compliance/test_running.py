"""Controls on what runs: what is asked here, the cloud's answers, and the report as evidence."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from helpers.clients.aws import cloud
from helpers.compliance import audit, running
from helpers.course import starters
from helpers.course.scenarios import controls as scenario
from helpers.runtime import services
from helpers.wrappers.inspec import ControlResult, Inspec, InspecReport, ProfileControl, ProfileReport


def report(*verdicts: str) -> InspecReport:
    controls = [
        ProfileControl(f"c{n}", f"control {n}", "", 0.5, {"soc2": ["CC6.1"]}, (ControlResult(status, "x"),))
        for n, status in enumerate(verdicts)
    ]
    return InspecReport(
        "testinfra", "10", {"name": "debian", "release": "12"}, (ProfileReport("p", "1", "t", "ab", tuple(controls)),)
    )


@pytest.mark.parametrize(
    ("verdicts", "decision"),
    [(("passed",), "accepted"), (("passed", "failed"), "refused"), (("passed", "skipped"), "unknown"), ((), "unknown")],
)
def test_a_report_is_an_event_about_its_digest(verdicts: tuple[str, ...], decision: str) -> None:
    said = report(*verdicts)
    event = running.event_of(said)
    assert (str(event.action), str(event.decision)) == ("verify", decision)
    assert isinstance(event.subject, audit.Subject) and event.subject.digest == said.digest
    assert event.details["engine"] == "testinfra"
    assert len(event.details["notPassed"]) == sum(one != "passed" for one in verdicts)


def test_it_is_recorded_in_the_trail_and_the_file_is_what_was_recorded(tmp_path: Path) -> None:
    services.ensure("audit")
    trail, file = audit.Trail("controls"), tmp_path / "controls.json"
    said = report("passed", "failed")
    entry = running.record(said, trail, file=file)
    assert trail.verify().status == "valid"
    kept = trail.entries(entry.index)[0]
    assert (str(kept.event.decision), kept.event.details["controls"]) == ("refused", {"CC6.1": "failed"})
    assert kept.event.subject == audit.Subject.of("controls/p.json", file)
    assert kept.signer.partition("+")[0] == running.ACTOR
    assert InspecReport.from_json(json.loads(file.read_text())) == said


def test_the_command_records_what_it_says_or_runs_nothing(tmp_path: Path) -> None:
    services.ensure("audit")
    made = starters.make("profile", "gpu-host", tmp_path / "gpu-host")
    command = [str(Path(sys.executable).with_name("course")), "controls", "run", "--profile", str(made.path)]
    command += ["--engine", "testinfra", "--record", str(tmp_path / "report.json")]
    trail = audit.Trail("controls")
    before = trail.checkpoint().size
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "--subject NAME" in done.stderr and "Traceback" not in done.stderr
    assert trail.checkpoint().size == before and not (tmp_path / "report.json").exists()
    done = subprocess.run([*command, "--subject", "gpu-host-7"], capture_output=True, text=True)
    assert done.returncode == 0 and f"recorded as entry {before}, about gpu-host-7" in done.stderr, done.stderr
    (entry,) = trail.entries(before)
    said = InspecReport.from_json(json.loads((tmp_path / "report.json").read_text()))
    assert entry.event.details["about"] == said.subject == "gpu-host-7"
    assert entry.event.subject == audit.Subject.of("controls/gpu-host.json", tmp_path / "report.json")
    services.stop("audit")
    done = subprocess.run([*command, "--subject", "gpu-host-7"], capture_output=True, text=True)
    assert done.returncode == 3 and "course services" in done.stderr, done.stderr


def test_buckets_and_services_as_they_run() -> None:
    platform = scenario.start()
    name = scenario.create_by_hand()
    s3 = cloud.client("s3", scenario.ACCOUNT)
    s3.put_object(Bucket="acme-u2-tfstate", Key="vision/terraform.tfstate.tflock", Body=b"{}")
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    today, later = running.bucket_report(("platform",)), running.bucket_report(("platform",), now=tomorrow)
    assert today["acme-u2-tfstate"] == {
        "account": "platform",
        "owner": "platform",
        "encryption": "AES256",
        "versioning": "Enabled",
        "public_access_blocked": True,
        "locks_older_than_a_day": 0,
    }
    assert later["acme-u2-tfstate"]["locks_older_than_a_day"] == 1
    assert (today[name]["encryption"], today[name]["public_access_blocked"]) == ("none", False)
    course = [str(Path(sys.executable).with_name("course")), "controls", "buckets"]
    done = subprocess.run(course, capture_output=True, text=True)
    assert json.loads(done.stdout) == today, done.stderr
    found = Inspec(engine="testinfra").exec(platform.inputs(), subject="platform")
    verdicts = {one.id: one.verdict for one in found.controls}
    failed = {"acme-data-01": "failed", "acme-data-02": "failed", "acme-k8s-01": "skipped"}
    assert verdicts == {id: failed.get(id, "passed") for id in verdicts}, found.text()
    services.stop("vault")
    blind = Inspec(engine="testinfra").exec({"vault_url": platform.inputs()["vault_url"] or "https://127.0.0.1:1"})
    assert blind.control("acme-vault-01").verdict == "unknown"
