"""A running course, attacked from outside: by another user of the machine, and by a web page in the browser."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from helpers.runtime import services
from helpers.runtime.services.catalog import SPECS
from helpers.runtime.services.record import MARKER
from tests.other_users import as_user, idle_uids
from tests.servers.listeners import LISTENERS, UNNAMED, Listener

#: Connections that say nothing more; a server that waits for each in turn answers nobody else.
SLOW = 20
#: Of the attacks below those that no server takes, whatever it is asked for.
MALFORMED = ("negative length", "two lengths", "huge header", "huge body")
PATIENCE = 20


@dataclass(frozen=True)
class Found:
    service: str
    port: str
    host: str
    number: int


@pytest.fixture(scope="module")
def course() -> Iterator[Path]:
    """The state of a course of which every service runs, in a directory that other users may enter."""
    home = Path(tempfile.mkdtemp(prefix="m208-"))
    home.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOD208_STATE", str(home / "state"))
        try:
            for name in SPECS:
                services.ensure(name)
            yield home / "state"
        finally:
            services.stop("all")
            shutil.rmtree(home)


def processes(state: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Yield every process of the services, and whose it is: what was started, and what has our marker.

    Redis writes its title over its environment, so the marker alone does not find it.
    """
    started: dict[int, str] = {}
    for record in (state / "services").glob("*/service.json"):
        started |= {one["pid"]: record.parent.name for one in json.loads(record.read_text())["processes"]}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            mark = Path(process.environ().get(MARKER, "/"))
            if process.pid in started or mark.parent == state / "services":
                yield started.get(process.pid, mark.name), process


def listening(state: Path) -> list[Found]:
    found = set()
    for service, process in processes(state):
        ports = json.loads((state / "services" / service / "service.json").read_text())["ports"]
        names = {number: name for name, number in ports.items()}
        for one in process.net_connections(kind="inet"):
            if one.status == psutil.CONN_LISTEN:
                found.add((service, names.get(one.laddr.port, UNNAMED), one.laddr.ip, one.laddr.port))
    return [Found(*one) for one in sorted(found)]


def test_every_listener_is_declared_and_on_loopback(course: Path) -> None:
    found = listening(course)
    assert {name for name, _ in processes(course)} == set(SPECS) == set(LISTENERS)
    undeclared = [one for one in found if one.port not in LISTENERS[one.service]]
    assert not undeclared, "Declare them in tests/servers/listeners.py: what they speak and how they ask who one is"
    assert sum(one.port == UNNAMED for one in found) == 2
    assert all(one.host.startswith("127.") for one in found)
    # What never listens need not be declared; the cluster port of a vault that is alone is only reserved.
    silent = {(s, p) for s, ports in LISTENERS.items() for p in ports} - {(one.service, one.port) for one in found}
    assert silent <= {("vault", "cluster")}


def exchange(place: Found, request: bytes, *, tls: bool, alpn: str = "") -> bytes:
    """Send bytes and return the first of the answer; nothing when the connection was ended."""
    try:
        with socket.create_connection((place.host, place.number), timeout=PATIENCE) as plain:
            if not tls:
                plain.sendall(request)
                return plain.recv(4096)
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(plain, server_hostname=place.host) as secured:
                secured.sendall(request)
                return secured.recv(4096)
    except OSError:
        return b""


def status(answer: bytes) -> int:
    """Return the status of HTTP; 0 for no answer in HTTP/1."""
    words = answer.split(b" ", 2)
    return int(words[1]) if answer.startswith(b"HTTP/1.") and len(words) > 1 and words[1].isdigit() else 0


def attacks(place: Found, listener: Listener) -> dict[str, bytes]:
    """Return requests for what is protected, each without a credential and most with something wrong."""
    method, _, path = (listener.protected or "GET /").partition(" ")
    line, here = f"{method} {path} HTTP/1.1\r\n", f"Host: {place.host}:{place.number}\r\n"
    end = "Content-Type: application/json\r\nConnection: close\r\n"
    made = {
        "nobody": f"{line}{here}{end}Content-Length: 2\r\n\r\n{{}}",
        "foreign host": f"{line}Host: evil.test\r\n{end}Content-Length: 2\r\n\r\n{{}}",
        "web page": f"{line}{here}Origin: https://evil.test\r\n{end}Content-Length: 2\r\n\r\n{{}}",
        "wrong account": f"{line}{here}Authorization: Basic b3duZXI6eA==\r\n{end}Content-Length: 2\r\n\r\n{{}}",
        "wrong token": f"{line}{here}Authorization: Bearer x\r\n{end}Content-Length: 2\r\n\r\n{{}}",
        "negative length": f"POST {path} HTTP/1.1\r\n{here}{end}Content-Length: -1\r\n\r\n{{}}",
        "no length": f"POST {path} HTTP/1.1\r\n{here}{end}\r\n",
        "two lengths": f"POST {path} HTTP/1.1\r\n{here}{end}Content-Length: 2\r\nContent-Length: 9\r\n\r\n{{}}",
        "huge header": f"{line}{here}X-Long: {'x' * 2_000_000}\r\n{end}\r\n",
    }
    if listener.ours:
        # Announced only: it is refused before it is read.
        made["huge body"] = f"POST {path} HTTP/1.1\r\n{here}{end}Content-Length: 99999999999\r\n\r\n{{}}"
    return {name: text.encode() for name, text in made.items()}


def open_doors(place: Found, listener: Listener) -> list[str]:
    """Attack one listener as a stranger and return what it let pass."""
    if listener.speaks == "redis":
        return [] if exchange(place, b"KEYS *\r\n", tls=False).startswith(b"-NOAUTH") else ["no password"]
    tls = listener.speaks != "http"
    if listener.speaks == "mutual":
        return ["no certificate"] if exchange(place, b"GET / HTTP/1.1\r\n\r\n", tls=True) else []
    said = {name: status(exchange(place, raw, tls=tls)) for name, raw in attacks(place, listener).items()}
    # Where everybody may ask, what is malformed is still not answered as if it were not.
    judged = said if listener.protected else {name: said[name] for name in MALFORMED if name in said and listener.ours}
    passed = [f"{name}: {code}" for name, code in judged.items() if 200 <= code < 300]
    if listener.ours:
        said = {name: status(exchange(place, raw, tls=tls)) for name, raw in misdirected(place).items()}
        passed += [f"{name}: {code}" for name, code in said.items() if code not in REFUSALS[name == "page of nowhere"]]
    return passed


#: A request that is malformed, or not for this server; and what a page is told, where a token would be needed first.
REFUSALS = ((400, 403, 421), (400, 401, 403, 421))


def misdirected(place: Found) -> dict[str, bytes]:
    """Return requests that another server's page could make a browser send, or that two readers read differently."""
    here, end = f"{place.host}:{place.number}", "Connection: close\r\n\r\n"
    made = {
        "name that leads here": f"GET / HTTP/1.1\r\nHost: evil.test:{place.number}\r\n{end}",
        "name with the address": f"GET / HTTP/1.1\r\nHost: {place.host}.nip.io:{place.number}\r\n{end}",
        "name before an @": f"GET / HTTP/1.1\r\nHost: {here}@evil.test\r\n{end}",
        "no name": f"GET / HTTP/1.1\r\n{end}",
        "two names": f"GET / HTTP/1.1\r\nHost: {here}\r\nHost: evil.test\r\n{end}",
        "name in a header's second line": f"GET / HTTP/1.1\r\nX: y\rHost: {here}\r\nHost: evil.test\r\n{end}",
        "name in the target": f"GET http://evil.test/ HTTP/1.1\r\nHost: {here}\r\n{end}",
        "page of nowhere": f"POST / HTTP/1.1\r\nHost: {here}\r\nOrigin: null\r\nContent-Length: 0\r\n{end}",
        "options of the server": f"OPTIONS * HTTP/1.1\r\nHost: evil.test\r\n{end}",
    }
    return {name: text.encode() for name, text in made.items()}


def test_nobody_else_is_let_in_anywhere(course: Path) -> None:
    (stranger,) = idle_uids(1)
    found = listening(course)

    def attack() -> dict[str, list[str]]:
        return {f"{one.service} {one.port}": open_doors(one, LISTENERS[one.service][one.port]) for one in found}

    let_in = {name: doors for name, doors in as_user(stranger, attack).items() if doors}
    assert let_in == {}
    assert {one.name: one.status for one in services.status()} == dict.fromkeys(SPECS, "running")


def test_clients_that_stop_speaking_stop_nobody_else(course: Path) -> None:
    for one in listening(course):
        listener = LISTENERS[one.service][one.port]
        if listener.speaks not in ("http", "https"):
            continue
        with contextlib.ExitStack() as held:
            for _ in range(SLOW):
                slow = held.enter_context(socket.create_connection((one.host, one.number), timeout=PATIENCE))
                # To a server that speaks TLS this is the beginning of a handshake that does not go on.
                slow.sendall(b"\x16\x03\x01" if listener.speaks == "https" else b"GET / HTTP/1.1\r\nHost: ")
            raw = f"GET /healthz HTTP/1.1\r\nHost: {one.host}:{one.number}\r\nConnection: close\r\n\r\n".encode()
            answer = exchange(one, raw, tls=listener.speaks == "https")
            # A server of gRPC answers in HTTP/2, which is an answer as well.
            assert answer or (one.service, one.port) == ("sigstore", "grpc"), f"{one} answers nobody any more"


def test_sockets_and_files_are_closed_to_others(course: Path) -> None:
    (stranger,) = idle_uids(1)
    paths: set[str] = set()
    for _, process in processes(course):
        with contextlib.suppress(psutil.Error):
            paths |= {str(one.laddr) for one in process.net_connections(kind="unix") if one.laddr}
    assert any(path.endswith("store.sock") for path in paths)

    def connect() -> list[str]:
        opened = []
        for path in paths:
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
                probe.connect("\0" + path[1:] if path.startswith("@") else path)
                opened.append(path)
        return opened

    def read() -> list[str]:
        legible = []
        for path in (Path(base) / name for base, folders, files in os.walk(course) for name in (*folders, *files)):
            if os.access(path, os.W_OK) or (path.is_file() and os.access(path, os.R_OK)):
                legible.append(str(path))
        return legible

    assert as_user(stranger, connect) == []
    assert as_user(stranger, read) == []
