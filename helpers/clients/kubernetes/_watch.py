"""Watches objects: what is there first, then every change, also over a connection that breaks.

Source: Kubernetes documentation, "Efficient detection of changes" (resourceVersion, bookmarks, 410 Gone).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from helpers.clients.kubernetes._discovery import Kind
from helpers.clients.kubernetes._protocol import Disconnected, Query
from helpers.clients.kubernetes._status import error_from
from helpers.clients.kubernetes.errors import KubernetesError, TimedOut, Unreachable
from helpers.clients.kubernetes.types import WatchEvent

if TYPE_CHECKING:
    from helpers.clients.kubernetes._connection import Connection

#: Bookmarks come about once a minute; a connection that is silent for longer is opened again.
SILENCE = 75.0
#: Seconds without an answer after which a watch gives up.
PATIENCE = 60.0


class Watch:
    """One watch of a list of objects. Iterate once.

    Args:
        path: of the list. query: selectors.
        seconds: time limit; ``None`` for none.
    """

    def __init__(self, connection: Connection, kind: Kind, path: str, query: Query, seconds: float | None) -> None:
        self._connection, self._kind, self._path, self._query = connection, kind, path, tuple(query)
        self._asked = f"watch {kind.plural}"
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._known: dict[str, dict[str, Any]] = {}
        self._version = ""
        self._begun = False
        #: Since when the server has not answered.
        self._away: float | None = None

    def _left(self) -> float:
        return SILENCE if self._deadline is None else self._deadline - time.monotonic()

    def __iter__(self) -> Iterator[WatchEvent]:
        pause = 0.1
        while self._left() > 0:
            try:
                if not self._version:
                    yield from self._list()
                yield from self._follow()
                # The server ends a watch now and then, which is not a fault.
                pause = 0.1
                time.sleep(max(0.0, min(0.05, self._left())))
            except (Disconnected, Unreachable) as error:
                self._away = self._away or time.monotonic()
                # Nobody waits for a server that was not there to begin with.
                if not self._begun or time.monotonic() - self._away > PATIENCE:
                    raise self._gone(error) from None
                time.sleep(max(0.0, min(pause, self._left())))
                pause = min(2 * pause, 2.0)
            except KubernetesError as error:
                # Too old, or from another life of the cluster: begin again with the list.
                if not self._version or not (error.status == 410 or isinstance(error, TimedOut)):
                    raise
                self._version = ""

    def _gone(self, error: Disconnected | Unreachable) -> Unreachable:
        if isinstance(error, Unreachable):
            return error
        server = self._connection.server
        return Unreachable(f"The watch of {self._kind.plural} cannot be taken up again at {server}", why=str(error))

    def _list(self) -> Iterator[WatchEvent]:
        """Yield how the list differs from what is known; at first that is all of it."""
        answer = self._connection.request("get", self._path, asked=self._asked, query=self._query).data
        self._begun, self._away = True, None
        self._version = str((answer.get("metadata") or {}).get("resourceVersion", ""))
        found = {_uid(raw): named(raw, self._kind) for raw in answer.get("items") or ()}
        gone = {uid: raw for uid, raw in self._known.items() if uid not in found}
        changed = [(uid, raw) for uid, raw in found.items() if _version(self._known.get(uid, {})) != _version(raw)]
        new = [("MODIFIED" if uid in self._known else "ADDED", raw) for uid, raw in changed]
        self._known = found
        for type, raw in [*(("DELETED", raw) for raw in gone.values()), *new]:
            yield WatchEvent.from_json({"type": type, "object": raw})

    def _follow(self) -> Iterator[WatchEvent]:
        left = self._left()
        query = [*self._query, ("watch", True), ("allowWatchBookmarks", True), ("resourceVersion", self._version)]
        query += [("timeoutSeconds", int(left) + 1)] if self._deadline is not None else []
        lines = self._connection.lines(
            self._path, asked=self._asked, query=query, silence=max(0.05, min(SILENCE, left))
        )
        for line in lines:
            self._away = None
            raw = line.get("object") or {}
            if line.get("type") == "ERROR":
                raise error_from(int(raw.get("code") or 500), json.dumps(raw), self._asked)
            self._version = _version(raw) or self._version
            if line.get("type") in ("BOOKMARK", None):
                continue
            if line.get("type") == "DELETED":
                self._known.pop(_uid(raw), None)
            else:
                self._known[_uid(raw)] = raw
            yield WatchEvent.from_json(line)
            if self._left() <= 0:
                return


def named(raw: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """Return an item of a list with the apiVersion and kind that lists leave out."""
    return {"apiVersion": kind.api_version, "kind": kind.kind, **raw}


def _uid(raw: Mapping[str, Any]) -> str:
    return str((raw.get("metadata") or {}).get("uid", ""))


def _version(raw: Mapping[str, Any]) -> str:
    return str((raw.get("metadata") or {}).get("resourceVersion", ""))
