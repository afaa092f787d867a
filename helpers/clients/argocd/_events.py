"""Live changes of applications: a stream that goes on after the API server was restarted."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from helpers.clients.argocd._http import BROKEN, Api, Stream
from helpers.clients.argocd.errors import Unreachable, from_answer
from helpers.clients.argocd.types import Application, ApplicationEvent
from helpers.core.scope import enrol

#: Seconds between two tries while the stream is broken.
PAUSE = 1.0
#: Seconds that the API server may be away before a listener without a time limit gives up.
PATIENCE = 90.0


class Events(Iterator[ApplicationEvent]):
    """Changes of applications as they come; iterate over it. First every application there is comes as ``ADDED``.

    When the connection breaks it asks for the list instead, tells what changed meanwhile, and listens again as soon as
    that is possible. `close`, from any thread, or the end of a ``with`` block ends the iteration.

    Args:
        api: the connection.
        name: of one application; all of them without it.
        timeout: seconds after which the iteration ends; ``None`` for no limit.
        known: applications that are known to have been there: it tells when one of them is not any more.
    """

    def __init__(
        self, api: Api, name: str | None = None, *, timeout: float | None = None, known: Iterable[Application] = ()
    ) -> None:
        self._api, self._name = api, name
        self._until = None if timeout is None else time.monotonic() + timeout
        self._known = {application.name: application for application in known}
        self._closed = threading.Event()
        self._stream: Stream | None = None
        self._source = self._events()
        enrol(self)

    def __iter__(self) -> Events:
        return self

    def __next__(self) -> ApplicationEvent:
        """Return the next change.

        Raises:
            Unreachable: the API server was away for too long. PermissionDenied, NotLoggedIn: it refuses the account.
        """
        return next(self._source)

    @property
    def closed(self) -> bool:
        """Was it closed or cancelled?"""
        return self._closed.is_set()

    def close(self) -> None:
        """End the iteration. Safe to call twice and from any thread."""
        self._closed.set()
        if (stream := self._stream) is not None:
            stream.cancel()

    #: What the end of a piece of work calls (`helpers.call_async`, a Stop button).
    cancel = close

    def __enter__(self) -> Events:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
        # Unless another thread is in it, which then gives the connection back itself.
        with contextlib.suppress(ValueError):
            self._source.close()

    def __repr__(self) -> str:
        return f"Events({self._name or 'all applications'}{', closed' if self.closed else ''})"

    def _over(self) -> bool:
        return self.closed or (self._until is not None and time.monotonic() >= self._until)

    def _events(self) -> Generator[ApplicationEvent, None, None]:
        first, lost, why = not self._known, time.monotonic(), None
        while not self._over():
            try:
                self._stream = self._open()
                if not first:
                    yield from self._missed()
                first = False
                for event in self._read(self._stream):
                    lost = time.monotonic()
                    yield event
                why = None
            except Unreachable as error:
                why = error
                if self._until is None and time.monotonic() - lost > PATIENCE:
                    raise
                # The list may still answer where the stream does not.
                with contextlib.suppress(Unreachable):
                    yield from self._missed()
                    why = None
                first = False
            finally:
                if self._stream is not None:
                    self._stream.close()
                    self._stream = None
            if not self._over():
                self._closed.wait(PAUSE if self._until is None else min(PAUSE, self._until - time.monotonic()))
        if why is not None and not self.closed:
            raise why

    def _open(self) -> Stream:
        stream = self._api.stream("/v1/stream/applications", action="get", object="applications", query=self._query())
        if self.closed:
            stream.cancel()
        return stream

    def _query(self) -> dict[str, Any]:
        return {"name": self._name}

    def _read(self, stream: Stream) -> Iterator[ApplicationEvent]:
        """Yield what the stream brings until it ends or breaks."""
        while not self._over():
            try:
                message = stream.read(self._until)
            except BROKEN:
                return
            if message is None:
                return
            if "error" in message:
                self._judge(message["error"])
                return
            event = self._taken(ApplicationEvent.from_json(message, _now()))
            if event is not None:
                yield event

    def _judge(self, error: Any) -> None:
        """Raise when the server refuses; a server that is going down is not a reason to end."""
        said = error if isinstance(error, dict) else {"message": str(error)}
        code = said.get("grpc_code", said.get("code"))
        if code in (7, 16):
            body = {"code": code, "message": said.get("message", "")}
            raise from_answer(403, body, who=self._api.account.name, action="get", object="applications")

    def _missed(self) -> Iterator[ApplicationEvent]:
        """Yield what changed while nobody listened, from the list."""
        answer = self._api.call("GET", "/v1/applications", action="get", object="applications", query=self._query())
        there = [Application.from_json(raw) for raw in answer.get("items") or ()]
        for application in there:
            event = self._taken(ApplicationEvent("ADDED", application, _now()))
            if event is not None:
                yield event
        for name in set(self._known) - {application.name for application in there}:
            yield ApplicationEvent("DELETED", self._known.pop(name), _now())

    def _taken(self, event: ApplicationEvent) -> ApplicationEvent | None:
        """Return the event, in the right word, or ``None`` when it tells nothing new."""
        now = event.application
        if event.kind == "DELETED":
            self._known.pop(now.name, None)
            return event
        before = self._known.get(now.name)
        self._known[now.name] = now
        if event.kind == "ADDED" and before is not None:
            return None if _version(before) == _version(now) else ApplicationEvent("MODIFIED", now, event.at)
        return event


def _version(application: Application) -> str:
    return str((application.raw.get("metadata") or {}).get("resourceVersion", ""))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
