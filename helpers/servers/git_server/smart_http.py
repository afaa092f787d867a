"""Git over HTTP: each request is handed to ``git http-backend`` (https://git-scm.com/docs/git-http-backend)."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from helpers.core import process as _process
from helpers.runtime import tools
from helpers.servers.git_server import audit, hook, packs
from helpers.servers.git_server.people import Person
from helpers.servers.git_server.problems import RequestRefused
from helpers.servers.git_server.repositories import Repositories
from helpers.wrappers.git.run import GIT_ENV
from helpers.wrappers.git.unconfigured import NO_FETCH

#: Bytes of one request; a pack larger than that is not course material.
MAX_BODY = 256 * 1024 * 1024
#: Seconds of one request, gates included.
TIMEOUT = 600.0
_SERVICES = ("git-upload-pack", "git-receive-pack")
_running: set[_process.Running] = set()
_lock = threading.Lock()


def register(app: Flask, data: Path, repositories: Repositories, caller: Callable[[], Person]) -> None:
    """Add git's three addresses of a repository; the older protocol of plain files is not served."""

    def serve(name: str, service: str, path: str) -> Response:
        if service not in _SERVICES:
            raise RequestRefused(403, "old-protocol", "Only git's smart protocol is spoken here", next="git clone URL")
        bare = repositories.open(name)
        person = caller()
        if service == "git-receive-pack":
            person.need("member", "admin", to="push")
        return _backend(data, bare.workdir, path, person.name, push=service == "git-receive-pack")

    @app.get("/<name>.git/info/refs")
    def advertise(name: str) -> Response:
        return serve(name, request.args.get("service", ""), "/info/refs")

    @app.post("/<name>.git/<service>")
    def exchange(name: str, service: str) -> Response:
        return serve(name, service, f"/{service}")


def cancel_all() -> None:
    """End the requests under way in an orderly way."""
    with _lock:
        running = list(_running)
    for process in running:
        process.cancel()


def _backend(data: Path, folder: Path, path: str, person: str, *, push: bool) -> Response:
    """Run ``git http-backend`` from file to file and return what it answers."""
    spool = Path(tempfile.mkdtemp(dir=data / "spool"))
    try:
        size = _receive(spool / "request")
        if push and request.method == "POST" and (refused := _measured(spool / "request", data, folder, person)):
            shutil.rmtree(spool, ignore_errors=True)
            return refused
        launcher: list[str | Path] = [sys.executable, "-I", "-S", Path(__file__).with_name("cgi.py")]
        files = [spool / "request", spool / "answer", data / "active"]
        argv = [*launcher, *files, tools.ensure("git").path, "http-backend"]
        done = _run(argv, _environ(folder, path, person, size))
        if done.stderr.strip():
            sys.stderr.write(f"git http-backend {folder.name}{path}: {done.stderr.strip()}\n")
        return _answer(spool)
    except BaseException:
        shutil.rmtree(spool, ignore_errors=True)
        raise


def _receive(target: Path) -> int:
    """Write the request's body to a file, inflated, and return its size.

    Raises:
        RequestRefused: 413, 415: it is larger than a request may be, or packed in a way that git's clients do not use.
    """
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise RequestRefused(415, "encoding", "The request is packed in an unknown way", next="git push, git fetch")
    stream: Any = request.stream if encoding == "identity" else gzip.GzipFile(fileobj=request.stream, mode="rb")
    try:
        with target.open("wb") as file:
            while (piece := stream.read(1024 * 1024)) and file.tell() <= MAX_BODY:
                file.write(piece)
            size = file.tell()
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise RequestRefused(400, "bad-request", "The request cannot be inflated", next="Try again.") from None
    if size > MAX_BODY:
        raise RequestRefused(413, "too-large", "The request is too large", why=f"It has more than {MAX_BODY:,} bytes.")
    return size


def _measured(file: Path, data: Path, folder: Path, person: str) -> Response | None:
    """Return the answer to a push that is refused before git reads it, None when it may; see `packs`."""
    asked = packs.Request((), frozenset())
    try:
        with file.open("rb") as body:
            asked = packs.read_request(body)
            packs.measure(body)
    except packs.PushTooLarge as error:
        found = error.refusal
        for command in asked.commands:
            entry = audit.Entry(
                folder.name.removesuffix(".git"), person, "push", "refused", found.line(), command.new, command.ref
            )
            audit.record(data, entry)
        answer = asked.answer(found)
        if answer is None:
            raise RequestRefused(413, found.rule, found.what, why=found.why, next=found.next) from None
        return Response(answer, headers={"Content-Type": "application/x-git-receive-pack-result"})
    return None


def _run(argv: list[str | Path], env: dict[str, str]) -> _process.Completed:
    process = _process.start(argv, env=env, timeout=TIMEOUT)
    with _lock:
        _running.add(process)
    try:
        return process.wait()
    except _process.ProcessError as error:
        raise RequestRefused(503, "stopped", "The request was stopped", why=error.what, next="Try again.") from None
    finally:
        with _lock:
            _running.discard(process)


def _environ(folder: Path, path: str, person: str, size: int) -> dict[str, str]:
    asked = request.headers
    more = {
        "CONTENT_TYPE": request.content_type or "",
        "GIT_PROTOCOL": asked.get("Git-Protocol", ""),
    }
    return _process.environment(
        {
            **GIT_ENV,
            # Not from here to anywhere: a push that lacks an object is a broken push.
            **NO_FETCH,
            **{key: value for key, value in more.items() if value},
            "GIT_PROJECT_ROOT": str(folder.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{folder.name}{path}",
            "REQUEST_METHOD": request.method,
            # Not as it was asked: of two values of one name git takes the last, and we have judged the first.
            "QUERY_STRING": f"service={request.args.get('service', '')}" if request.method == "GET" else "",
            "CONTENT_LENGTH": str(size),
            "REMOTE_USER": person,
            "REMOTE_ADDR": "127.0.0.1",
            hook.ACTOR: person,
        }
    )


def _answer(spool: Path) -> Response:
    """Return the CGI answer (RFC 3875): headers, an empty line, the body; the files go when it is sent."""
    answer = (spool / "answer").open("rb") if (spool / "answer").exists() else None
    status, headers = 500, []
    for raw in iter(answer.readline, b"") if answer else ():
        line = raw.decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
            status = 200 if status == 500 else status
    if answer is None or not headers:
        with contextlib.suppress(AttributeError):
            answer.close()  # type: ignore[union-attr]
        shutil.rmtree(spool, ignore_errors=True)
        raise RequestRefused(
            500, "fault", "git gave no answer", why="Its log says more.", next="course services logs git"
        )
    size = os.fstat(answer.fileno()).st_size - answer.tell()

    def body() -> Iterator[bytes]:
        while chunk := answer.read(256 * 1024):
            yield chunk

    def done() -> None:
        answer.close()
        shutil.rmtree(spool, ignore_errors=True)

    found = Response(body(), status=status, headers=[*headers, ("Content-Length", str(size))])
    found.call_on_close(done)
    return found
