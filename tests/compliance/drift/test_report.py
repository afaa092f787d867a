"""Drift over many stacks without any stack: settings, rules for noise, ages, exit codes, advice, the job's files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from helpers.compliance import drift
from helpers.compliance.drift import (
    BadDriftFile,
    DriftFinding,
    DriftReport,
    IgnoreRule,
    Stack,
    StackDrift,
    advise,
    report_document,
    report_text,
    sift,
)
from helpers.compliance.drift.document import age_text
from helpers.compliance.drift.history import remember
from helpers.compliance.drift.types import StackStatus
from helpers.core import yaml_reader
from helpers.core.paths import IAC
from helpers.wrappers.terraform._changes import ResourceChange
from helpers.wrappers.terraform.types import Plan

MATERIAL = IAC / "lectures" / "unit2" / "drift"
RULE = IgnoreRule("vision-*", "bucket.models[0]", "tags*.last-scan", "security", "scanner", date(2026, 6, 30))
NOW = datetime(2026, 6, 15, 6, tzinfo=UTC)
TAG, GONE = DriftFinding("bucket.models[0]", "tags_all.last-scan", None, "monday"), DriftFinding("bucket.models[0]", "")


def stack(name: str = "vision-a") -> Stack:
    return Stack(name, Path(name), "vision", "#vision")


def answer(status: StackStatus, *findings: DriftFinding, name: str = "vision-a", **more: object) -> StackDrift:
    return StackDrift(stack(name), status, findings, **more)  # type: ignore[arg-type]


class TestSettings:
    def test_the_lecture_s_file(self) -> None:
        found = drift.load(MATERIAL / "drift.yaml")
        assert [one.owner for one in found.stacks] == ["vision", "speech", "ranking"]
        assert all(one.directory.is_dir() for one in found.stacks)

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("owner: vision", "owner: ''", "nobody owns it"),
            ("name: speech-serving", "name: vision-training", "name of its own"),
            ("parallel: 2", "parallel: 0", "1 or more"),
            ("version: 1", "version: 7", "version"),
            ("ignore: []", "ignore: [{stack: '*', resource: a, attribute: b, owner: o, reason: r}]", "until"),
            (
                "ignore: []",
                "ignore: [{stack: '*', resource: a, attribute: b, owner: '', reason: r, until: 2026-01-01}]",
                "owner",
            ),
            (
                "ignore: []",
                "ignore: [{stack: a, resource: '*', attribute: '*', owner: o, reason: r, until: 2026-01-01}]",
                "ends drift",
            ),
            ("ignore: []", "ignored: []", "unknown fields"),
            ("stacks:", "stacks: []\nmore:", "unknown fields"),
        ],
    )
    def test_what_nobody_answers_for_is_refused(self, tmp_path: Path, old: str, new: str, why: str) -> None:
        text = (MATERIAL / "drift.yaml").read_text()
        assert old in text
        (tmp_path / "drift.yaml").write_text(text.replace(old, new, 1))
        with pytest.raises(BadDriftFile, match=why):
            drift.load(tmp_path / "drift.yaml")


class TestNoise:
    def test_a_rule_covers_its_attribute_to_the_end_of_its_last_day(self) -> None:
        (last,) = sift("vision-a", [TAG], [RULE], date(2026, 6, 30))
        (after,) = sift("vision-a", [TAG], [RULE], date(2026, 7, 1))
        assert last.ignored_by == RULE and last.expired is None
        assert after.ignored_by is None and after.expired == RULE

    @pytest.mark.parametrize(
        ("name", "finding"),
        [
            ("speech-a", TAG),
            ("vision-a", replace(TAG, address="bucket.models[1]")),
            # The brackets are no pattern: models0 is another object.
            ("vision-a", replace(TAG, address="bucket.models0")),
            ("vision-a", replace(TAG, attribute="tags.last-scanner")),
            ("vision-a", GONE),
        ],
    )
    def test_it_covers_nothing_else_and_never_an_object_that_is_gone(self, name: str, finding: DriftFinding) -> None:
        every = replace(RULE, attribute="*") if finding.gone else RULE
        assert sift(name, [finding], [every], date(2026, 6, 1))[0].ignored_by is None

    def test_one_rule_in_force_is_enough(self) -> None:
        old = replace(RULE, until=date(2026, 1, 1))
        (found,) = sift("vision-a", [TAG], [old, RULE], date(2026, 6, 1))
        assert found.ignored_by == RULE and found.expired is None


class TestAges:
    def test_first_seen_is_kept_through_an_outage_and_forgotten_when_healed(self, tmp_path: Path) -> None:
        file = tmp_path / "new" / "history.json"

        def run(days: int, one: StackDrift) -> StackDrift:
            return remember(DriftReport(NOW + timedelta(days=days), (one,)), file).stacks[0]

        run(0, answer("in-sync"))
        (new,) = run(1, answer("drifted", TAG)).active
        assert (new.first_seen, new.looked_before) == (NOW + timedelta(days=1), NOW)
        run(2, answer("unknown", why="no answer"))
        (old,) = run(5, answer("drifted", TAG)).active
        assert old.age(NOW + timedelta(days=5)) == timedelta(days=4) and old.looked_before == NOW
        run(6, answer("in-sync"))
        assert run(7, answer("drifted", TAG)).active[0].first_seen == NOW + timedelta(days=7)

    def test_noise_has_an_age_for_the_day_its_rule_ends(self, tmp_path: Path) -> None:
        file = tmp_path / "history.json"
        remember(DriftReport(NOW, (answer("in-sync", replace(TAG, ignored_by=RULE)),)), file)
        later = remember(DriftReport(NOW + timedelta(days=20), (answer("drifted", TAG),)), file)
        assert later.stacks[0].first_seen() == NOW

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"stacks": {"a": 1}}', '{"stacks": {"a": {"findings": {"x": {}}}}}']
    )
    def test_a_broken_history_is_no_empty_one(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "history.json"
        file.write_text(text)
        with pytest.raises(BadDriftFile, match="old drift would look new"):
            remember(DriftReport(NOW, (answer("drifted", TAG),)), file)
        assert file.read_text() == text

    def test_in_words(self) -> None:
        ages = [timedelta(seconds=9), timedelta(minutes=5), timedelta(hours=3), timedelta(days=1), timedelta(days=12)]
        assert [age_text(one) for one in ages] == ["new", "5 min", "3 h", "1 day", "12 days"]


class TestReport:
    @pytest.mark.parametrize(
        ("statuses", "code"),
        [
            (["in-sync"], 0),
            (["in-sync", "unapplied"], 4),
            (["in-sync", "unapplied", "unknown"], 3),
            (["unknown", "drifted"], 1),
            (["both"], 1),
            ([], 3),
        ],
    )
    def test_exit_code(self, statuses: list[StackStatus], code: int) -> None:
        assert DriftReport(NOW, tuple(answer(one) for one in statuses)).exit_code == code

    def test_the_document_says_who_since_when_and_what_to_do(self) -> None:
        found = replace(TAG, first_seen=NOW - timedelta(days=3), expired=RULE)
        one = answer("both", found, unapplied=(("bucket.b", "update"),), advice=drift.Advice("heal", "why", ("step",)))
        said = json.loads(json.dumps(report_document(DriftReport(NOW, (one,)))))["stacks"][0]
        assert (said["owner"], said["contact"], said["status"]) == ("vision", "#vision", "both")
        assert said["findings"][0]["ageSeconds"] == 3 * 86400
        assert said["findings"][0]["rule"]["owner"] == "security" and not said["findings"][0]["ignored"]
        assert said["advice"]["kind"] == "heal"
        text = report_text(DriftReport(NOW, (one,)))
        assert "(3 days)" in text and "ended on 2026-06-30" in text and "not applied: update bucket.b" in text


def change(address: str, *actions: str) -> ResourceChange:
    return ResourceChange(address, "", "managed", "bucket", "models", 0, "p", actions, {"a": 1}, {"a": 2})


class TestAdvice:
    @pytest.mark.parametrize(
        ("found", "plan", "kind", "why"),
        [
            (answer("drifted", TAG), [change("bucket.models[0]", "update")], "heal", "in place"),
            (answer("drifted", GONE), [change("bucket.models[0]", "create")], "heal", "does not come back"),
            (answer("drifted", TAG), [change("bucket.models[0]", "delete", "create")], "adopt", "destroy"),
            (answer("drifted", TAG), [], "adopt", "change nothing"),
            (answer("drifted", TAG), [change("bucket.other", "update")], "adopt", "change nothing"),
            (
                answer("both", TAG, unapplied=(("bucket.other", "update"),)),
                [change("bucket.models[0]", "update"), change("bucket.other", "update")],
                "heal",
                "roll out bucket.other",
            ),
        ],
    )
    def test_heal_or_adopt(self, found: StackDrift, plan: list[ResourceChange], kind: str, why: str) -> None:
        said = advise(found, Plan(tuple(plan)))
        assert said.kind == kind and why in said.reason and said.steps


class TestPipeline:
    """What runs on a schedule is what a person runs."""

    def test_the_hosted_job_runs_the_script_and_nothing_else_of_ours(self) -> None:
        workflow = yaml_reader.load((MATERIAL / ".github" / "workflows" / "drift.yaml").read_text())
        (job,) = workflow["jobs"].values()
        commands = [step["run"] for step in job["steps"] if "run" in step]
        assert commands == ['python -m pip install "mod208 @ ${COURSE}"', "./pipeline.sh"]
        script = MATERIAL / "pipeline.sh"
        assert script.stat().st_mode & 0o111
        lines = [line for line in script.read_text().splitlines() if line and not line.startswith(("#", "set "))]
        assert len(lines) == 1 and lines[0].startswith("exec course drift run drift.yaml ")

    def test_it_may_read_only_and_never_runs_twice_at_once(self) -> None:
        # YAML 1.1 reads the key `on` as true.
        workflow = yaml_reader.load((MATERIAL / ".github" / "workflows" / "drift.yaml").read_text())
        (cron,) = (one["cron"] for one in workflow[True]["schedule"])
        assert cron.split()[0] not in ("0", "*") and "pull_request" not in workflow[True]
        assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
        assert workflow["concurrency"]["cancel-in-progress"] is False
        steps = workflow["jobs"]["look"]["steps"]
        assert all(len(one["uses"].split("@")[1]) == 40 for one in steps if "uses" in one)
        (upload,) = (one for one in steps if "upload-artifact" in one.get("uses", ""))
        script = (MATERIAL / "pipeline.sh").read_text()
        assert upload["if"] == "always()" and f"--report {upload['with']['path']}" in script
        (cache,) = (one for one in steps if "actions/cache" in one.get("uses", ""))
        assert f"--history {cache['with']['path']}/history.json" in script
