"""``python -m helpers.services.registry_server``: the registry as a process."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def main(argv: list[str] | None = None) -> None:
    """Serve until terminated."""
    import waitress

    from helpers import tools
    from helpers.services.registry_server import archive
    from helpers.services.registry_server.app import create_app

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of modules, tokens and events")
    options = parser.parse_args(argv)
    os.umask(0o077)
    # Publishing needs both; better to say so now than at the first upload.
    tools.ensure("cosign")
    tools.ensure("terraform-config-inspect")
    waitress.serve(
        create_app(options.data), host="127.0.0.1", port=options.port, threads=8, ident="module-registry",
        max_request_body_size=archive.MAX_ARCHIVE + 2 * 1024 * 1024, expose_tracebacks=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
