"""Asks who one is, and keeps the manifests and tags of the store, which itself keeps only blobs on disk.

Ours, as CNCF Distribution v3.1.2 takes 136 s of user time to build (the store: 5 s) and no upload in one request.

Requests pass through to the store (``toolchain/oci-store``), on a socket that only its owner opens. A manifest that it
took is written to a journal before the answer goes out, and at the start all are put back in the order they came.
Bodies of any size are passed on piece by piece, which is why this does not use `helpers.core.http`.
"""

from __future__ import annotations

import argparse
import base64
import errno
import hashlib
import hmac
import http.client
import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from helpers.core import logs
from helpers.core.polling import poll
from helpers.runtime.oci_address import HOST
from helpers.servers import tls
from helpers.servers.own_requests import OwnHandler

log = logs.logger(__name__)
#: Names of repositories, tags and digests as the specification of OCI has them (Distribution, "Pulling manifests").
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = rf"{_PART}(?:/{_PART})*"
_DIGEST = r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]{32,128}"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_MANIFEST = re.compile(rf"/v2/{_NAME}/manifests/(?P<reference>{_TAG}|{_DIGEST})")
#: What this registry has.
_PLACE = re.compile(
    rf"/v2/?|/v2/_catalog|/v2/{_NAME}/(?:manifests/(?:{_TAG}|{_DIGEST})|referrers/{_DIGEST}|tags/list"
    rf"|blobs/(?:{_DIGEST}|uploads/[A-Za-z0-9=_-]{{0,128}}))"
)
#: The longest path; a name may have 255 characters.
_MAX_PATH = 1024
#: Headers that belong to one connection (RFC 9110, 7.6.1); each side makes its own.
_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
#: Headers that are not passed on to the store: those, and who asks.
_KEPT = {*_HOP, "authorization"}
_BLOCK = 64 * 1024
#: A manifest is small; the specification asks registries for at least 4 MB.
_MAX_MANIFEST = 8 * 1024 * 1024
#: The largest blob: a bundle, an image layer or an SBOM of the course is smaller by far.
_MAX_BLOB = 1024 * 1024 * 1024
#: Seconds a client may let us wait for a line or a block.
_PATIENCE = 60
#: Seconds that the store may take to come up, or to answer.
_STORE_START, _STORE_ANSWER = 30, 300
#: The longest line between the pieces of a body.
_LINE = 4096


class _Refused(Exception):
    """A request that is not passed on: status of HTTP and reason."""


def _judge_manifest(reference: str, body: bytes) -> None:
    """Refuse what cannot be a manifest, or has another digest than it is put under: the store looks at neither."""
    algorithm, _, digest = reference.rpartition(":")
    if algorithm and (algorithm != "sha256" or hashlib.sha256(body).hexdigest() != digest):
        raise _Refused(400, "The manifest does not have this digest")
    try:
        known = json.loads(body)
    except (ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        raise _Refused(400, "A manifest is a JSON object")


class Store(http.client.HTTPConnection):
    """A connection to the store, by its socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("store", timeout=_STORE_ANSWER)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


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
            log.error("the manifest cannot be written down (%s); stopping", error.strerror)
            os._exit(1)
        self._remember(entry)


class Front(OwnHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    pieces = True
    timeout = _PATIENCE
    store: Path
    manifests: Manifests
    #: What ``Authorization`` must say.
    account: str

    def _pass(self) -> None:
        try:
            self._refuse_strangers()
            self._take()
        except _Refused as refused:
            # What the client still sends must not be taken for its next request.
            self.close_connection = True
            self.refuse(*refused.args)

    def refuse(self, status: int, reason: str) -> None:
        """Answer as a registry does, without what the client asked for in it."""
        code = {401: "UNAUTHORIZED", 403: "DENIED"}.get(status, "UNSUPPORTED")
        body = json.dumps({"errors": [{"code": code, "message": reason}]}).encode()
        self.send_response_only(status, reason)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="oci"')
        self.send_header("Connection", "close")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse_strangers(self) -> None:
        given = self.headers.get_all("Authorization") or [""]
        if len(given) > 1 or not hmac.compare_digest(given[0].encode(), self.account.encode()):
            raise _Refused(401, "This registry is its owner's; clients of the course find the account by themselves")

    def _length(self, limit: int) -> int:
        size = int(self.headers.get("Content-Length", "0"))
        if size > limit:
            raise _Refused(413, f"A body may have {limit:,} bytes here")
        return size

    def _take(self) -> None:
        path = self.path.split("?", 1)[0]
        if len(path) > _MAX_PATH or not _PLACE.fullmatch(path):
            # The store reads more: with `%6d` for `m`, or by way of `..`, it would take what is not recorded here.
            raise _Refused(404, "There is no such place in a registry")
        manifest = _MANIFEST.fullmatch(path) if self.command in ("PUT", "DELETE") else None
        if manifest is None:
            self._forward(None)
            return
        if self._chunked():
            raise _Refused(411, "A manifest comes with its length")
        size = self._length(_MAX_MANIFEST)
        body = self.rfile.read(size)
        if len(body) < size:
            raise _Refused(400, "The manifest is shorter than its Content-Length")
        if self.command == "PUT":
            _judge_manifest(manifest["reference"], body)
        with self.manifests.lock:
            self._forward(body, path)

    def _forward(self, body: bytes | None, record: str = "") -> None:
        connection = Store(self.store)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _KEPT}
            sent: bytes | IO[bytes] | Iterator[bytes] | None = body if body is not None else self._body()
            chunked = body is None and self._chunked()
            connection.request(self.command, self.path, sent, headers, encode_chunked=chunked)
            answer = connection.getresponse()
            if record and answer.status < 300:
                self.manifests.record(self.command, record, self.headers.get("Content-Type", ""), body or b"")
            self._answer(answer)
        except (ConnectionRefusedError, FileNotFoundError):
            raise _Refused(502, "The blob store is not there") from None
        finally:
            connection.close()

    def _chunked(self) -> bool:
        return "Transfer-Encoding" in self.headers

    def _body(self) -> Iterator[bytes] | None:
        if self._chunked():
            return self._chunks()
        size = self._length(_MAX_BLOB)
        return self._blocks(size) if size else None

    def _blocks(self, left: int) -> Iterator[bytes]:
        while left > 0:
            block = self.rfile.read(min(_BLOCK, left))
            if not block:
                raise ConnectionResetError
            left -= len(block)
            yield block

    def _chunks(self) -> Iterator[bytes]:
        left = _MAX_BLOB
        while size := self._chunk_size():
            left -= size
            if left < 0:
                raise ConnectionResetError
            yield from self._blocks(size)
            self.rfile.readline(_LINE)
        for _ in range(100):
            if not self.rfile.readline(_LINE).strip():
                return
        raise ConnectionResetError

    def _chunk_size(self) -> int:
        text = self.rfile.readline(_LINE).split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", text):
            raise ConnectionResetError
        return int(text, 16)

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
        """Keep quiet: the store logs each request already."""


def there(store: Path) -> bool:
    """Return whether the store listens."""
    connection = Store(store)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def restore(manifests: Manifests, store: Path) -> int:
    """Put every recorded manifest back and return how many; one that is refused is named in the log."""
    connection = Store(store)
    count = 0
    for entry in manifests.entries():
        connection.request(
            entry["method"], entry["path"], base64.b64decode(entry["body"]), {"Content-Type": entry["type"]}
        )
        answer = connection.getresponse()
        answer.read()
        count += 1
        if answer.status >= 300:
            log.warning("%s %s was refused: %s", entry["method"], entry["path"], answer.status)
    connection.close()
    return count


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="directory of the journal")
    parser.add_argument("--store", type=Path, required=True, help="socket of the store")
    parser.add_argument("--account", type=Path, required=True, help="Docker configuration with the owner's account")
    tls.add_arguments(parser)
    options = parser.parse_args(argv)
    os.umask(0o077)
    logs.show()
    Front.store, Front.manifests = options.store, Manifests(options.data / "manifests.jsonl")
    (held,) = json.loads(options.account.read_text())["auths"].values()
    Front.account, Front.hosts = f"Basic {held['auth']}", {f"{HOST}:{options.port}"}
    if not poll(lambda: there(options.store), _STORE_START, every=0.02):
        raise SystemExit("the store did not come up")
    log.info("%s manifests put back", restore(Front.manifests, options.store))
    tls.TlsServer((HOST, options.port), Front, tls.server_context(options.cert, options.key)).serve_forever()


if __name__ == "__main__":
    main()
