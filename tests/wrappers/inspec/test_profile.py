"""The profile: one source, Ruby generated from it, and waivers. Nothing runs here but Ruby's parser."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from helpers.compliance import evidence
from helpers.wrappers import inspec
from helpers.wrappers.inspec import BadProfile, BadWaivers, ControlResult, ProfileControl, WaiverData
from helpers.wrappers.inspec.types import InspecReport, ProfileReport

NOW = datetime(2026, 6, 15, 12, 0)


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A copy of the course's profile."""
    return Path(shutil.copytree(inspec.PLATFORM, tmp_path / "profile"))


class TestSource:
    def test_the_ruby_files_are_those_that_the_source_makes(self) -> None:
        made = inspec.ruby_files(inspec.load())
        folder = inspec.PLATFORM / "controls"
        assert {path.name: path.read_text() for path in folder.iterdir()} == made

    def test_ruby_takes_every_file(self) -> None:
        files = sorted((inspec.PLATFORM / "controls").glob("*.rb"))
        done = subprocess.run(["ruby", "-c", *files], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("Syntax OK") >= 1 and files

    def test_ruby_refuses_a_broken_file(self, profile: Path) -> None:
        file = profile / "controls" / "keys.rb"
        file.write_text(file.read_text().replace("control 'acme-keys-01' do", "control 'acme-keys-01'"))
        assert subprocess.run(["ruby", "-c", file], capture_output=True).returncode != 0

    def test_quotes_and_interpolation_of_a_value_stay_text(self, profile: Path) -> None:
        odd = """it's a #{raise} "trap" \\' end"""
        source = profile / "controls.yaml"
        source.write_text(source.read_text().replace("A private key is readable by its owner alone", json.dumps(odd)))
        text = inspec.ruby_files(inspec.load(profile))["keys.rb"]
        (title,) = (line.strip() for line in text.splitlines() if line.strip().startswith("title"))
        done = subprocess.run(["ruby", "-e", f"def title(x) = print(x)\n{title}"], capture_output=True, text=True)
        assert done.stdout == odd, done.stderr

    def test_every_control_is_evidence_for_a_control_of_the_framework(self) -> None:
        # CC6.6 is about the system's boundary: a look at listeners speaks of it, and the pack's trail cannot.
        known = {one.id for one in evidence.load()} | {"CC6.6"}
        for control in inspec.load().controls:
            assert control.soc2 and set(control.soc2) <= known

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("check: {file:", "check: {files:"),
            ("impact: 0.9", "impact: 9"),
            ("for_each: private_keys", "for_each: private_key"),
            ('is: "0600"', 'equals: "0600"'),
            ("- id: acme-net-01", "- id: acme-keys-01"),
            ("version: 1\n", "version: 2\n"),
            ("    expect:\n      - {property: exist}", "    expects:\n      - {property: exist}"),
        ],
    )
    def test_what_neither_engine_can_execute_is_refused(self, profile: Path, old: str, new: str) -> None:
        source = profile / "controls.yaml"
        assert old in source.read_text()
        source.write_text(source.read_text().replace(old, new, 1))
        with pytest.raises(BadProfile):
            inspec.load(profile)

    def test_an_unknown_input_is_refused(self) -> None:
        with pytest.raises(BadProfile, match="private_key'"):
            inspec.load().values({"private_key": []})
        with pytest.raises(BadProfile, match="a list"):
            inspec.load().values({"private_keys": "/etc/key"})


class TestWaivers:
    def waivers(self, tmp_path: Path, text: str) -> tuple[inspec.Waiver, ...]:
        file = tmp_path / "waivers.yaml"
        file.write_text(text)
        return inspec.load_waivers(file, ["a", "b"])

    def test_the_course_s_own_file_is_valid(self) -> None:
        assert inspec.load_waivers(inspec.PLATFORM / "waivers.yaml", []) == ()

    def test_it_counts_until_midnight_of_its_last_day(self, tmp_path: Path) -> None:
        (one,) = self.waivers(tmp_path, "a: {justification: moved in June, expiration_date: 2026-06-15, run: no}")
        assert not one.over(datetime(2026, 6, 14, 23, 59)) and one.over(datetime(2026, 6, 15))
        before, after = one.applied(datetime(2026, 6, 1)), one.applied(NOW)
        assert before.skipped_due_to_waiver and not before.expired
        assert after.expired and not after.skipped_due_to_waiver

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("a: {expiration_date: 2027-01-01}", "justification"),
            ("a: {justification: ' ', expiration_date: 2027-01-01}", "justification"),
            ("a: {justification: later}", "for ever"),
            ("a: {justification: later, expiration_date: soon}", "ValueError"),
            ("a: {justification: later, expiration_date: 2027-01-01, skip: yes}", "unknown fields"),
            ("a: {justification: later, expiration_date: 2027-01-01, run: maybe}", "yes or no"),
            ("c: {justification: later, expiration_date: 2027-01-01}", "no control c"),
            ("[a, b]", "Error"),
        ],
    )
    def test_a_waiver_without_reason_end_or_control_is_refused(self, tmp_path: Path, text: str, why: str) -> None:
        with pytest.raises(BadWaivers, match=why):
            self.waivers(tmp_path, text)


def control(*statuses: str, waiver: WaiverData | None = None, exception: str = "") -> ProfileControl:
    results = tuple(ControlResult(status, "x", exception=exception) for status in statuses)
    return ProfileControl("c", "t", "d", 0.5, {"soc2": ["CC6.1"]}, results, waiver)


IN_FORCE, OVER = WaiverData("ada: sprint 31"), WaiverData("ada", message="Waiver expired on 2026-01-01")
SKIPPED = WaiverData("ada: sprint 31", run=False, skipped_due_to_waiver=True)


class TestVerdicts:
    @pytest.mark.parametrize(
        ("given", "verdict"),
        [
            (control("passed", "passed"), "passed"),
            (control("passed", "failed"), "failed"),
            (control("failed", "skipped"), "failed"),
            (control("passed", "skipped"), "skipped"),
            (control(), "unknown"),
            (control("surprising"), "unknown"),
            (control("failed", exception="Errno::ECONNREFUSED"), "unknown"),
            (control("failed", exception="RSpec::Expectations::ExpectationNotMetError"), "failed"),
            (control("failed", waiver=IN_FORCE), "waived"),
            (control("passed", waiver=IN_FORCE), "passed"),
            (control("failed", waiver=OVER), "failed"),
            (control("skipped", waiver=SKIPPED), "waived"),
            (control("failed", waiver=WaiverData("")), "failed"),
            (control(waiver=IN_FORCE), "unknown"),
            # A waiver accepts a known failure, not that nobody could look.
            (control("failed", exception="Timeout", waiver=IN_FORCE), "unknown"),
        ],
    )
    def test_of_a_control(self, given: ProfileControl, verdict: str) -> None:
        assert given.verdict == verdict
        assert ("met" in given.reason) is (verdict == "passed")

    @pytest.mark.parametrize(
        ("controls", "verdict", "status"),
        [
            ([control("passed"), control("failed", waiver=IN_FORCE)], "passed", 0),
            ([control("passed"), control("failed"), control()], "failed", 1),
            ([control("passed"), control("skipped")], "unknown", 3),
            ([control("passed"), control()], "unknown", 3),
            ([control("failed", waiver=IN_FORCE)], "unknown", 3),
            ([], "unknown", 3),
        ],
    )
    def test_of_a_run(self, controls: list[ProfileControl], verdict: str, status: int) -> None:
        profile = ProfileReport("p", "1", "", "", tuple(controls))
        report = InspecReport("testinfra", "1", {}, (profile,))
        assert (report.verdict, report.status) == (verdict, status)
        assert InspecReport("testinfra", "1", {}, ()).verdict == "unknown"
