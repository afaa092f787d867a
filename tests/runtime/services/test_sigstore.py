"""The private Sigstore as a service: loopback only, secrets private, keys kept over kills."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
import requests

from helpers.runtime import services
from helpers.runtime.services.sigstore import ca_file, chain_files, secret_file
from helpers.wrappers.cosign.sigstore import NoToken, Sigstore
from tests.running import kill


def processes(state: Path) -> dict[str, psutil.Process]:
    record = json.loads((state / "services" / "sigstore" / "service.json").read_text())
    return {started["name"]: psutil.Process(started["pid"]) for started in record["processes"]}


def test_it_is_private_and_ends_without_a_trace(state: Path) -> None:
    service = services.ensure("sigstore")
    started = processes(state)
    assert set(started) == {"issuer", "fulcio", "tsa"}
    for process in started.values():
        listening = {c.laddr.ip for c in process.net_connections("tcp") if c.status == "LISTEN"}
        assert listening == {"127.0.0.1"}, process.name()
    folder = state / "services" / "sigstore"
    assert not [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    secrets = [*json.loads(secret_file(folder).read_text()).values()]
    secrets += [(folder / "keys" / f"{name}.password").read_text() for name in ("fulcio", "tsa")]
    told = service.log.read_text() + " ".join(word for p in started.values() for word in p.cmdline())
    assert not [secret for secret in secrets if secret in told]
    services.stop("sigstore")
    assert not [process for process in started.values() if process.is_running()]


def test_each_of_the_three_may_be_killed_and_the_keys_stay(state: Path) -> None:
    url = services.ensure("sigstore").url
    folder = state / "services" / "sigstore"
    before = [path.read_bytes() for path in (*chain_files(folder), folder / "keys" / "issuer.jwk")]
    for name in ("issuer", "fulcio", "tsa"):
        kill(processes(state)[name].pid)
        assert services.ensure("sigstore").url == url
        assert Sigstore.local().token("ada@acme.test")
    assert before == [path.read_bytes() for path in (*chain_files(folder), folder / "keys" / "issuer.jwk")]


def test_the_issuer_gives_tokens_to_who_knows_the_secret_of_that_identity(state: Path) -> None:
    site = Sigstore.local()
    known, tls = json.loads(secret_file(site.folder).read_text()), str(ca_file(site.folder))
    grant = {"grant_type": "client_credentials"}

    def status(url: str, who: str, secret: str, data: dict[str, str] = grant) -> int:
        return requests.post(
            f"{url}/token", auth=(quote(who, safe=""), secret), data=data, verify=tls, timeout=180
        ).status_code

    ada, bot = "ada@acme.test", "spiffe://acme.test/pipeline/inference"
    assert status(site.people, ada, known[ada]) == 200
    assert status(site.people, ada, known["grace@acme.test"]) == 401
    assert status(site.people, ada, "") == 401
    assert status(site.people, "mallory@acme.test", "") == 401
    assert status(site.workloads, ada, known[ada]) == 401
    assert status(site.people, bot, known[bot]) == 401
    assert status(site.people, ada, known[ada], {"grant_type": "password"}) == 400
    for realm in (site.people, site.workloads):
        found = requests.get(f"{realm}/.well-known/openid-configuration", verify=tls, timeout=180).json()
        assert found["issuer"] == realm
        (key,) = requests.get(found["jwks_uri"], verify=tls, timeout=180).json()["keys"]
        assert "d" not in key
    with pytest.raises(NoToken, match="mallory"):
        site.token("mallory@acme.test")
