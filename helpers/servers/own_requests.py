"""Which requests a server of ours answers at all: that name it as their host, of no web page, and with one reading.

Whoever asks is a stranger until a credential is verified. Before that a request has to be for this server, and what it
says must not mean one thing here and another to who reads it next: https://www.rfc-editor.org/rfc/rfc9112.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from email import errors
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

#: What no header's value may hold: the end of a line, also one that goes on in the next line, and NUL.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BROKEN = (errors.MissingHeaderBodySeparatorDefect, errors.FirstHeaderLineIsContinuationDefect)
_NUMBER = re.compile(r"[0-9]{1,18}")

FOREIGN_HOST = (421, "The Host header does not name this server.")
FOREIGN_PAGE = (403, "Requests of other web pages are not answered.")
#: A status of HTTP and the reason.
Refusal = tuple[int, str]


def names_server(target: str, host: str | None, hosts: Collection[str]) -> bool:
    """Return whether a request is for the server with these names (``host:port``).

    Args:
        target: of its first line. A name in there would count more than the Host header (RFC 9112, 3.2.2), and only
            proxies are asked so. host: the Host header. hosts: names of the server; a page may choose any other (DNS
            rebinding).
    """
    return host in hosts and target.startswith("/")


def refuse(start_response: Any, refusal: Refusal) -> list[bytes]:
    """Answer a request of WSGI with a reason, and nothing of what the client sent."""
    status, body = HTTPStatus(refusal[0]), refusal[1].encode()
    start_response(f"{status} {status.phrase}", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


class OwnHandler(BaseHTTPRequestHandler):
    """One client's connection to a server for programs: what is not for it, or can be read in two ways, is refused."""

    #: The names of this server, ``host:port``.
    hosts: ClassVar[Collection[str]] = ()
    #: Whether a body may come in pieces.
    pieces: ClassVar[bool] = False
    _judged = False

    def parse_request(self) -> bool:
        """Read the first line and the headers; return whether the request is to be answered."""
        self._judged = False
        return super().parse_request() and self._answerable()

    def handle_expect_100(self) -> bool:
        """Ask for the body only where the request is to be answered."""
        return self._answerable() and super().handle_expect_100()

    def _answerable(self) -> bool:
        if self._judged:
            return True
        self._judged, found = True, self._found()
        if found is not None:
            # What the client still sends must not be taken for its next request.
            self.close_connection = True
            self.refuse(*found)
        return found is None

    def _found(self) -> Refusal | None:
        # A broken line ends the headers: what came after it was not read as one.
        broken = any(isinstance(one, _BROKEN) for one in self.headers.defects)
        if broken or self.request_version == "HTTP/0.9":
            return 400, "The request is malformed."
        if any(_CONTROL.search(value) for value in self.headers.values()):
            return 400, "A header holds a control character."
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not names_server(self.path, hosts[0].strip(), self.hosts):
            return FOREIGN_HOST
        if "Origin" in self.headers or self.headers.get("Sec-Fetch-Site", "none") != "none":
            return FOREIGN_PAGE
        return self._body_refused()

    def _body_refused(self) -> Refusal | None:
        """Refuse a body whose end can be read in two ways (request smuggling: RFC 9112, 6.3)."""
        lengths, coding = self.headers.get_all("Content-Length") or [], self.headers.get_all("Transfer-Encoding") or []
        if len(lengths) > 1 or not all(_NUMBER.fullmatch(one.strip()) for one in lengths):
            return 400, "Content-Length is not a number of bytes."
        if coding and lengths:
            return 400, "A body has a length or comes in pieces, not both."
        if coding and [one.strip().lower() for one in coding] != ["chunked"]:
            return 501, "Transfer-Encoding is unknown here."
        return (411, "A body comes with its length here.") if coding and not self.pieces else None

    def refuse(self, status: int, reason: str) -> None:
        """Answer with a reason, and nothing of what the client sent."""
        body = f"{reason}\n".encode()
        self.send_response_only(status)
        for name, value in {"Content-Type": "text/plain", "Connection": "close", "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
