"""Cancels a piece of work as a whole: from another thread (a Stop button) or from asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Cancellable(Protocol):
    """Something that can be asked to end, such as `helpers.core.process.Running`."""

    def cancel(self) -> None:
        """End it in an orderly way; returns when it has ended."""


class Scope:
    """The processes started by one piece of work, so that all of them can be cancelled together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._running: weakref.WeakSet[Cancellable] = weakref.WeakSet()

    def add(self, process: Cancellable) -> None:
        """Take a started process in; when the scope is cancelled already, stop it at once."""
        with self._lock:
            self._running.add(process)
            late = self._cancelled
        if late:
            process.cancel()

    def cancel(self) -> None:
        """Cancel what runs, and whatever the work starts after this."""
        with self._lock:
            self._cancelled = True
            running = list(self._running)
        for process in running:
            process.cancel()


_current: contextvars.ContextVar[Scope | None] = contextvars.ContextVar("scope", default=None)


@contextlib.contextmanager
def scope() -> Iterator[Scope]:
    """Gather the processes started in this block (and its thread), so that another thread can cancel them."""
    gathered = Scope()
    token = _current.set(gathered)
    try:
        yield gathered
    finally:
        _current.reset(token)


async def call_async(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Await any function of the course that runs tools: the async form of every wrapper method.

    The function runs in a thread. Cancelling the task cancels its processes in the usual orderly way
    (interrupt, wait, kill) and returns when they have ended.

    Example: ``plan = await call_async(tf.plan, refresh_only=True)``
    """
    # Only here: asyncio would make every import of a wrapper twice as long.

    with scope() as gathered:
        work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.to_thread(gathered.cancel)
        # How the work ended is of no interest: the caller asked for its end.
        await asyncio.wait([work])
        if not work.cancelled():
            work.exception()
        raise


def enrol(process: Cancellable) -> None:
    """Add a started process to the scope of the current work, if there is one."""
    if (current := _current.get()) is not None:
        current.add(process)
