"""What the lecture on secrets stands on: a cache that refuses, logins that end, places where a secret gets left."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from helpers import leaks, lectures_secrets
from helpers._paths import ROOT
from helpers.errors import BadInput
from helpers.lectures_secrets import MOUNT, OURS, ROLES, THEIRS, Cache, CacheRefused, World
from helpers.terraform import Terraform
from helpers.vault import Lease, LeaseExpired, LoginRefused, NoSuchSecret, PermissionDenied, Secret, Vault

CREDS = f"{MOUNT}/creds/reader"


@pytest.fixture(scope="module")
def world(isolated: None) -> Iterator[World]:
    made = lectures_secrets.begin()
    made.connect(Vault())
    yield made
    lectures_secrets.stop_cache(made.cache.folder)


def login() -> tuple[Lease, Secret]:
    lease = Vault().read(CREDS)
    assert isinstance(lease, Lease) and lease.secret is not None
    return lease, lease.secret


def test_each_reader_is_a_user_of_the_cache_and_may_only_read_models(world: World) -> None:
    (_, one), (_, two) = login(), login()
    assert one.reveal("username") != two.reveal("username") and one.reveal("password") != two.reveal("password")
    assert world.cache.get(one, "model:current") == world.cache.get(two, "model:current") == "resnet-50"
    with pytest.raises(CacheRefused, match="NOPERM"):
        world.cache.get(one, "billing:vision")
    with pytest.raises(CacheRefused, match="NOPERM"):
        world.cache.ask(one.reveal("username"), one.reveal("password"), ["SET", "model:current", "mine"])
    Vault().revoke_all(CREDS)
    assert world.cache.users() == 0


def test_a_revoked_login_ends_and_the_other_one_goes_on(world: World) -> None:
    vault = Vault()
    (lease, one), (_, two) = login(), login()
    assert vault.renew(lease.id, 1800).seconds == 1800
    assert vault.renew(lease.id, 36_000).seconds <= 3600, "an hour is the longest life"
    vault.revoke(lease.id)
    with pytest.raises(CacheRefused, match="WRONGPASS"):
        world.cache.get(one, "model:current")
    with pytest.raises(LeaseExpired):
        vault.renew(lease.id)
    assert world.cache.get(two, "model:current") == "resnet-50"
    vault.revoke_all(CREDS)


def test_a_workload_reads_what_its_policy_names_at_that_moment(world: World) -> None:
    vault, role = Vault(), ROLES[0]
    vault.write_policy(role, 'path "secret/data/*" { capabilities = ["read"] }')
    vault.write_workload_role(role, [role], service_account="inference", namespace=lectures_secrets.SPACE)
    session = vault.log_in_workload(role, world.identity("inference"))
    assert session.get(THEIRS).keys == ("hub-token",)
    vault.write_policy(role, f'path "secret/data/{OURS}" {{ capabilities = ["read"] }}')
    with pytest.raises(PermissionDenied):
        session.get(THEIRS)
    assert session.get(OURS).keys == ("hub-token",)
    with pytest.raises(LoginRefused):
        vault.log_in_workload(role, world.identity("notebook"))


def test_a_pipeline_log_is_not_masked_and_the_search_finds_it(world: World) -> None:
    terraform = Terraform(world.leaking, variables={"password": world.password})
    terraform.init()
    terraform.apply(auto_approve=True)
    log = world.leaking / world.pipeline(world.leaking, "show", "-json")
    assert world.password in log.read_text(), "else the lecture's search could find nothing"
    assert "show.log" in {leak.file for leak in leaks.terraform_clean(world.leaking, [world.password]).leaks}
    with pytest.raises(BadInput):
        world.pipeline(world.leaking, "show", "no-such-plan")


def test_the_planted_login_is_found_in_each_place_and_never_shown(world: World) -> None:
    _, secret = login()
    value = secret.reveal("password")
    room = world.workspace(secret)
    assert value in (room / "try.ipynb").read_text(), "it is really there"
    report = leaks.scan(room)
    shown = lectures_secrets.places(report)
    text = repr(shown) + shown._repr_html_() + report.text()
    assert value not in text
    for place in ("git …:settings.env:2", "terraform.tfstate (output.login)", "try.ipynb (cell 1 output, line 1)"):
        assert place in repr(shown)
    assert len(report.leaks) == 3 and report.exit_code == 1
    for name in ("try.ipynb", "terraform.tfstate"):
        (room / name).unlink()
    assert [leak.file.split(":")[-1] for leak in leaks.scan(room).leaks] == ["settings.env"], "the history keeps it"
    Vault().revoke_all(CREDS)


def test_clearing_takes_everything_back_and_the_lecture_can_begin_again(world: World) -> None:
    shutil.copy(world.ephemeral / "main.tf", world.leaking / "main.tf")  # as broken as the reader may leave it
    (world.leaking / "main.tf").write_text("not even HCL {")
    pid, vault = world.cache.pid, Vault()
    world.clear()
    assert not psutil.pid_exists(pid) and not world.folder.exists()
    assert MOUNT not in vault.mounts() and not set(ROLES) & set(vault.policies())
    with pytest.raises(NoSuchSecret):
        vault.get(OURS)
    again = lectures_secrets.begin()
    try:
        assert [one.status for one in vault.versions(OURS)] == ["current"], "no versions of the run before"
        assert again.password != world.password
        # A kernel that was killed leaves its cache; the next run stops it.
        once_more = lectures_secrets.begin()
        assert not psutil.pid_exists(again.cache.pid) and psutil.pid_exists(once_more.cache.pid)
    finally:
        lectures_secrets.stop_cache(again.cache.folder)


def test_a_cache_takes_no_login_that_it_does_not_know(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.start()
    try:
        with pytest.raises(CacheRefused, match="WRONGPASS") as refused:
            cache.ask("default", "wrong-password-of-mine", ["GET", "model:current"])
        assert "wrong-password-of-mine" not in str(refused.value)
        assert cache.ask("default", cache.password, ["GET", "nothing"]) == [lectures_secrets.NOTHING]
        assert (cache.folder / "redis.conf").stat().st_mode & 0o077 == 0, "its password is for the owner alone"
    finally:
        lectures_secrets.stop_cache(cache.folder)
    assert not psutil.pid_exists(cache.pid)


def test_the_committed_lecture_shows_no_secret(tmp_path: Path) -> None:
    notebook = ROOT / "notebooks/unit4/02-secret-management.ipynb"
    shutil.copy(notebook, tmp_path)
    assert leaks.scan(tmp_path).status == "clean"
    # What the lecture draws has 28 letters and digits with no break; nothing it shows looks like that.
    outputs = re.sub(r'"id": "[^"]+"', "", notebook.read_text())
    assert not [run for run in re.findall(r"\b[A-Za-z0-9]{28}\b", outputs) if re.search(r"\d", run)]
