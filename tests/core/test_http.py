"""The one HTTP client, against servers on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers.core import http
from helpers.core.errors import BadInput
from helpers.core.http import Client, NoAnswer


class Server(ThreadingHTTPServer):
    """Answers by the path: ``/busy`` twice "later", ``/break`` not at all, a number that status, else an echo."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str]] = []
        self.connections: set[object] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One connection of the server."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        """Answer a request."""
        self.server.seen.append((self.command, self.path))
        self.server.connections.add(self.client_address)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/break":
            self.close_connection = True
            return
        name = self.path.strip("/")
        status = int(name) if name.isdigit() else 200
        if self.path == "/busy" and self.server.seen.count(("POST", "/busy")) < 3:
            status = 503
        self.send_response(status)
        for kind in ("Content-Type", "Authorization"):
            self.send_header(f"Got-{kind}", self.headers.get(kind, ""))
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *args: object) -> None:
        """Be silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_sends_data_and_returns_the_answer_whatever_its_status(server: Server) -> None:
    with Client(server.url, headers=http.basic("ann", "word")) as client:
        made = client.request("POST", "/404", json={"a": 1})
        assert (made.status, made.ok, made.json()) == (404, False, {"a": 1})
        assert made.headers["got-content-type"] == "application/json"
        assert made.headers["got-authorization"] == "Basic YW5uOndvcmQ="
        assert client.request("POST", "/", form={"a b": "c&d"}).text == "a+b=c%26d"
        plain = client.request("POST", "/", b"\x00", headers={"Content-Type": "x/y"})
        assert (plain.body, plain.headers["got-content-type"]) == (b"\x00", "x/y")


def test_one_connection_is_kept(server: Server) -> None:
    with Client(server.url) as client:
        for _ in range(5):
            client.request("GET", "/")
    assert len(server.connections) == 1


def test_a_redirect_is_an_answer(server: Server) -> None:
    assert http.request("GET", f"{server.url}/302").status == 302
    assert server.seen == [("GET", "/302")]


def test_a_busy_server_is_asked_again_only_when_told_so(server: Server) -> None:
    assert http.request("POST", f"{server.url}/busy").status == 503
    with Client(server.url, busy_retries=3) as client:
        assert client.request("POST", "/busy").status == 200


def test_nothing_is_sent_twice_by_itself(server: Server) -> None:
    with Client(server.url, busy_retries=8) as client, pytest.raises(NoAnswer, match="broke before"):
        client.request("POST", "/break")
    assert server.seen == [("POST", "/break")]


def test_no_server_is_no_answer() -> None:
    # Bound, so that no other program takes the port, and not listened on.
    with socket.socket() as held, pytest.raises(NoAnswer, match=r"^Nothing listens there\.$"):
        held.bind(("127.0.0.1", 0))
        http.request("GET", f"http://127.0.0.1:{held.getsockname()[1]}")


def test_a_proxy_is_never_asked_for_loopback(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert http.request("GET", server.url).ok
    assert [http.proxy_of(url) for url in ("http://localhost:1", "https://[::1]:1", "http://127.0.0.2")] == [None] * 3
    assert http.proxy_of("https://registry.acme.test") == "http://127.0.0.1:9"
    monkeypatch.setenv("no_proxy", "acme.test")
    monkeypatch.setenv("NO_PROXY", "acme.test")
    assert http.proxy_of("https://registry.acme.test") is None


def test_a_proxy_as_the_environment_may_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "proxy.acme.test:3128")
    assert http.proxy_of("https://registry.acme.test") == "http://proxy.acme.test:3128"
    monkeypatch.setenv("https_proxy", "socks5://proxy.acme.test:1080")
    with pytest.raises(BadInput, match="cannot be used"):
        Client("https://registry.acme.test")


CLEAR = ["http://registry.acme.test", "http://127.evil.test", "http://10.0.0.5:8080", "http://localhost.evil.test"]


@pytest.mark.parametrize("url", CLEAR)
@pytest.mark.parametrize("name", ["Authorization", "X-Vault-Token", "cookie", "X-Amz-Security-Token"])
def test_what_authenticates_is_not_sent_in_clear_nor_to_a_proxy(
    server: Server, monkeypatch: pytest.MonkeyPatch, url: str, name: str
) -> None:
    for variable in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(variable, server.url)
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(BadInput, match="in clear"):
        http.request("GET", f"{url}/x", headers={name: "a-token"})
    with Client(url, headers={name: "a-token"}) as client, pytest.raises(BadInput, match="Use https"):
        client.request("GET", "/x")
    assert server.seen == [], "the proxy was told nothing"
    assert http.request("GET", f"{url}/x").ok and server.seen, "what names nobody may go by it"


def test_by_tls_a_proxy_is_told_the_host_only(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with socket.socket() as proxy:
        proxy.bind(("127.0.0.1", 0))
        proxy.listen()

        def listen() -> None:
            connection, _ = proxy.accept()
            with connection:
                heard.append(connection.recv(65536))

        thread = threading.Thread(target=listen)
        thread.start()
        for variable in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        for variable in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(variable, raising=False)
        with pytest.raises(NoAnswer):
            http.request("GET", "https://registry.acme.test/x", headers={"Authorization": "Bearer a-token"})
        thread.join()
    assert heard[0].startswith(b"CONNECT registry.acme.test:443 ") and b"a-token" not in heard[0]
