"""The local cloud as a process: moto's server, made durable and repeatable.

moto keeps everything in memory. Here each request that changes something is written to a journal before its answer
goes out, and a start replays the journal. A replay gives the same state because all that moto would take from
outside is fixed by the request's number: randomness (so ids are the same) and the clock (so times are the same).
Read-only requests are not recorded.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import os
import random
import secrets
import signal
import ssl
import sys
import threading
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from helpers.core import logs
from helpers.servers import tls
from helpers.servers.cloud.clock import CLOCK, install_clock
from helpers.servers.cloud.guard import FACTS, RESET, App, Guard, Keys, StartResponse, take_body
from helpers.servers.cloud.journal import Entry, Journal, JournalDamaged

log = logs.logger(__name__)

#: Seed and time of what moto makes by itself when an account or region is first touched (default VPC, AMIs).
BIRTH_SEED, BIRTH_TIME = "birth", 1767225600.0
#: First words of operations that change nothing.
READS = ("Describe", "Get", "List", "Head", "BatchGet", "Query", "Scan", "Search", "Lookup", "TransactGet", "Simulate")
#: Operations that change something although they sound otherwise: they hand out credentials.
NOT_READS = {"GetSessionToken", "GetFederationToken"}
#: Operations whose answer must be another one each time, and that change nothing.
FRESH = {"GetRandomPassword"}
#: moto's settings here: several accounts that cannot see each other's buckets, and no word for web pages.
SETTINGS = {"MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false", "MOTO_DISABLE_GLOBAL_CORS": "true"}
#: Seconds a client may let the server wait for a line or a body.
PATIENCE = 30


def changes(environ: dict[str, Any], body: bytes) -> bool:
    """Return whether a request may change something; when that cannot be told, it may."""
    operation = operation_of(environ, body)
    if operation:
        return operation in NOT_READS or not operation.startswith(READS)
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")


def operation_of(environ: dict[str, Any], body: bytes) -> str:
    """Return the operation a request names (JSON target header, or ``Action`` of the query protocol), or nothing."""
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
            _, answer = self._run(entry.environ(), f"request {entry.number}", entry.time)
            self.replayed += 1
            if entry.answer != Entry.digest(answer):
                self.differing += 1
                log.warning("request %d gave another answer than when it was recorded", entry.number)

    def _run(self, environ: dict[str, Any], seed: str, at: float) -> tuple[list[Any], bytes]:
        # Here and below: moto takes 0.8 s to import, and must not be imported before the clock is installed.
        from moto.moto_api._internal import mock_random

        started: list[Any] = []
        mock_random.seed(seed)
        random.seed(seed)
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
        body = take_body(environ)
        path = environ.get("PATH_INFO", "")
        if path == FACTS:
            return self._facts(start_response)
        with self._lock:
            number, at = self.journal.last + 1, CLOCK.now()
            recorded = changes(environ, body) and path != RESET
            entry = Entry.of(number, at, environ, body) if recorded else None
            fresh = operation_of(environ, body) in FRESH
            seed = secrets.token_hex() if fresh else f"request {number if recorded else 0}"
            started, answer = self._run(environ, seed, at)
            good = int(started[0].split()[0]) < 400
            if path == RESET and environ["REQUEST_METHOD"] == "POST" and good:
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
            log.error("the change cannot be written down (%s); stopping", error.strerror)
            os._exit(1)

    def _facts(self, start_response: StartResponse) -> Iterable[bytes]:
        facts = {
            "records": self.journal.last,
            "journal_bytes": self.journal.size,
            "replayed": self.replayed,
            "differing": self.differing,
        }
        body = json.dumps(facts).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


def fix_randomness(secret: bytes) -> None:
    """Let everything random in moto come from its seeded generator, and make defaults independent of who came first.

    What must not be guessed (secret keys, session tokens, key material) depends on *secret* as well, which only this
    installation has: the number of a request is public.
    """
    from moto.core import base_backend  # moto reads its settings and the clock when it is imported
    from moto.iam import models as iam  # moto reads its settings and the clock when it is imported
    from moto.moto_api._internal import mock_random  # moto reads its settings and the clock when it is imported

    def urandom(size: int) -> bytes:
        return hashlib.shake_256(secret + mock_random.getrandbits(256).to_bytes(32, "little")).digest(size)

    # uuid.uuid4 and key material use it too. `secrets` has taken the real one before.
    os.urandom = urandom
    iam.random_alphanumeric = lambda length: base64.b64encode(urandom(length)).decode()[:length]  # type: ignore[attr-defined]
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
    from moto.moto_api._internal import mock_random  # moto reads its settings and the clock when it is imported

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
    """Let moto list its own directory once; it does so for every request, which is a third of the time."""
    from moto import backends  # moto reads its settings and the clock when it is imported

    names = list(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: iter(names)


def build(journal: Journal, secret: bytes) -> Durable:
    """Return the application with the journal's state in it; *secret* as in `fix_randomness`."""
    os.environ.update(SETTINGS)
    install_clock()
    from moto.moto_server.werkzeug_app import (  # moto reads its settings and the clock when it is imported
        DomainDispatcherApplication,
        create_backend_app,
    )

    fix_randomness(secret)
    remember_modules()
    application = DomainDispatcherApplication(create_backend_app)
    keep_randomness(application)
    durable = Durable(application, journal)
    durable.replay()
    return durable


def serve(app: App, port: int, context: ssl.SSLContext) -> None:
    """Serve by TLS on loopback until terminated."""
    from moto.moto_server.werkzeug_app import (
        MotoRequestHandler,  # moto reads its settings and the clock when it is imported
    )
    from werkzeug.serving import ThreadedWSGIServer  # after moto, which it is started by

    class Quiet(MotoRequestHandler):
        timeout = PATIENCE

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            if str(code).startswith("5"):
                super().log_request(code, size)

    class Server(tls.Encrypted, ThreadedWSGIServer):
        pass

    server = Server("127.0.0.1", port, app, handler=Quiet)
    server.encrypt(context)
    # werkzeug would shake hands with one client after the other. Here it only takes from this that URLs are https.
    server.ssl_context = context
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="directory of the journal")
    parser.add_argument("--access", type=Path, required=True, help="JSON file of this installation's access key")
    tls.add_arguments(parser)
    options = parser.parse_args(argv)
    logs.show()
    os.umask(0o077)  # the journal holds secrets
    os.environ["MOTO_PORT"] = str(options.port)
    begun = time.monotonic()
    own = json.loads(options.access.read_text())
    try:
        journal = Journal(options.data / "journal.jsonl")
        app = build(journal, own["secret_access_key"].encode())
    except JournalDamaged as error:
        sys.exit(str(error))
    log.info("%d requests replayed in %.2f s, %d differ", app.replayed, time.monotonic() - begun, app.differing)
    keys = Keys((own["access_key_id"], own["secret_access_key"]), CLOCK.real)
    context = tls.server_context(options.cert, options.key)
    serve(Guard(app, options.port, keys.secret_of, CLOCK.real), options.port, context)


if __name__ == "__main__":
    main()
