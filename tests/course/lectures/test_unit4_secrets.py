"""What the lecture on secrets stands on: a cache that refuses, logins that end, places where a secret gets left."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from helpers.clients.vault import Lease, LeaseExpired, LoginRefused, NoSuchSecret, PermissionDenied, Secret, Vault
from helpers.compliance import leaks
from helpers.core.errors import BadInput
from helpers.core.paths import ROOT
from helpers.course.scenarios import secrets
from helpers.course.scenarios.secrets import FOREIGN_PATH, MOUNT, OWN_PATH, ROLES, Cache, CacheRefused, SecretsScenario
from helpers.wrappers.terraform import Terraform

CREDS = f"{MOUNT}/creds/reader"


@pytest.fixture(scope="module")
def scenario(isolated: None) -> Iterator[SecretsScenario]:
    made = secrets.set_up()
    made.connect(Vault())
    yield made
    secrets.stop_cache(made.cache.folder)


def login() -> tuple[Lease, Secret]:
    lease = Vault().read(CREDS)
    assert isinstance(lease, Lease) and lease.secret is not None
    return lease, lease.secret


def test_each_reader_is_a_user_of_the_cache_and_may_only_read_models(scenario: SecretsScenario) -> None:
    (_, one), (_, two) = login(), login()
    assert one.reveal("username") != two.reveal("username") and one.reveal("password") != two.reveal("password")
    assert scenario.cache.get(one, "model:current") == scenario.cache.get(two, "model:current") == "resnet-50"
    with pytest.raises(CacheRefused, match="NOPERM"):
        scenario.cache.get(one, "billing:vision")
    with pytest.raises(CacheRefused, match="NOPERM"):
        scenario.cache.execute(one.reveal("username"), one.reveal("password"), ["SET", "model:current", "mine"])
    Vault().revoke_all(CREDS)
    assert scenario.cache.users() == 0


def test_a_revoked_login_ends_and_the_other_one_goes_on(scenario: SecretsScenario) -> None:
    vault = Vault()
    (lease, one), (_, two) = login(), login()
    assert vault.renew(lease.id, 1800).seconds == 1800
    assert vault.renew(lease.id, 36_000).seconds <= 3600, "an hour is the longest life"
    vault.revoke(lease.id)
    with pytest.raises(CacheRefused, match="WRONGPASS"):
        scenario.cache.get(one, "model:current")
    with pytest.raises(LeaseExpired):
        vault.renew(lease.id)
    assert scenario.cache.get(two, "model:current") == "resnet-50"
    vault.revoke_all(CREDS)


def test_a_workload_reads_what_its_policy_names_at_that_moment(scenario: SecretsScenario) -> None:
    vault, role = Vault(), ROLES[0]
    vault.write_policy(role, 'path "secret/data/*" { capabilities = ["read"] }')
    vault.write_workload_role(role, [role], service_account="inference", namespace=secrets.NAMESPACE)
    session = vault.log_in_workload(role, scenario.identity("inference"))
    assert session.get(FOREIGN_PATH).keys == ("hub-token",)
    vault.write_policy(role, f'path "secret/data/{OWN_PATH}" {{ capabilities = ["read"] }}')
    with pytest.raises(PermissionDenied):
        session.get(FOREIGN_PATH)
    assert session.get(OWN_PATH).keys == ("hub-token",)
    with pytest.raises(LoginRefused):
        vault.log_in_workload(role, scenario.identity("notebook"))


def test_a_pipeline_log_is_not_masked_and_the_search_finds_it(scenario: SecretsScenario) -> None:
    terraform = Terraform(scenario.leaking, variables={"password": scenario.password})
    terraform.init()
    terraform.apply(auto_approve=True)
    log = scenario.leaking / scenario.pipeline(scenario.leaking, "show", "-json")
    assert scenario.password in log.read_text(), "else the lecture's search could find nothing"
    assert "show.log" in {leak.file for leak in leaks.terraform_clean(scenario.leaking, [scenario.password]).leaks}
    with pytest.raises(BadInput):
        scenario.pipeline(scenario.leaking, "show", "no-such-plan")


def test_the_planted_login_is_found_in_each_place_and_never_shown(scenario: SecretsScenario) -> None:
    _, secret = login()
    value = secret.reveal("password")
    room = scenario.workspace(secret)
    assert value in (room / "try.ipynb").read_text(), "it is really there"
    report = leaks.scan(room)
    shown = secrets.leak_locations(report)
    text = repr(shown) + shown._repr_html_() + report.text()
    assert value not in text
    for place in ("git …:settings.env:2", "terraform.tfstate (output.login)", "try.ipynb (cell 1 output, line 1)"):
        assert place in repr(shown)
    assert len(report.leaks) == 3 and report.exit_code == 1
    for name in ("try.ipynb", "terraform.tfstate"):
        (room / name).unlink()
    assert [leak.file.split(":")[-1] for leak in leaks.scan(room).leaks] == ["settings.env"], "the history keeps it"
    Vault().revoke_all(CREDS)


def test_clearing_takes_everything_back_and_the_lecture_can_begin_again(scenario: SecretsScenario) -> None:
    shutil.copy(scenario.ephemeral / "main.tf", scenario.leaking / "main.tf")  # as broken as the reader may leave it
    (scenario.leaking / "main.tf").write_text("not even HCL {")
    pid, vault = scenario.cache.pid, Vault()
    scenario.clear()
    assert not psutil.pid_exists(pid) and not scenario.folder.exists()
    assert MOUNT not in vault.mounts() and not set(ROLES) & set(vault.policies())
    with pytest.raises(NoSuchSecret):
        vault.get(OWN_PATH)
    again = secrets.set_up()
    try:
        assert [one.status for one in vault.versions(OWN_PATH)] == ["current"], "no versions of the run before"
        assert again.password != scenario.password
        # A kernel that was killed leaves its cache; the next run stops it.
        once_more = secrets.set_up()
        assert not psutil.pid_exists(again.cache.pid) and psutil.pid_exists(once_more.cache.pid)
    finally:
        secrets.stop_cache(again.cache.folder)


def test_a_cache_takes_no_login_that_it_does_not_know(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.start()
    try:
        with pytest.raises(CacheRefused, match="WRONGPASS") as refused:
            cache.execute("default", "wrong-password-of-mine", ["GET", "model:current"])
        assert "wrong-password-of-mine" not in str(refused.value)
        assert cache.execute("default", cache.password, ["GET", "nothing"]) == [secrets.NOTHING]
        assert (cache.folder / "redis.conf").stat().st_mode & 0o077 == 0, "its password is for the owner alone"
    finally:
        secrets.stop_cache(cache.folder)
    assert not psutil.pid_exists(cache.pid)


def test_the_committed_lecture_shows_no_secret(tmp_path: Path) -> None:
    notebook = ROOT / "notebooks/unit4/02-secret-management.ipynb"
    shutil.copy(notebook, tmp_path)
    assert leaks.scan(tmp_path).status == "clean"
    # What the lecture draws has 28 letters and digits with no break; nothing it shows looks like that.
    outputs = re.sub(r'"id": "[^"]+"', "", notebook.read_text())
    assert not [run for run in re.findall(r"\b[A-Za-z0-9]{28}\b", outputs) if re.search(r"\d", run)]
