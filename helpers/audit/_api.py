"""Calls to the log's HTTP API over one kept connection."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from helpers.audit.errors import AuditDown, Refused
from helpers.audit.room import Room

#: Seconds a call may take; a turn waits for those before it.
TIMEOUT = 120.0


class Lost(Exception):
    """No answer came: nothing is known about what became of the request."""


class Api:
    """The service as one process uses it; each thread has a connection of its own.

    Args:
        room: the service's.
        patience: seconds to wait for a service that is being restarted.
    """

    def __init__(self, room: Room, patience: float) -> None:
        self.room, self.patience = room, patience
        self._here = threading.local()
        self._token = ""

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the answer to one request, tried once.

        Raises:
            Lost: no answer. Refused: the log said no.
        """
        connection = self._connection()
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Lost(str(error)) from None
        if answer.status >= 500:
            raise Lost(text.decode(errors="replace"))
        if answer.status >= 400:
            raise _refused(answer.status, text.decode(errors="replace").strip())
        return text

    def patiently(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the answer to a request that may be repeated; waits while the service is being restarted.

        Raises:
            AuditDown: it did not come back. Refused: the log said no.
        """
        deadline, again = time.monotonic() + self.patience, False
        while True:
            try:
                return self.call(method, path, body)
            except (Lost, AuditDown):
                # A connection that was idle for long is closed by the server: the second try makes a new one.
                if again and time.monotonic() > deadline:
                    raise down("Nothing answers.") from None
                again = True
                time.sleep(0.1)

    def json(self, method: str, path: str) -> Any:
        """Return the answer of `patiently` as JSON."""
        return json.loads(self.patiently(method, path))

    def close(self) -> None:
        """Drop this thread's connection; the next call makes one anew, to where the service is then."""
        connection = getattr(self._here, "connection", None)
        self._here.connection = None
        if connection is not None:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._here, "connection", None)
        if connection is None:
            address = urlsplit(_url())
            connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=TIMEOUT)
            self._here.connection = connection
            self._token = self.room.token()
        return connection


def _url() -> str:
    from helpers import services

    service = next(one for one in services.status() if one.name == "audit")
    if service.status != "running":
        said = {"failed": "A process of it was killed or crashed."}.get(service.status, f"It is {service.status}.")
        raise down(said)
    return service.url


def down(why: str) -> AuditDown:
    """Return the error of a service that does not answer."""
    return AuditDown("The audit trail is down", why=why, next="course services start audit")


class TurnOver(Refused):
    """The turn ended before the entries came; a new one is needed."""

    code = "audit-turn-over"


def _refused(status: int, said: str) -> Refused:
    if status == http.client.CONFLICT:
        return TurnOver("The turn is over", why=said, next="Record the event again.")
    if status == http.client.UNAUTHORIZED:
        return Refused("The audit log does not know the token", why=said, next="course services restart audit")
    return Refused("The audit log refused the request", why=said, next="course services logs audit")
