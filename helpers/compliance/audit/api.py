"""Calls to the log's HTTP API over kept connections."""

from __future__ import annotations

import contextlib
import json
from http import HTTPStatus
from typing import Any

from helpers.compliance.audit.errors import AuditDown, LogRefused
from helpers.compliance.audit.log_directory import AuditLogDirectory
from helpers.core import http
from helpers.core.polling import EVERY, wait_until
from helpers.runtime import services, trust

#: Seconds a call may take; a lease waits for those before it.
TIMEOUT = 120.0


class NoAnswer(Exception):
    """No answer came: whether the request took effect is unknown."""


class Api:
    """The service as one process uses it, from any of its threads.

    Args:
        directory: of the service.
        patience: seconds to wait for a service that is being restarted.
    """

    def __init__(self, directory: AuditLogDirectory, patience: float) -> None:
        self.directory, self.patience = directory, patience
        self._client: http.Client | None = None
        self._token = ""

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the answer to one request, tried once.

        Raises:
            NoAnswer: no answer. LogRefused: the log said no.
        """
        client = self._connected()
        try:
            answer = client.request(method, path, body, headers={"Authorization": f"Bearer {self._token}"})
        except http.NoAnswer as error:
            self.close()
            raise NoAnswer(str(error)) from None
        if answer.status >= 500:
            raise NoAnswer(answer.text)
        if answer.status >= 400:
            raise _refused(answer.status, answer.text.strip())
        return answer.body

    def call_with_retry(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the answer to a request that may be repeated; waits while the service is being restarted.

        Raises:
            AuditDown: it did not come back. LogRefused: the log said no.
        """

        def answered() -> tuple[bytes] | None:
            with contextlib.suppress(NoAnswer, AuditDown):
                return (self.call(method, path, body),)
            return None

        def late() -> AuditDown:
            return down("Nothing answers.")

        # A second try at least: a connection that was idle for long is closed by the server.
        return wait_until("the audit trail answers", answered, max(self.patience, EVERY), on_timeout=late)[0]

    def json(self, method: str, path: str) -> Any:
        """Return the answer of `call_with_retry` as JSON."""
        return json.loads(self.call_with_retry(method, path))

    def close(self) -> None:
        """Drop the connections; the next call makes a new one, to where the service is then."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> http.Client:
        client = self._client
        if client is None:
            client = http.Client(_url(), timeout=TIMEOUT, ca=trust.ca_file())
            self._token = self.directory.token()
            self._client = client
        return client


def _url() -> str:
    service = next(one for one in services.status() if one.name == "audit")
    if service.status != "running":
        said = {"failed": "A process of it was killed or crashed."}.get(service.status, f"It is {service.status}.")
        raise down(said)
    return service.url


def down(why: str) -> AuditDown:
    """Return the error of a service that does not answer."""
    return AuditDown("The audit trail is down", why=why, next="course services start audit")


class LeaseExpired(LogRefused):
    """The lease on the end of the log expired before the entries came; a new one is needed."""

    code = "audit-lease-expired"


def _refused(status: int, said: str) -> LogRefused:
    if status == HTTPStatus.CONFLICT:
        return LeaseExpired("The lease on the end of the log has expired", why=said, next="Record the event again.")
    if status == HTTPStatus.UNAUTHORIZED:
        return LogRefused("The audit log does not accept the token", why=said, next="course services restart audit")
    return LogRefused("The audit log refused the request", why=said, next="course services logs audit")
