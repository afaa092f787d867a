"""Keeps the manifests and tags of crane's registry, which itself keeps only blobs on disk.

Requests pass through to crane's registry. A manifest that it took is written to a journal before the answer goes
out, and at the start all are put back in the order they came.
"""

from __future__ import annotations

import argparse
import base64
import errno
import http.client
import json
import os
import re
import socketserver
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

_MANIFEST = re.compile(r"/v2/.+/manifests/[^/]+")
#: Headers that belong to one connection (RFC 9110, 7.6.1); each side makes its own.
_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
_BLOCK = 64 * 1024
#: A manifest is small; the specification asks registries for at least 4 MB.
_MAX_MANIFEST = 8 * 1024 * 1024


class Manifests:
    """The journal: one JSON object a line, put or delete of one manifest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._current: dict[str, str] = {}
        self.lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def entries(self) -> Iterator[dict[str, str]]:
        """Yield what was recorded, in order; a line torn by a kill was never answered and is cut off."""
        good = 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                entry = json.loads(line)
                good += len(line)
                self._remember(entry)
                yield entry
        os.ftruncate(self._file, good)

    def _remember(self, entry: dict[str, str]) -> None:
        if entry["method"] == "PUT":
            self._current[entry["path"]] = entry["body"]
        else:
            self._current.pop(entry["path"], None)

    def record(self, method: str, path: str, content_type: str, body: bytes) -> None:
        """Write through to the disk; the same manifest put again under the same name adds nothing."""
        encoded = base64.b64encode(body).decode()
        if method == "PUT" and self._current.get(path) == encoded:
            return
        entry = {"method": method, "path": path, "type": content_type, "body": encoded}
        line = json.dumps(entry).encode() + b"\n"
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file)
        except OSError as error:
            # What cannot be kept must not be seen either. The next start drops the torn line, and checks the disk.
            print(f"the manifest cannot be written down ({error.strerror}); stopping", file=sys.stderr, flush=True)
            os._exit(1)
        self._remember(entry)


class Front(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    store: str
    manifests: Manifests

    def _pass(self) -> None:
        path = self.path.split("?", 1)[0]
        recorded = self.command in ("PUT", "DELETE") and _MANIFEST.fullmatch(path) is not None
        if not recorded:
            self._forward(None)
            return
        size = int(self.headers.get("Content-Length") or 0)
        if size > _MAX_MANIFEST:
            self.send_error(413, "The manifest is larger than 8 MB")
            return
        body = self.rfile.read(size)
        with self.manifests.lock:
            self._forward(body, path)

    def _forward(self, body: bytes | None, record: str = "") -> None:
        connection = http.client.HTTPConnection(self.store, timeout=300)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
            sent: bytes | IO[bytes] | Iterator[bytes] | None = body if body is not None else self._body()
            chunked = body is None and self._chunked()
            connection.request(self.command, self.path, sent, headers, encode_chunked=chunked)
            answer = connection.getresponse()
            if record and answer.status < 300:
                self.manifests.record(self.command, record, self.headers.get("Content-Type", ""), body or b"")
            self._answer(answer)
        except ConnectionRefusedError:
            self.send_error(502, "The blob store is not there")
        finally:
            connection.close()

    def _chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _body(self) -> Iterator[bytes] | None:
        if self._chunked():
            return self._chunks()
        size = int(self.headers.get("Content-Length") or 0)
        return self._blocks(size) if size else None

    def _blocks(self, left: int) -> Iterator[bytes]:
        while left > 0:
            block = self.rfile.read(min(_BLOCK, left))
            if not block:
                raise ConnectionResetError
            left -= len(block)
            yield block

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield from self._blocks(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _answer(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        sized = answer.getheader("Content-Length") is not None
        silent = self.command == "HEAD" or answer.status in (204, 304)
        if not sized and not silent:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        while not silent and (block := answer.read(_BLOCK)):
            self.wfile.write(block)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _pass

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: crane's registry logs each request already."""


class Server(ThreadingHTTPServer):
    """Does not fill the log when a client goes away."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong in one line; a client that goes away is nothing to say."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            print(f"request failed: {type(error).__name__}: {error}", file=sys.stderr)


def restore(manifests: Manifests, store: str) -> int:
    """Put every recorded manifest back and return how many; one that is refused is named in the log."""
    connection = http.client.HTTPConnection(store, timeout=60)
    count = 0
    for entry in manifests.entries():
        connection.request(
            entry["method"], entry["path"], base64.b64decode(entry["body"]), {"Content-Type": entry["type"]}
        )
        answer = connection.getresponse()
        answer.read()
        count += 1
        if answer.status >= 300:
            print(f"{entry['method']} {entry['path']} was refused: {answer.status}", file=sys.stderr)
    connection.close()
    return count


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of the journal")
    parser.add_argument("--store", required=True, help="host:port of crane's registry")
    options = parser.parse_args(argv)
    os.umask(0o077)
    Front.store, Front.manifests = options.store, Manifests(options.data / "manifests.jsonl")
    print(f"{restore(Front.manifests, options.store)} manifests put back", flush=True)
    socketserver.TCPServer.allow_reuse_address = True
    Server(("127.0.0.1", options.port), Front).serve_forever()


if __name__ == "__main__":
    main()
