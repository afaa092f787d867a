"""Another user's program on the port of a service that is stopped: takes whatever clients send it."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from helpers.runtime.services.pki import Authority


class Impostor:
    """Listens at an address, asks everybody for an account, and remembers every byte.

    Args:
        address: ``HOST:PORT``; port 0 is any free one.
        tls: shake hands, with a certificate for this address of an authority that nobody trusts.
        challenge: the scheme of its ``WWW-Authenticate``.
    """

    def __init__(self, address: str, *, tls: bool, challenge: str) -> None:
        host, _, port = address.partition(":")
        #: Everything that was received, decrypted where a client let that be.
        self.heard = b""
        #: Set by every connection.
        self.reached: set[str] = set()
        self._answer = (
            f'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge} realm="oci"\r\n'
            "Content-Length: 0\r\nConnection: close\r\n\r\n"
        ).encode()
        self._context = _certificate(host) if tls else None
        self._socket = socket.create_server((host, int(port)))
        #: Where it listens, also when *address* left the port open.
        self.address = f"{host}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Impostor:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        # Ends the accept that waits; closing alone would not.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.reached.add("reached")
            connection.settimeout(5)
            try:
                self._take(connection)
            except OSError:
                pass
            finally:
                connection.close()

    def _take(self, connection: socket.socket) -> None:
        if self._context is None:
            # A client that speaks TLS waits for the other side's word.
            self.heard += connection.recv(65536)
            connection.sendall(self._answer)
            return
        with self._context.wrap_socket(connection, server_side=True) as secured:
            while more := secured.recv(65536):
                self.heard += more
                secured.sendall(self._answer)


def _certificate(host: str) -> ssl.SSLContext:
    with tempfile.TemporaryDirectory() as directory:
        pair = Authority(Path(directory) / "ca", "acme services CA").issue("impostor", "impostor", hosts=[host])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        return context
