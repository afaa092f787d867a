"""The archives that Flux's controller downloads: kept in a directory, served on loopback.

They are served without TLS, as source-controller does. Who does not know the content cannot ask for it: the name of a
file is the SHA-256 of its content, and nothing is listed. The controller checks that digest.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from flask import Flask, Response, send_from_directory

from helpers.core.files import write_private

#: The newest, and the one that a download under way may still need.
KEPT = 2


class Artifacts:
    """Archives by source: ``NAMESPACE/NAME/DIGEST.tar.gz``.

    Args:
        directory: where they are; made with mode 0700.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, source: str, content: bytes) -> str:
        """Keep an archive of *source* (``NAMESPACE/NAME``) and return its path; older ones go."""
        place = self.directory / source
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = place / f"{hashlib.sha256(content).hexdigest()}.tar.gz"
        write_private(path, content)
        for old in sorted(place.glob("*.tar.gz"), key=lambda p: p.stat().st_mtime_ns, reverse=True)[KEPT:]:
            old.unlink(missing_ok=True)
        return str(path.relative_to(self.directory))

    def has(self, path: str) -> bool:
        """Return whether an archive is there."""
        return bool(path) and (self.directory / path).is_file()

    def forget(self, source: str) -> None:
        """Remove what belongs to a source."""
        shutil.rmtree(self.directory / source, ignore_errors=True)

    def sources(self) -> set[str]:
        """Return the sources that have archives."""
        return {str(path.relative_to(self.directory)) for path in self.directory.glob("*/*") if path.is_dir()}

    def app(self) -> Flask:
        """Return the web server's application."""
        app = Flask(__name__, static_folder=None)

        @app.get("/healthz")
        def health() -> dict[str, str]:
            return {"status": "ok"}

        @app.get("/externalartifact/<path:path>")
        def download(path: str) -> Response:
            return send_from_directory(self.directory, path, mimetype="application/gzip")

        return app
