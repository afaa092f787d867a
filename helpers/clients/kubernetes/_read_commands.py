"""Reads a cluster: objects, events, waiting for a state, watching."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import overload

from helpers.clients.kubernetes import _wait
from helpers.clients.kubernetes._base import ClusterBase, Selector, selectors
from helpers.clients.kubernetes._watch import Watch, named
from helpers.clients.kubernetes.errors import KubernetesError, ObjectNotFound, Unreachable
from helpers.clients.kubernetes.types import Event, Events, Object, Objects, Ref, WatchEvent
from helpers.core.errors import BadInput
from helpers.core.polling import poll


class ReadCommands(ClusterBase):
    """Methods that change nothing."""

    @overload
    def get(self, kind: str, name: str, *, namespace: str | None = None) -> Object: ...

    @overload
    def get(
        self,
        kind: str,
        name: None = None,
        *,
        namespace: str | None = None,
        selector: Selector | None = None,
        fields: Selector | None = None,
    ) -> Objects: ...

    def get(
        self,
        kind: str,
        name: str | None = None,
        *,
        namespace: str | None = None,
        selector: Selector | None = None,
        fields: Selector | None = None,
    ) -> Object | Objects:
        """Return one object by name, or all of a kind.

        Args:
            selector: labels, as text (``app=web,tier!=cache``) or a mapping. fields: fields the server can select by.

        Raises:
            ObjectNotFound: there is no object of that name. UnknownKind: the cluster has no such kind.
        """
        found, path = self._path(kind, name, namespace)
        if name is not None:
            if selector or fields:
                why = "A name already selects one object."
                raise BadInput(
                    "A name and a selector exclude each other", why=why, next='fields={"metadata.name": ...}'
                )
            ref = self._ref(found, name, namespace)
            return Object.from_json(self._connection.request("get", path, asked=f"get {ref}").data)
        query = selectors(selector, fields)
        listed = self._connection.request("get", path, asked=f"list {found.plural}", query=query).data
        return Objects(Object.from_json(named(raw, found)) for raw in listed.get("items") or ())

    def exists(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Return whether there is such an object."""
        with contextlib.suppress(ObjectNotFound):
            return bool(self.get(kind, name, namespace=namespace))
        return False

    def events(self, namespace: str | None = None, *, about: str | None = None) -> Events:
        """Return the events of a namespace, oldest first; *about*: only of objects of that name and what it owns."""
        found, path = self._path("Event", None, namespace, api_version="v1")
        listed = self._connection.request("get", path, asked=f"list {found.plural}").data
        # Times are whole seconds; within one the order of writing decides.
        raws = sorted(listed.get("items") or (), key=lambda raw: int(raw["metadata"].get("resourceVersion", 0)))
        events = (Event.from_json(raw) for raw in raws)
        mine = (e for e in events if about is None or e.about.name == about or e.about.name.startswith(f"{about}-"))
        return Events(sorted(mine, key=lambda event: event.last))

    def wait(
        self,
        kind: str,
        name: str,
        *,
        condition: str | Callable[[Object], bool] | None = None,
        ready: bool = True,
        deleted: bool = False,
        namespace: str | None = None,
        timeout: float = 60,
    ) -> Object:
        """Wait for an object and return it. An API server that restarts meanwhile is waited for as well.

        Args:
            condition: ``Available``, ``Progressing=False``, or a function that says yes to the object. Without one
                the object must be *ready* in the sense of its kind (replicas up to date and available, a Ready
                condition, ...); with ``ready=False`` it only must be there.
            deleted: wait until it is gone instead; the last state is returned.

        Raises:
            TimedOut: it did not happen in *timeout* seconds; the error says what is missing and the last events.
        """
        test: Callable[[Object], bool] | str | None = condition
        if condition is None and not ready and not deleted:
            test = bool
        state, missing_of = _wait.test_for(test, deleted)
        found, path = self._path(kind, name, namespace)
        ref = self._ref(found, name, namespace)
        last = now = None
        missing: Sequence[str] = ()
        lost = False

        def reached() -> bool:
            nonlocal last, now, missing, lost
            try:
                now, lost = self._look(path, ref), False
                missing = missing_of(now)
            except Unreachable as error:
                now, lost, missing = last, True, [error.what]
            last = now or last
            return not missing

        if poll(reached, timeout, every=0.05, slower=1.5, most=0.5):
            return now or last or Object(ref.api_version, ref.kind, ref.name, ref.namespace)
        raise _wait.timed_out(ref, state, timeout, missing, now, () if lost else self._telling(ref))

    def _look(self, path: str, ref: Ref) -> Object | None:
        with contextlib.suppress(ObjectNotFound):
            return Object.from_json(self._connection.request("get", path, asked=f"get {ref}").data)
        return None

    def _telling(self, ref: Ref) -> Sequence[Event]:
        """Return the last events about an object, warnings before others; none when they cannot be read."""
        with contextlib.suppress(KubernetesError):
            found = self.events(ref.namespace or "default", about=ref.name)
            return ([e for e in found if e.type == "Warning"] or list(found))[-3:]
        return ()

    def watch(
        self,
        kind: str,
        name: str | None = None,
        *,
        namespace: str | None = None,
        selector: Selector | None = None,
        timeout: float | None = None,
    ) -> Iterator[WatchEvent]:
        """Yield what is there (``ADDED``), then every change, until *timeout* seconds are over or the caller stops.

        A connection that breaks, or a server that restarts, is taken up where it was; nothing is told twice.

        Raises:
            Unreachable: the server is not there, or has been away for a minute.
        """
        found, path = self._path(kind, None, namespace)
        query = selectors(selector, {"metadata.name": name} if name is not None else None)
        return iter(Watch(self._connection, found, path, query, timeout))
