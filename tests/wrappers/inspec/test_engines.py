"""Executing controls: pytest-testinfra for real; InSpec by a stand-in, which proves arguments and parsing only."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from helpers.core import process
from helpers.wrappers.inspec import (
    PLATFORM,
    BadProfile,
    BadWaivers,
    EngineFailed,
    EngineMissing,
    Inspec,
    InspecReport,
)
from helpers.wrappers.inspec import _judge as judging
from tests.wrappers.inspec.standin import STAND_IN

NOW = datetime(2026, 6, 15, 12, 0)


@pytest.fixture(autouse=True)
def no_inspec(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither of the two is on PATH, whatever this machine has."""
    found = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, **o: None if name in ("inspec", "cinc-auditor") else found(name, **o)
    )


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[int, int]]:
    """A port on 127.0.0.1, and one on another address (of loopback, so that nobody else can reach it)."""
    with socket.create_server(("127.0.0.1", 0)) as inside, socket.create_server(("127.0.0.2", 0)) as outside:
        yield inside.getsockname()[1], outside.getsockname()[1]


def key(folder: Path, name: str, mode: int) -> str:
    path = folder / name
    path.touch()
    path.chmod(mode)
    return str(path)


def command(folder: Path, document: Any, code: int = 0) -> str:
    path = folder / "report.py"
    path.write_text(f"print({json.dumps(document)!r})\nraise SystemExit({code})\n")
    return f"{sys.executable} {path}"


BUCKET = {"encryption": "AES256", "public_access_blocked": True, "versioning": "Enabled", "locks_older_than_a_day": 0}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, listening: tuple[int, int]) -> InspecReport:
    """One run with something of everything."""
    folder = tmp_path_factory.mktemp("run")
    waivers = folder / "waivers.yaml"
    waivers.write_text(
        "acme-net-01: {justification: 'ada: moved in June', expiration_date: 2026-07-01, run: yes}\n"
        "acme-data-02: {justification: 'bela: old site', expiration_date: 2026-01-01, run: no}\n"
        "acme-vault-01: {justification: 'ada: rebuilt today', expiration_date: 2026-07-01, run: no}\n"
    )
    given = {
        "private_keys": [key(folder, "good.key", 0o600), key(folder, "it's open.key", 0o640), str(folder / "no")],
        "loopback_ports": list(listening),
        "buckets": ["models", "site"],
        "state_buckets": ["models"],
        "bucket_report": command(folder, {"models": BUCKET, "site": {**BUCKET, "public_access_blocked": False}}),
        "registry_url": "http://127.0.0.1:1",
        "vault_url": "http://127.0.0.1:1",
    }
    return Inspec(engine="testinfra").exec(given, waivers=waivers, now=NOW)


class TestTestinfra:
    @pytest.mark.parametrize(
        ("id", "verdict", "reason"),
        [
            ("acme-keys-01", "failed", "expected '0600', got '0640'"),
            ("acme-net-01", "waived", "until 2026-07-01: ada: moved in June"),
            ("acme-data-01", "passed", "2 expectations met"),
            ("acme-data-02", "failed", "expected True, got False"),
            ("acme-state-01", "passed", "2 expectations met"),
            ("acme-k8s-01", "skipped", "an input is empty: kubernetes_url"),
            ("acme-registry-01", "unknown", "no answer from http://127.0.0.1:1"),
            ("acme-vault-01", "waived", "until 2026-07-01: ada: rebuilt today"),
        ],
    )
    def test_each_control_says_what_it_saw(self, run: InspecReport, id: str, verdict: str, reason: str) -> None:
        one = run.control(id)
        assert one.verdict == verdict
        assert reason in one.reason

    def test_a_missing_file_is_a_failure_of_all_that_is_expected_of_it(self, run: InspecReport) -> None:
        rows = [one for one in run.control("acme-keys-01").results if one.code_desc.startswith("File ")]
        assert [one.status for one in rows] == ["passed", "passed", "passed", "failed", "failed", "failed"]
        assert not any(one.could_not_look for one in rows)

    def test_an_expired_waiver_is_named_and_does_not_count(self, run: InspecReport) -> None:
        waiver = run.control("acme-data-02").waiver
        assert waiver is not None and waiver.expired and not waiver.skipped_due_to_waiver

    def test_the_run_fails_and_says_who_ran_it(self, run: InspecReport) -> None:
        assert (run.verdict, run.status, run.engine) == ("failed", 1, "testinfra")
        assert "executed by testinfra" in run.text()
        assert run.by_soc2() == {"CC6.1": "failed", "CC6.6": "failed", "CC8.1": "unknown"}

    def test_its_json_has_the_fields_of_inspec_s_reporter(self, run: InspecReport) -> None:
        said = json.loads(run.to_json())
        assert set(said) == {"platform", "profiles", "statistics", "version", "passthrough"}
        assert said["platform"]["name"] and said["passthrough"] == {"engine": "testinfra"}
        one = said["profiles"][0]["controls"][0]
        assert {"id", "title", "desc", "impact", "tags", "results", "waiver_data"} <= set(one)
        assert {"status", "code_desc", "run_time", "start_time"} <= set(one["results"][0])
        again = InspecReport(run.engine, run.engine_version, said["platform"], run.profiles, run.duration)
        assert again.to_json() == run.to_json() and len(run.digest) == 64

    def test_without_inputs_every_control_is_skipped_and_nothing_passes(self) -> None:
        report = Inspec(engine="testinfra").exec()
        assert {one.verdict for one in report.controls} == {"skipped"}
        assert (report.verdict, report.exit_code) == ("unknown", 101)

    def test_a_command_that_fails_or_prints_no_json_is_not_a_verdict(self, tmp_path: Path) -> None:
        for said, code in (({"models": BUCKET}, 3), ("no object", 0)):
            asked = command(tmp_path, said, code) if code else f"{sys.executable} -c 'print(1,2)'"
            report = Inspec(engine="testinfra").exec({"buckets": ["models"], "bucket_report": asked})
            assert report.control("acme-data-01").verdict == "unknown", report.text()

    def test_what_is_no_input_is_refused_before_anything_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process, "run", lambda *a, **o: pytest.fail("it ran"))
        with pytest.raises(BadProfile):
            Inspec(engine="testinfra").exec({"keys": []})


def test_the_kernel_s_table_is_read() -> None:
    head = "  sl  local_address rem_address   st\n"
    rows = "   0: 0100007F:1F90 00000000:0000 0A\n   1: 00000000:0016 00000000:0000 0A\n   2: 0100007F:2222 0:0 01\n"
    assert judging.listening(head + rows, 4) == [("127.0.0.1", 8080), ("0.0.0.0", 22)]
    six = "   0: 00000000000000000000000001000000:1F90 0:0 0A\n"
    assert judging.listening(head + six, 6) == [("::1", 8080)]


class TestInspecByAStandIn:
    """A script named ``inspec`` writes a report as InSpec would: this proves arguments, exit codes and parsing.

    It does not prove that InSpec takes the profile: InSpec is not installable here. Its real run is left to a machine
    that has it.
    """

    @pytest.fixture
    def stand_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = tmp_path / "bin" / "cinc-auditor"
        path.parent.mkdir()
        path.write_text(STAND_IN.replace("PYTHON", sys.executable))
        path.chmod(0o755)
        found = {"cinc-auditor": str(path)}
        monkeypatch.setattr(shutil, "which", lambda name, **_: found.get(name))
        return path

    def test_arguments_and_report(self, stand_in: Path, tmp_path: Path) -> None:
        waivers = tmp_path / "w.yaml"
        waivers.write_text("acme-keys-01: {justification: 'ada: June', expiration_date: 2099-01-01, run: no}\n")
        inspec = Inspec()
        report = inspec.exec({"private_keys": ["/k"]}, waivers=waivers)
        assert inspec.engine == report.engine == "cinc-auditor"
        said = json.loads((stand_in.parent / "called.json").read_text())
        assert said["argv"][:2] == ["exec", str(inspec.profile.directory)]
        assert said["argv"][said["argv"].index("--waiver-file") + 1] == str(waivers)
        assert said["inputs"]["private_keys"] == ["/k"] and said["inputs"]["vault_url"] == ""
        assert said["mode"] == "0600"
        assert {"--distinct-exit", "--no-create-lockfile"} <= set(said["argv"])
        assert [one.verdict for one in report.controls] == ["waived", "failed"]
        assert report.exit_code == 100 and report.engine_version == "6.8.1"
        assert report.controls[1].reason == "expected: 0600"

    def test_ruby_that_the_source_does_not_say_is_not_executed(self, stand_in: Path, tmp_path: Path) -> None:
        profile = Path(shutil.copytree(PLATFORM, tmp_path / "profile"))
        assert Inspec(profile).engine == "cinc-auditor"
        source = profile / "controls.yaml"
        source.write_text(source.read_text().replace("impact: 0.9", "impact: 0.1", 1))
        with pytest.raises(BadProfile, match="are not those of its controls") as refused:
            Inspec(profile)
        assert refused.value.next.startswith("course controls write --profile ")
        assert (
            Inspec(profile, engine="testinfra").engine == "testinfra" and not (stand_in.parent / "called.json").exists()
        )

    def test_a_profile_of_ruby_alone_is_executed_by_what_reads_ruby(self, stand_in: Path, tmp_path: Path) -> None:
        profile = Path(shutil.copytree(PLATFORM, tmp_path / "profile"))
        (profile / "controls.yaml").unlink()
        waivers = tmp_path / "w.yaml"
        waivers.write_text("acme-keys-01: {justification: 'ada: June', expiration_date: 2099-01-01}\n")
        assert Inspec(profile).exec(waivers=waivers, subject="platform").subject == "platform"
        waivers.write_text("acme-kyes-01: {justification: 'ada: June', expiration_date: 2099-01-01}\n")
        with pytest.raises(BadWaivers, match="no control acme-kyes-01"):
            Inspec(profile).exec(waivers=waivers)
        with pytest.raises(EngineMissing, match="Nothing here executes the Ruby"):
            Inspec(profile, engine="testinfra")

    @pytest.mark.parametrize(
        ("mode", "why"),
        [
            ("exit 1", "usage or general error"),
            ("exit 172", "licence"),
            ("exit 42", "not one of its documented exit codes"),
            ("no-report", "cannot be read"),
            ("contradict", "do not fit together"),
        ],
    )
    def test_what_is_not_a_result_is_an_error(self, stand_in: Path, mode: str, why: str) -> None:
        (stand_in.parent / "mode").write_text(mode)
        with pytest.raises(EngineFailed, match=why):
            Inspec().exec()

    def test_an_engine_that_is_not_there_is_named_though_the_other_is(self, stand_in: Path) -> None:
        assert Inspec(engine="cinc-auditor").engine == stand_in.name
        with pytest.raises(EngineMissing, match="not on PATH"):
            Inspec(engine="inspec")


def test_the_command_exits_with_the_verdict(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.yaml"
    inputs.write_text(f"private_keys: ['{key(tmp_path, 'a.key', 0o600)}']\n")
    course = [Path(sys.executable).with_name("course"), "controls", "run", "--engine=testinfra", "--input-file", inputs]
    done = subprocess.run([*course, "--json"], capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["passthrough"] == {"engine": "testinfra"}
