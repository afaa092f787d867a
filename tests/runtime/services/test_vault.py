"""The vault as a service: nothing lost by a kill, unsealed again, no secret in reach of others."""

from __future__ import annotations

import socket
from pathlib import Path

import psutil
import pytest

from helpers.clients.vault import NoSuchSecret, Vault
from helpers.core.files import NotPrivate
from helpers.runtime import services, tools
from helpers.runtime.services.vault import LostKeys
from tests.repeats import times
from tests.running import kill


def stop_hard() -> None:
    kill(services.ensure("vault").pid)


@pytest.mark.soak
def test_nothing_is_lost_by_kills_and_it_unseals_again(state: Path) -> None:
    url = services.ensure("vault").url
    # A vault keeps ten versions of a secret.
    kills = times(3, 10)
    for number in range(kills):
        Vault().put("vision/kept", {"n": str(number)})
        stop_hard()
        assert services.ensure("vault").url == url
    assert Vault().get("vision/kept").reveal("n") == str(kills - 1)
    assert len(Vault().versions("vision/kept")) == kills
    # The log goes on where it was, and says what happened before the kills.
    writes = [e for e in Vault().audit(None, path="secret/data/vision/kept") if e.operation in ("create", "update")]
    assert len(writes) == kills


def test_it_comes_back_on_other_ports(state: Path) -> None:
    before = services.ensure("vault")
    Vault().put("vision/kept", {"n": "1"})
    services.stop("vault")
    with socket.create_server(("127.0.0.1", before.port)):
        after = services.ensure("vault")
        assert after.port != before.port
        assert Vault().get("vision/kept").version == 1


def test_a_kill_in_the_first_start_does_not_leave_a_vault_without_keys(state: Path) -> None:
    services.ensure("vault")
    services.stop("vault")
    keys = state / "services" / "vault" / "keys"
    # As a kill between the making of the keys and their writing leaves it.
    for path in [*keys.glob("share-*"), *keys.glob("roles/*")]:
        path.unlink()
    (keys / "pending").touch()
    services.ensure("vault")
    with pytest.raises(NoSuchSecret):
        Vault().get("vision/kept")


def test_lost_key_shares_are_said_and_the_data_is_left_alone(state: Path) -> None:
    services.ensure("vault")
    Vault().put("vision/kept", {"n": "1"})
    services.stop("vault")
    keys = state / "services" / "vault" / "keys"
    aside = {path: path.read_bytes() for path in keys.glob("share-*")}
    for path in aside:
        path.unlink()
    with pytest.raises(LostKeys, match="key shares are gone"):
        services.ensure("vault")
    assert next(s for s in services.status() if s.name == "vault").status == "stopped"
    for path, share in list(aside.items())[1:]:
        path.write_bytes(share)
        path.chmod(0o644)
        with pytest.raises(NotPrivate, match=path.name):
            services.ensure("vault")
        path.chmod(0o600)
    services.ensure("vault")
    assert Vault().get("vision/kept").version == 1


def test_it_listens_on_loopback_with_tls_and_its_secrets_are_private(state: Path) -> None:
    service = services.ensure("vault")
    assert service.url.startswith("https://127.0.0.1:")
    listening = {c.laddr.ip for c in psutil.Process(service.pid).net_connections("tcp") if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}
    folder = state / "services" / "vault"
    assert folder.stat().st_mode & 0o077 == 0
    assert not [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    share = (folder / "keys" / "share-1").read_text()
    for path in (service.log, folder / "bao.hcl", service.data / "audit.log"):
        assert share not in path.read_text()


def test_stop_leaves_nothing(state: Path) -> None:
    pid = services.ensure("vault").pid
    assert pid is not None and tools.ensure("bao").version
    services.stop("vault")
    assert not psutil.pid_exists(pid)
