"""The certificate authority of the course's own servers: one for all services of a state directory."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from helpers.core import http
from helpers.core.files import write_private
from helpers.runtime.services.pki import LOOPBACK, Authority, Pair
from helpers.runtime.services.spec import ServiceContext
from helpers.runtime.trust import authority_directory


def server_pair(context: ServiceContext) -> Pair:
    """Return certificate and key of a service's server, for the address it listens on; made at the first start."""
    with _authority(context) as authority:
        return authority.issue(context.name, context.name, hosts=(*LOOPBACK, context.host))


def authority_of_services(context: ServiceContext) -> Path:
    """Return the certificate that vouches for the servers of all services; made at the first use."""
    with _authority(context) as authority:
        return authority.cert


@contextlib.contextmanager
def _authority(context: ServiceContext) -> Iterator[Authority]:
    """Yield the authority while nobody else makes or renews it."""
    directory = authority_directory(context.directory.parent)
    directory.mkdir(exist_ok=True, mode=0o700)
    # Two services may start at once.
    with filelock.FileLock(directory / "lock", timeout=60, mode=0o600):
        authority = Authority(directory, "acme services CA")
        # In a directory of its own, as Go takes every file of one for a certificate to trust.
        trusted, known = directory / "trusted", authority.cert.read_bytes()
        trusted.mkdir(exist_ok=True, mode=0o700)
        if not (trusted / "ca.crt").is_file() or (trusted / "ca.crt").read_bytes() != known:
            write_private(trusted / "ca.crt", known)
        yield authority


def answers_by_tls(context: ServiceContext, port: str, path: str) -> Callable[[], bool]:
    """Return a question for `Process.ready`: does the server answer *path*, with a certificate of our authority?"""
    ca = authority_directory(context.directory.parent) / "trusted" / "ca.crt"
    return functools.partial(_answers, f"https://{context.host}:{context.ports[port]}{path}", ca)


def _answers(url: str, ca: Path) -> bool:
    try:
        return http.request("GET", url, ca=ca, timeout=5).status < 500
    except http.NoAnswer:
        return False
