"""The local cloud as a process: moto's server, made durable and repeatable.

moto keeps everything in memory. Here each request that changes something is written to a journal before its answer
goes out, and a start replays the journal. A replay gives the same state because all that moto would take from
outside is fixed by the request's number: randomness (so ids are the same) and the clock (so times are the same).
Read-only requests are not recorded.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from helpers.services._clock import CLOCK, install_clock
from helpers.services._journal import Entry, Journal, JournalDamaged

#: Seed and time of what moto makes by itself when an account or region is first touched (default VPC, AMIs).
BIRTH_SEED, BIRTH_TIME = "birth", 1767225600.0
#: First words of operations that change nothing.
READS = ("Describe", "Get", "List", "Head", "BatchGet", "Query", "Scan", "Search", "Lookup", "TransactGet", "Simulate")
#: Operations that change something although they sound otherwise: they hand out credentials.
NOT_READS = {"GetSessionToken", "GetFederationToken"}
#: moto's settings here: several accounts that cannot see each other's buckets.
SETTINGS = {"MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false"}

StartResponse = Callable[..., Any]
App = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def changes(environ: dict[str, Any], body: bytes) -> bool:
    """Return whether a request may change something; when that cannot be told, it may."""
    operation = operation_of(environ, body)
    if operation:
        return operation in NOT_READS or not operation.startswith(READS)
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")


def operation_of(environ: dict[str, Any], body: bytes) -> str:
    """Return the operation a request names (JSON target header, or ``Action`` of the query protocol), or nothing."""
    from urllib.parse import parse_qs

    if target := environ.get("HTTP_X_AMZ_TARGET", ""):
        return str(target).rsplit(".", 1)[-1]
    form = str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded")
    for text in (environ.get("QUERY_STRING", ""), body.decode("utf-8", "replace") if form else ""):
        if action := parse_qs(text).get("Action"):
            return str(action[0])
    return ""


class Durable:
    """WSGI application around moto's: one request at a time, changes journalled before they are answered."""

    def __init__(self, app: App, journal: Journal) -> None:
        self.app, self.journal = app, journal
        self.replayed = self.differing = 0
        # moto itself is not safe for several changes at once, and the order must be the journal's.
        self._lock = threading.Lock()

    def replay(self) -> None:
        """Bring the state back: run every recorded request again, in order, with its randomness and time."""
        for entry in self.journal.entries():
            _, answer = self._run(entry.environ(), entry.number, entry.time)
            self.replayed += 1
            if entry.answer != Entry.digest(answer):
                self.differing += 1
                print(f"request {entry.number} gave another answer than when it was recorded", file=sys.stderr)

    def _run(self, environ: dict[str, Any], number: int, at: float) -> tuple[list[Any], bytes]:
        import random

        from moto.moto_api._internal import mock_random

        started: list[Any] = []
        mock_random.seed(f"request {number}")
        random.seed(f"request {number}")
        with CLOCK.at(at):
            chunks = self.app(environ, lambda *args: started.append(args))
            try:
                answer = b"".join(chunks)
            finally:
                if hasattr(chunks, "close"):
                    chunks.close()
        return started[-1], answer

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        body = _take_body(environ)
        path = environ.get("PATH_INFO", "")
        if path == "/course/health":
            return self._health(start_response)
        with self._lock:
            number, at = self.journal.last + 1, CLOCK.now()
            recorded = changes(environ, body) and path != "/moto-api/reset"
            entry = Entry.of(number, at, environ, body) if recorded else None
            started, answer = self._run(environ, number if recorded else 0, at)
            good = int(started[0].split()[0]) < 400
            if path == "/moto-api/reset" and environ["REQUEST_METHOD"] == "POST" and good:
                self.journal.clear()
            elif entry is not None and good:
                self._keep(entry.answered(answer))
        start_response(*started)
        return [answer]

    def _keep(self, entry: Entry) -> None:
        try:
            self.journal.append(entry)
        except OSError as error:
            # What cannot be kept must not be seen either. The next start knows nothing of it, and checks the disk.
            print(f"the change cannot be written down ({error.strerror}); stopping", file=sys.stderr, flush=True)
            os._exit(1)

    def _health(self, start_response: StartResponse) -> Iterable[bytes]:
        facts = {
            "records": self.journal.last,
            "journal_bytes": self.journal.size,
            "replayed": self.replayed,
            "differing": self.differing,
        }
        body = json.dumps(facts).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


def _take_body(environ: dict[str, Any]) -> bytes:
    """Read the whole body and put it back, so that it can be journalled; a chunked one becomes a plain one."""
    import io

    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        body = stream.read()
    else:
        body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)
    if body or environ.get("CONTENT_LENGTH"):
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return bytes(body)


def fix_randomness() -> None:
    """Let everything random in moto come from its seeded generator, and make defaults independent of who came first."""
    import random

    from moto.core import base_backend
    from moto.moto_api._internal import mock_random

    # uuid.uuid4 and key material use it too. The process holds no secret of its own.
    os.urandom = lambda size: mock_random.getrandbits(8 * size).to_bytes(size, "little") if size else b""
    plain = base_backend.AccountSpecificBackend.__getitem__

    def getitem(self: Any, region: str) -> Any:
        if dict.__contains__(self, "aws" if region == "global" else region):
            return plain(self, region)
        before, before_plain = mock_random.getstate(), random.getstate()
        mock_random.seed(f"{BIRTH_SEED} {self.service_name} {self.account_id} {region}")
        try:
            with CLOCK.at(BIRTH_TIME):
                return plain(self, region)
        finally:
            mock_random.setstate(before)
            random.setstate(before_plain)

    base_backend.AccountSpecificBackend.__getitem__ = getitem  # type: ignore[method-assign]

    # Names of backends only have to differ. Taken from the generator, they would shift what a request draws after
    # them, and a replay meets an account or a service first in another request than the reads before it did.
    numbers = itertools.count(1)
    base_backend.uuid4 = lambda: uuid.UUID(int=next(numbers))  # type: ignore[attr-defined]


def keep_randomness(application: Any) -> None:
    """Let loading a service of moto, which draws too, leave the generators as they were."""
    import random

    from moto.moto_api._internal import mock_random

    load = application.get_application

    def get_application(environ: dict[str, Any]) -> Any:
        before, before_plain = mock_random.getstate(), random.getstate()
        try:
            return load(environ)
        finally:
            mock_random.setstate(before)
            random.setstate(before_plain)

    application.get_application = get_application


def remember_modules() -> None:
    """Let moto list its own folder once; it does so for every request, which is a third of the time."""
    from moto import backends

    names = list(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: iter(names)


def build(journal: Journal) -> Durable:
    """Return the application with the journal's state in it."""
    os.environ.update(SETTINGS)
    install_clock()
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    fix_randomness()
    remember_modules()
    application = DomainDispatcherApplication(create_backend_app)
    keep_randomness(application)
    durable = Durable(application, journal)
    durable.replay()
    return durable


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of the journal")
    options = parser.parse_args(argv)
    os.umask(0o077)  # the journal holds secrets
    os.environ["MOTO_PORT"] = str(options.port)
    begun = time.monotonic()
    try:
        journal = Journal(options.data / "journal.jsonl")
        app = build(journal)
    except JournalDamaged as error:
        sys.exit(str(error))
    print(f"{app.replayed} requests replayed in {time.monotonic() - begun:.2f} s, {app.differing} differ", flush=True)
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            if str(code).startswith("5"):
                super().log_request(code, size)

    server = make_server("127.0.0.1", options.port, app, threaded=True, request_handler=Quiet)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
