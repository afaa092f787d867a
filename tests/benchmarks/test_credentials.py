"""The two ways without: each still is the same service, and nothing else than what asks is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import credentials
from helpers.clients.aws import cloud
from helpers.clients.forge import Forge
from helpers.core import http
from helpers.runtime import services, trust
from helpers.wrappers.git import Git


def test_relay_without_tls_serves_the_same_repository(tmp_path: Path) -> None:
    port = services.ensure("git").address.rpartition(":")[2]
    Forge().create("app", policy={"gates": False, "approvals": 0})
    with credentials._plain(port) as plain:
        assert http.request("GET", f"{plain}/api/people").status == 401, "it still asks for an account"
        login = Forge().credentials()
        account = http.basic(login.username, login.password)
        assert http.request("GET", f"{plain}/api/people", headers=account).ok
        url = plain.replace("http://", f"http://{login.username}:{login.password}@")
        assert Git.clone(f"{url}/app.git", tmp_path / "clone").workdir.is_dir()


def test_cloud_without_its_guard_takes_everybody_and_the_other_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded = services.ensure("cloud").url
    with credentials._unguarded(tmp_path) as url:
        assert http.request("GET", f"{url}/moto-api/data.json").ok
        assert http.request("GET", f"{guarded}/moto-api/data.json", ca=trust.ca_file()).status == 403
        for name in (url, None):
            cloud.forget()
            with monkeypatch.context() as patch:
                if name:
                    patch.setenv("MOD208_CLOUD_URL", name)
                assert cloud.client("sts", "vision").get_caller_identity()["Account"] == "222222222222"


def test_figures_are_shown_with_their_goal() -> None:
    row = {"pairs": 9, "bare_seconds": 1.0, "ours_seconds": 1.1, "ratio": 1.1, "interval": [1.0, 1.2]}
    rows = {"one request": row, "step check": {**row, "verdict": "could not tell"}}
    found = {"goal_ratio": 1.05, "cores": 2, "load_before": 0.5, "rows": rows, "start_seconds": 9.0}
    one, check, verdict, start, load = credentials.show(found)
    assert "ratio 1.100 (1.000 to 1.200 at 99 %, 9 pairs)" in one and check.startswith("step check")
    assert verdict.strip() == "goal <= 1.05: could not tell" and "9.00 s" in start and "0.5 on 2 cores" in load
