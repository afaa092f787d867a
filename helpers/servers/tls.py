"""Servers of ours that speak TLS on loopback, with a certificate of the course's own authority."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket as sockets
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import waitress

from helpers.core import logs
from helpers.runtime.services.authority import server_pair
from helpers.runtime.services.pki import Pair
from helpers.runtime.services.short_paths import short_path
from helpers.runtime.services.spec import ServiceContext, python_program
from helpers.servers.own_requests import FOREIGN_HOST, FOREIGN_PAGE, names_server, refuse

log = logs.logger(__name__)
#: Connections served at once; one more is closed.
CONNECTIONS = 128
#: Seconds for the handshake; a machine that many share may let a client wait for its turn.
HANDSHAKE = 60
#: Bytes that a request may have where the server does not say otherwise.
BODY = 1024 * 1024
#: Seconds for a client that takes nothing of its answer.
PATIENCE = 60.0
_BLOCK = 64 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a program take the files of its certificate and key."""
    for name in ("cert", "key"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"PEM file of the server's {name}")


def arguments(pair: Pair) -> list[str]:
    """Return the options for `add_arguments`."""
    return ["--cert", str(pair.cert), "--key", str(pair.key)]


def wsgi_program(module: str, context: ServiceContext) -> list[str]:
    """Return the command of a server of ours that uses `serve_wsgi`: it takes ``--socket`` as well."""
    socket = short_path(context.directory / "inner.sock", 0)
    return python_program(module, context, "--socket", str(socket), *arguments(server_pair(context)))


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return what a server needs for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key)
    return context


class Bounded(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Before a server of sockets: one thread a connection, up to `CONNECTIONS`; one more is closed."""

    daemon_threads = True
    # One that waits for its turn is not refused while many come at once.
    request_queue_size = 64

    def server_activate(self) -> None:
        """Begin to listen."""
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        super().server_activate()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, or close it when there are too many."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve in the connection's thread."""
        try:
            self.serve_connection(request, client_address)
        finally:
            self._places.release()

    def serve_connection(self, request: Any, client_address: Any) -> None:
        """Serve one connection to its end."""
        super().process_request_thread(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in one line what went wrong; a client that goes away or cannot shake hands is nothing to say."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError | ssl.SSLError):
            log.warning("request failed: %s: %s", type(error).__name__, error)


class Encrypted(Bounded):
    """The same by TLS."""

    def encrypt(self, context: ssl.SSLContext) -> None:
        """Take what TLS needs, see `server_context`, before anything is served."""
        self._context = context

    def serve_connection(self, request: Any, client_address: Any) -> None:
        """Shake hands and serve; a silent client does not stop the others, as it has a thread of its own."""
        secured = request
        try:
            # Else an answer's second part waits until the client has acknowledged the first, 40 ms at worst.
            request.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
            request.settimeout(HANDSHAKE)
            secured = self._context.wrap_socket(request, server_side=True)
            self.finish_request(secured, client_address)
        except Exception:
            self.handle_error(secured, client_address)
        finally:
            self.shutdown_request(secured)


class TlsServer(Encrypted, ThreadingHTTPServer):
    """A server of HTTP by TLS.

    Args:
        address: host and port. handler: of one connection. context: see `server_context`.
    """

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext
    ) -> None:
        self.encrypt(context)
        super().__init__(address, handler)


def serve_wsgi(app: Any, *, port: int, context: ssl.SSLContext, socket: Path, **options: Any) -> None:
    """Serve a WSGI application by TLS on loopback until terminated.

    waitress knows no TLS. It listens on a Unix socket that only its owner opens, and a relay in front of it decrypts.

    Args:
        app: the application. port: on 127.0.0.1. socket: path of the inner one. options: of waitress.
    """
    socket.unlink(missing_ok=True)
    known = {"threads": 8, "expose_tracebacks": False, "url_scheme": "https", "max_request_body_size": BODY}
    options = {**known, **options}
    inner = waitress.create_server(OwnPages(app, port), unix_socket=str(socket), unix_socket_perms="600", **options)
    listening = threading.Event()
    threading.Thread(target=asyncio.run, args=[_relay(port, context, socket, listening)], daemon=True).start()
    if not listening.wait(10):
        raise SystemExit(f"nothing listens on port {port}: address already in use?")
    inner.run()


class OwnPages:
    """WSGI application that answers for one server of loopback only, and no foreign web page.

    Args:
        app: what answers otherwise. port: it is reached by.
    """

    def __init__(self, app: Any, port: int) -> None:
        self._app = app
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request."""
        host, origin = environ.get("HTTP_HOST", ""), environ.get("HTTP_ORIGIN")
        if not names_server(environ.get("REQUEST_URI", "/"), host, self._hosts):
            return refuse(start_response, FOREIGN_HOST)
        if origin is not None and origin != f"{environ['wsgi.url_scheme']}://{host}":
            return refuse(start_response, FOREIGN_PAGE)
        if environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site") and environ["REQUEST_METHOD"] != "GET":
            return refuse(start_response, FOREIGN_PAGE)
        return self._app(environ, start_response)


async def _relay(port: int, context: ssl.SSLContext, socket: Path, listening: threading.Event) -> None:
    """Decrypt connections and pass them on."""
    places = asyncio.Semaphore(CONNECTIONS)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if places.locked():
            writer.transport.abort()
            return
        async with places:
            await _pass_on(reader, writer, socket)

    server = await asyncio.start_server(
        serve, "127.0.0.1", port, ssl=context, ssl_handshake_timeout=HANDSHAKE, ssl_shutdown_timeout=2, limit=_BLOCK
    )
    listening.set()
    async with server:
        await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: Path) -> None:
    """Pass bytes both ways until one side ends; then the other one ends too."""
    try:
        inside, into = await asyncio.open_unix_connection(str(socket), limit=_BLOCK)
    except OSError:
        writer.transport.abort()
        return
    ways = [asyncio.create_task(_pump(reader, into)), asyncio.create_task(_pump(inside, writer, PATIENCE))]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    for one in (into, writer):
        with contextlib.suppress(OSError, ssl.SSLError):
            one.close()
            await one.wait_closed()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, patience: float | None = None) -> None:
    """Pass bytes on until the source ends, or the target takes none for so many seconds: it would keep its place."""
    with contextlib.suppress(OSError, ssl.SSLError):
        while block := await source.read(_BLOCK):
            target.write(block)
            async with asyncio.timeout(patience):
                await target.drain()
