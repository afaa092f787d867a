"""``python -m helpers.servers.secret_sync``: the controller as a process."""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import logging
import os
import shutil
import threading
from pathlib import Path

from helpers.clients.kubernetes import Cluster, Unreachable
from helpers.core.polling import wait_until
from helpers.core.redact import redact
from helpers.servers import tls
from helpers.servers.own_requests import OwnHandler
from helpers.servers.secret_sync.controller import Controller


def _await_kinds(cluster: Cluster, timeout: float = 30.0) -> None:
    """Wait until the kinds can be listed: only then it counts as started. A new kind needs a moment for its storage."""

    def listed() -> bool:
        with contextlib.suppress(Unreachable):
            for kind in ("ExternalSecret", "SecretStore", "ClusterSecretStore"):
                cluster.get(kind, namespace="*")
            return True
        return False

    wait_until("the kinds can be listed", listed, timeout, every=0.2, next="course services logs kubernetes")


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of /healthz")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True, help="directory that is emptied at the start")
    options = parser.parse_args(argv)
    os.umask(0o077)

    class Masked(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return redact(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Masked("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    cluster = Cluster(kubeconfig=options.kubeconfig)
    _await_kinds(cluster)
    # Not a directory of the system's own: whoever kills this process would leave it there.
    shutil.rmtree(options.scratch, ignore_errors=True)
    options.scratch.mkdir(parents=True, mode=0o700)
    controller = Controller(cluster, options.scratch)

    class Health(OwnHandler):
        timeout = 15
        hosts = (f"127.0.0.1:{options.port}", f"localhost:{options.port}")

        def do_GET(self) -> None:
            body = json.dumps(controller.facts()).encode()
            self.send_response(200 if self.path == "/healthz" else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Requests of the supervisor are not news."""

    class Server(tls.Bounded, http.server.HTTPServer):
        pass

    server = Server(("127.0.0.1", options.port), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    controller.run()


if __name__ == "__main__":
    main()
