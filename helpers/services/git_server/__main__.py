"""``python -m helpers.services.git_server``: the forge as a process."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    import waitress

    from helpers import tools
    from helpers.services.git_server import smart_http
    from helpers.services.git_server.app import create_app

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of repositories, people and audit log")
    options = parser.parse_args(argv)
    os.umask(0o077)
    # Nothing works without it; better to say so now than at the first clone.
    tools.ensure("git")

    def leave(number: int, frame: FrameType | None) -> None:
        smart_http.cancel_all()
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    waitress.serve(
        create_app(options.data), host="127.0.0.1", port=options.port, threads=8, ident="forge",
        max_request_body_size=smart_http.MAX_BODY, expose_tracebacks=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
