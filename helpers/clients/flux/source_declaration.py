"""How a Git repository is declared as a source: annotations of an ``ExternalArtifact``.

An ExternalArtifact has no fields for where it comes from (Flux RFC-0012 leaves that to whoever makes it): these
annotations are the course's. With source-controller the same would be the ``spec`` of a GitRepository.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from helpers.core.errors import BadInput

#: Where Flux lives, as in its own installation.
NAMESPACE = "flux-system"
KIND, GROUP, VERSION = "ExternalArtifact", "source.toolkit.fluxcd.io", "v1"
_PREFIX = "source.acme.test"
#: Address of the repository, its branch, the directory to include (empty: all), how often to look, and the name of a
#: Secret with ``username`` and ``password``.
URL, BRANCH, PATH, INTERVAL, SECRET = (f"{_PREFIX}/{name}" for name in ("url", "branch", "path", "interval", "secret"))
#: Flux's own annotation that asks for a look now; the source puts its value into the other one when it has looked.
REQUESTED = "reconcile.fluxcd.io/requestedAt"
HANDLED = f"{_PREFIX}/lastHandledReconcileAt"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Declaration:
    """One Git repository as a source.

    Attributes:
        url: ``http://``, ``https://``, or ``file://`` (of the platform's own namespace only).
        branch: whose last commit is taken.
        path: directory of the repository to include; empty for all of it.
        interval: seconds between two looks.
        secret: name of the Secret with the account; empty for none.
    """

    url: str
    branch: str = "main"
    path: str = ""
    interval: float = 30.0
    secret: str = ""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Declaration | None:
        """Return what an ExternalArtifact declares; ``None`` for one that is not ours.

        Raises:
            BadInput: an annotation cannot be read, or the namespace may not have it.
        """
        meta = raw.get("metadata") or {}
        notes = {str(key): str(value) for key, value in (meta.get("annotations") or {}).items()}
        if URL not in notes:
            return None
        url, path = _url(notes[URL], str(meta.get("namespace", ""))), notes.get(PATH, "").removeprefix("./").strip("/")
        if ".." in path.split("/") or path.startswith(":"):
            raise BadInput(f"{path!r} is not a directory of a repository", next=f"{PATH}: apps/inference")
        return cls(url, notes.get(BRANCH) or "main", path, seconds(notes.get(INTERVAL, "30s")), notes.get(SECRET, ""))

    @property
    def origin(self) -> str:
        """Scheme, host and port of the repository: whom the account is for."""
        place = urlsplit(self.url)
        return f"{place.scheme}://{place.netloc}/"


def seconds(duration: str) -> float:
    """Return a duration of Go in seconds: ``30s``, ``1m30s``.

    Raises:
        BadInput: it is none, or shorter than a second.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", duration)
    found = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != duration or found < 1:
        raise BadInput(
            f"{duration!r} is not an interval", why="Expected 1s or more, as Go writes it.", next="30s, 1m30s"
        )
    return found


def _url(url: str, namespace: str) -> str:
    place = urlsplit(url)
    if place.scheme not in ("http", "https", "file") or not (place.netloc or place.path):
        raise BadInput(f"{url!r} is not the address of a repository", why="It must be http, https or file.")
    if place.scheme == "file" and namespace != NAMESPACE:
        # Else whoever may write such an object could read every repository of the person who runs the course.
        raise BadInput(f"file:// is for sources of {NAMESPACE} only", why=f"This one is in {namespace}.")
    if "@" in place.netloc:
        raise BadInput(
            "The address holds an account", why="Everybody can read it.", next=f"Put it into a Secret: {SECRET}"
        )
    return url
