"""``python -m helpers.servers.git_server``: the forge as a process."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from helpers.runtime import tools
from helpers.servers import tls
from helpers.servers.git_server import smart_http
from helpers.servers.git_server.app import create_app


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="directory of repositories, people and audit log")
    parser.add_argument("--socket", type=Path, required=True, help="of the server behind TLS")
    tls.add_arguments(parser)
    options = parser.parse_args(argv)
    os.umask(0o077)
    # Nothing works without it; better to say so now than at the first clone.
    tools.ensure("git")

    def leave(number: int, frame: FrameType | None) -> None:
        smart_http.cancel_all()
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    tls.serve_wsgi(
        create_app(options.data),
        port=options.port,
        context=tls.server_context(options.cert, options.key),
        socket=options.socket,
        ident="forge",
        max_request_body_size=smart_http.MAX_BODY,
    )


if __name__ == "__main__":
    main()
