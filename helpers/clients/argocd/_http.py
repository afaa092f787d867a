"""Talks HTTPS with argocd-server: one call, or a stream of server-sent events. Its certificate is always verified.

Not by `helpers.core.http`: a stream is cancelled by another thread that closes its socket, which urllib3 does not give.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from helpers.clients.argocd.errors import ArgoError, NotLoggedIn, Unreachable, from_answer
from helpers.core.errors import BadInput
from helpers.core.redact import add_secrets

#: Pauses in seconds before each further try of a call that is safe to repeat.
PAUSES = (0.2, 0.6, 1.5)
#: The server sends a sign of life every 15 s; a stream that is silent for longer than this is broken.
SILENCE = 40.0
#: What a connection that breaks raises.
BROKEN = (OSError, http.client.HTTPException)


class Account(Protocol):
    """Whom we are to Argo CD, and where it is."""

    @property
    def name(self) -> str:
        """The account."""

    @property
    def url(self) -> str:
        """``https://host:port`` of the API server."""

    @property
    def ca(self) -> Any:
        """File of the authority that signed its certificate."""

    @property
    def token(self) -> str:
        """Bearer token."""


@functools.cache
def _trust(ca: str, _stamp: int) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


class Api:
    """Calls the REST API as one account.

    Args:
        account: who, where, and whom to trust.
        timeout: seconds that one answer may take.
    """

    def __init__(self, account: Account, timeout: float) -> None:
        self.account, self.timeout = account, timeout
        if urlsplit(account.url).scheme != "https":
            raise BadInput(f"{account.url!r} is not a URL of Argo CD", why="It must be https.", next="ArgoCD('admin')")
        add_secrets(account.token)

    def call(
        self,
        method: str,
        path: str,
        *,
        action: str,
        object: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Return the JSON of an answer.

        A call that was not sent is tried again; one whose answer was lost only when it reads.

        Args:
            method: of HTTP. path: below ``/api``, quoted. query: parameters; ``None`` leaves one out.
            body: sent as JSON. action, object: what this does, for errors.
            timeout: seconds that this answer may take; by default those of the connection.

        Raises:
            ArgoError: any of `helpers.clients.argocd.errors`.
        """
        limit = timeout or self.timeout
        for pause in (*PAUSES, None):
            try:
                status, text = self._once(method, path, query, body, limit)
            except BROKEN as error:
                sent = not isinstance(error, ConnectionRefusedError)
                if pause is None or _distrust(error) or (sent and method != "GET") or isinstance(error, TimeoutError):
                    raise self.unreachable(error, limit) from None
            else:
                if status < 400:
                    return _json(text)
                if pause is None or method != "GET" or status not in (502, 503):
                    raise self._error(status, text, action, object)
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def stream(self, path: str, *, action: str, object: str, query: Mapping[str, Any] | None = None) -> Stream:
        """Return a stream of events that was asked for; the server answers with the first event, not before.

        Raises:
            Unreachable. What else can go wrong comes with the first `Stream.read`.
        """
        connection = self._connect(self.timeout)
        try:
            connection.connect()
            connection.request("GET", _url(path, query), headers={**self._headers(), "Accept": "text/event-stream"})
        except BROKEN as error:
            connection.close()
            raise self.unreachable(error, self.timeout) from None
        return Stream(connection, lambda status, text: self._error(status, text, action, object))

    def unreachable(self, error: Exception, limit: float) -> ArgoError:
        """Return the error for a connection that failed, or was not answered within *limit* seconds."""
        url = self.account.url
        if _distrust(error):
            why = f"Its certificate is not from the authority we trust: {error}"
            return Unreachable(f"{url} is not our Argo CD", why=why, next="course services restart gitops")
        slow = isinstance(error, TimeoutError)
        why = f"No answer within {limit:g} s." if slow else str(error) or type(error).__name__
        found = Unreachable(f"Argo CD at {url} does not answer", why=why, next="course services start gitops")
        found.slow = slow
        return found

    def _once(
        self, method: str, path: str, query: Mapping[str, Any] | None, body: Any, limit: float
    ) -> tuple[int, bytes]:
        with contextlib.closing(self._connect(limit)) as connection:
            connection.request(method, _url(path, query), _encoded(body, method), self._headers())
            answer = connection.getresponse()
            return answer.status, answer.read()

    def _connect(self, limit: float) -> http.client.HTTPSConnection:
        place = urlsplit(self.account.url)
        ca = str(self.account.ca)
        try:
            context = _trust(ca, Path(ca).stat().st_mtime_ns)
        except OSError as error:
            raise Unreachable(
                "Argo CD's certificate authority is not there", why=str(error), next="course services start gitops"
            ) from None
        return http.client.HTTPSConnection(place.hostname or "", place.port or 443, timeout=limit, context=context)

    def _headers(self) -> dict[str, str]:
        if not self.account.token:
            raise NotLoggedIn(
                f"Account {self.account.name} has no token", why="It is empty.", next="course services start gitops"
            )
        # The server refuses anything but JSON, also on a DELETE without a body.
        return {"Authorization": f"Bearer {self.account.token}", "Content-Type": "application/json"}

    def _error(self, status: int, text: bytes, action: str, object: str) -> ArgoError:
        try:
            body: Any = json.loads(text)
        except ValueError:
            body = text[:500].decode("utf-8", "replace")
        return from_answer(status, body, who=self.account.name, action=action, object=object)


class Stream:
    """The lines of one answer that does not end by itself. `cancel` ends it from any thread."""

    def __init__(self, connection: http.client.HTTPSConnection, refused: Callable[[int, bytes], ArgoError]) -> None:
        self._connection, self._line, self._refused = connection, connection.sock, refused
        self._answer: http.client.HTTPResponse | None = None
        self._cancelled = False

    def read(self, until: float | None = None) -> dict[str, Any] | None:
        """Return the next message, or ``None`` when the stream is over.

        Args:
            until: moment of the monotonic clock at which to give up; the stream cannot be read after that.

        Raises:
            ArgoError: the server refuses.
            TimeoutError: the moment has come, or the server gave no sign of life. OSError, HTTPException: it broke.
        """
        while not self._cancelled:
            left = SILENCE if until is None else min(SILENCE, until - time.monotonic())
            if left <= 0:
                raise TimeoutError
            try:
                self._line.settimeout(left)
                text = self._lines().readline()
            except (*BROKEN, ValueError, AttributeError):
                # `cancel` closes the connection under our hands.
                if self._cancelled:
                    return None
                raise
            if not text:
                return None
            if text.startswith(b"data:"):
                return _json(text[5:])
        return None

    def _lines(self) -> http.client.HTTPResponse:
        if self._answer is None:
            self._answer = self._connection.getresponse()
            if self._answer.status >= 400:
                raise self._refused(self._answer.status, self._answer.read())
        return self._answer

    def cancel(self) -> None:
        """End the stream: a `read` under way returns ``None``."""
        self._cancelled = True
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection back. Only by the thread that reads."""
        with contextlib.suppress(OSError):
            if self._answer is not None:
                self._answer.close()
            self._connection.close()


def segment(name: str) -> str:
    """Return *name* as one part of a path.

    Raises:
        BadInput: it is empty.
    """
    if not name or not isinstance(name, str):
        raise BadInput(f"{name!r} is not a valid name", why="A name is not empty.", next="argo.applications()")
    return quote(name, safe="")


def _url(path: str, query: Mapping[str, Any] | None) -> str:
    given = {key: value for key, value in (query or {}).items() if value is not None}
    return f"/api{path}?{urlencode(given, doseq=True)}" if given else f"/api{path}"


def _encoded(body: Any, method: str) -> bytes | None:
    if body is None:
        return None if method == "GET" else b""
    return json.dumps(body).encode()


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _distrust(error: BaseException) -> bool:
    return isinstance(error, ssl.SSLCertVerificationError)
