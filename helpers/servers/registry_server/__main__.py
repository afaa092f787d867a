"""``python -m helpers.servers.registry_server``: the registry as a process."""

from __future__ import annotations

import argparse
import os
import threading
from pathlib import Path

import waitress

from helpers.compliance.module_rules import archive
from helpers.runtime import tools
from helpers.servers import tls
from helpers.servers.registry_server import pages
from helpers.servers.registry_server.app import create_app


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="directory of modules, tokens and events")
    parser.add_argument("--pages", type=int, required=True, help="port of the pages for people, without TLS")
    parser.add_argument("--socket", type=Path, required=True, help="of the server behind TLS")
    tls.add_arguments(parser)
    options = parser.parse_args(argv)
    os.umask(0o077)
    # Publishing needs both; better to say so now than at the first upload.
    tools.ensure("cosign")
    tools.ensure("hcl-reader")
    app = create_app(options.data, f"http://127.0.0.1:{options.pages}")
    people = waitress.create_server(
        pages.Public(app, options.pages),
        host="127.0.0.1",
        port=options.pages,
        threads=2,
        ident="module-registry",
        max_request_body_size=0,
        expose_tracebacks=False,
    )
    threading.Thread(target=people.run, daemon=True).start()
    tls.serve_wsgi(
        app,
        port=options.port,
        context=tls.server_context(options.cert, options.key),
        socket=options.socket,
        ident="module-registry",
        max_request_body_size=archive.MAX_ARCHIVE + 2 * 1024 * 1024,
    )


if __name__ == "__main__":
    main()
