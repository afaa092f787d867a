"""The OCI registry keeps blobs, manifests and tags over a kill of either of its processes, and asks who one is."""

from __future__ import annotations

import json
import os
import socket
import ssl
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.core import http, process
from helpers.core.errors import CourseError
from helpers.runtime import services, tools, trust
from helpers.wrappers.conftest import Conftest
from helpers.wrappers.cosign import Cosign
from helpers.wrappers.crane import Crane, RegistryDenied, RegistryUnreachable, write_layer
from helpers.wrappers.sbom import Syft
from tests.running import kill
from tests.servers.impostor import Impostor


def crane(*args: str) -> str:
    env = process.environment(trust.client_environment(args))
    done = process.run([tools.ensure("crane").path, *args], env=env, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


def look(host: str) -> str:
    tags = crane("ls", f"{host}/acme/policy")
    digests = [crane("digest", f"{host}/acme/{name}") for name in ("policy:v1", "policy:latest", "index:1")]
    # The registry lists repositories in any order.
    return json.dumps([tags, digests, sorted(crane("catalog", host).split())])


@pytest.mark.parametrize("victim", ["store", "front"])
def test_kill_loses_nothing(state: Path, tmp_path: Path, victim: str) -> None:
    host = services.start("oci").address
    image = f"{host}/acme/policy:v1"
    crane("append", "-f", str(write_layer(tmp_path / "a.tar", {"policy": os.urandom(3_000_000)})), "-t", image)
    first = crane("digest", image).strip()
    crane("tag", image, "latest")
    crane("append", "-b", image, "-f", str(write_layer(tmp_path / "b.tar", {"policy": b"more"})), "-t", image)
    crane("index", "append", "-m", image, "-t", f"{host}/acme/index:1")
    before = look(host)
    processes = json.loads((state / "services/oci/service.json").read_text())["processes"]
    kill(next(p["pid"] for p in processes if p["name"] == victim))
    assert services.ensure("oci").url == f"https://{host}"
    assert look(host) == before
    # A tag moved away from it, yet it can still be had by digest.
    assert crane("manifest", f"{host}/acme/policy@{first}")
    crane("validate", "--remote", image)
    crane("delete", f"{host}/acme/policy:latest")
    services.restart("oci")
    assert crane("ls", f"{host}/acme/policy").split() == ["v1"]


def send(host: str, request: bytes, *, anonymous: bool = False) -> bytes:
    """Send a request by TLS, as the owner unless *anonymous*, and return the first piece of the answer."""
    name, _, port = host.partition(":")
    line, _, rest = request.partition(b"\r\n")
    if not anonymous:
        rest = f"Authorization: {trust.registry_account()[1]}\r\n".encode() + rest
    context = ssl.create_default_context(cafile=trust.ca_file())
    with (
        socket.create_connection((name, int(port)), timeout=120) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.sendall(line + b"\r\n" + rest)
        return connection.recv(65536)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Host: {host}\r\nContent-Length: -1", 400),
        ("Host: {host}\r\nContent-Length: 5\r\nContent-Length: 6", 400),
        ("Host: {host}\r\nContent-Length: 1e3", 400),
        ("Host: {host}\r\nContent-Length: 99999999999", 413),
        ("Host: {host}\r\nTransfer-Encoding: chunked", 411),
        ("Host: evil.test\r\nContent-Length: 2", 421),
        ("Host: {host}\r\nOrigin: https://evil.test\r\nContent-Length: 2", 403),
        ("Host: {host}\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 2", 403),
        ("Host: {host}\r\nHost: evil.test\r\nContent-Length: 2", 421),
        ("Host: {host} evil.test\r\nContent-Length: 2", 421),
        ("Host: 127.0.0.2:1\r\nContent-Length: 2", 421),
        ("Host: {host}\r\nOrigin: null\r\nContent-Length: 2", 403),
        # Where the body ends must not be read in two ways: the store could take its rest for a second request.
        ("Host: {host}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked", 400),
        ("Host: {host}\r\nTransfer-Encoding: xchunked", 501),
        ("Host: {host}\r\nTransfer-Encoding : chunked", 400),
        ("Host: {host}\r\nX-Note: \x00\r\nContent-Length: 2", 400),
        ("Host: {host}\r\nX-Note: a\r\n Content-Length: 9\r\nContent-Length: 2", 400),
    ],
)
def test_what_is_not_asked_for_is_refused(state: Path, headers: str, status: int) -> None:
    host = services.ensure("oci").address
    line = "PUT /v2/acme/policy/manifests/v1 HTTP/1.1\r\n"
    answer = send(host, f"{line}{headers.format(host=host)}\r\n\r\n".encode() + b"{}")
    assert answer.split()[1] == str(status).encode()
    assert b"acme/policy" not in send(host, f"GET /v2/_catalog HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())


MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("/v2/acme/kept/%6danifests/v2", MANIFEST, 404),
        ("/v2/acme/../acme/kept/manifests/v2", MANIFEST, 404),
        ("/v2/acme/./kept/manifests/v2", MANIFEST, 404),
        ("http://{host}/v2/acme/kept/manifests/v2", MANIFEST, 421),
        ("/v2/acme/kept/manifests/..%2f..%2fv2", MANIFEST, 404),
        ("/v2/acme/kept/manifests/%00", MANIFEST, 404),
        (f"/v2/acme/kept/manifests/{'v' * 129}", MANIFEST, 404),
        ("/v2/ACME/kept/manifests/v2", MANIFEST, 404),
        (f"/v2/acme/kept/manifests/sha256:{'0' * 64}", MANIFEST, 400),
        (f"/v2/acme/kept/manifests/sha512:{'0' * 128}", MANIFEST, 400),
        ("/v2/acme/kept/manifests/v2", "[" * 1_000_000 + "]" * 1_000_000, 400),
        ("/v2/acme/kept/manifests/v2", "no JSON", 400),
    ],
)
def test_manifest_is_taken_only_where_it_is_kept(state: Path, target: str, body: object, status: int) -> None:
    host, content = services.ensure("oci").address, body if isinstance(body, str) else json.dumps(body)
    head = f"PUT {target.format(host=host)} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {MANIFEST['mediaType']}\r\n"
    answer = send(host, f"{head}Content-Length: {len(content)}\r\n\r\n{content}".encode())
    assert answer.split()[1] == str(status).encode()


@pytest.mark.parametrize("size", [b"-5", b"xyz", b"fffffffff", b""])
def test_piece_of_a_body_without_a_size_ends_the_connection(state: Path, size: bytes) -> None:
    host = services.ensure("oci").address
    head = f"POST /v2/acme/policy/blobs/uploads/ HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = send(host, head.encode() + size + b"\r\n" + b"x" * 100)
    assert not answer.startswith(b"HTTP/1.1 20")


@pytest.mark.parametrize("account", ["", "Basic b3duZXI6", "Bearer x", "Basic \u00fc"])
def test_nobody_else_is_served(state: Path, account: str) -> None:
    host = services.ensure("oci").address
    said = f"Authorization: {account}\r\n" if account else ""
    for method, path in (("GET", "/v2/"), ("GET", "/v2/_catalog"), ("PUT", "/v2/acme/x/manifests/1")):
        request = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{said}Content-Length: 2\r\n\r\n{{}}"
        answer = send(host, request.encode("latin-1"), anonymous=True)
        assert answer.startswith(b"HTTP/1.1 401") and b"WWW-Authenticate: Basic" in answer
    bare = process.run([tools.ensure("crane").path, "catalog", host], env=process.environment(trust.go_trust()))
    assert bare.returncode != 0 and "UNAUTHORIZED" in bare.stderr


def test_account_is_made_at_each_start_and_only_its_owner_can_read_it(state: Path) -> None:
    services.ensure("oci")
    before = trust.registry_account()
    assert stat.S_IMODE(trust.docker_config().stat().st_mode) == 0o600
    assert stat.S_IMODE((state / "services/oci/store.sock").stat().st_mode) & 0o077 == 0
    host = services.restart("oci").address
    assert trust.registry_account() != before
    request = f"GET /v2/ HTTP/1.1\r\nHost: {host}\r\nAuthorization: {before[1]}\r\n\r\n".encode()
    assert send(host, request, anonymous=True).startswith(b"HTTP/1.1 401")


def test_account_goes_only_to_a_run_that_verifies_the_registry(state: Path, tmp_path: Path) -> None:
    host = services.ensure("oci").address
    assert "DOCKER_CONFIG" in trust.client_environment(["ls", f"{host}/acme"])
    for args in (["ls", "ghcr.io/acme"], ["--insecure", "ls", f"{host}/acme"], ["push", "--tls=false", host]):
        assert "DOCKER_CONFIG" not in trust.client_environment(args)
    with pytest.raises((RegistryDenied, RegistryUnreachable)):
        Crane(tmp_path, insecure=True).catalog(host)


def test_impostor_on_the_port_of_a_stopped_registry_is_told_nothing(state: Path, tmp_path: Path) -> None:
    host = services.ensure("oci").address
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "main.rego").write_text("package main\n")
    image = Crane(tmp_path).append([write_layer(tmp_path / "a.tar", {"a": b"a"})], f"{host}/acme/a:1")
    key = Cosign(tmp_path).generate_key_pair(password="a long password")
    services.stop("oci")
    _, account = trust.registry_account()
    clients: dict[str, Callable[[], object]] = {
        "crane": lambda: Crane(tmp_path).digest(image),
        "cosign": lambda: Cosign(tmp_path).sign(image, key=key, password="a long password"),
        "cosign verify": lambda: Cosign(tmp_path).verify(image, key=key),
        "syft": lambda: Syft(tmp_path).image(image),
        "conftest": lambda: Conftest(tmp_path).push(f"{host}/acme/policy:1"),
    }
    for tls in (False, True):
        with Impostor(host, tls=tls, challenge="Basic") as impostor:
            for name, ask in clients.items():
                with pytest.raises(CourseError):
                    ask()
                assert impostor.reached, name
                impostor.reached.clear()
            with pytest.raises(http.NoAnswer):
                http.request("GET", f"https://{host}/v2/", headers={"Authorization": account}, ca=trust.ca_file())
        assert b"authorization" not in impostor.heard.lower()
        assert account.removeprefix("Basic ").encode() not in impostor.heard
