"""Base of the displays that follow something: a stream of events or a question asked again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from IPython.display import display

from helpers.core.errors import BadInput, CourseError
from helpers.core.html.elements import Html, head, mark, page, tag
from helpers.widgets.base import Interactive, answer_while_busy, button, fault, front_end

#: Seconds between two drawings.
TICK = 0.5

T = TypeVar("T")

#: Why it ended -> state and message.
_ENDS = {
    "until": ("done", "the condition was met"),
    "source": ("done", "the source has ended"),
    "limit": ("cancelled", "the time limit was reached; run the cell again to continue"),
    "stopped": ("cancelled", "you stopped watching; nothing in the cluster was changed"),
    "failed": ("error", "the source failed"),
}


class Live(Interactive, Generic[T]):
    """Follows a source in the background and draws what it knows.

    Args:
        source: what is known once for all, a callable that is asked every *every* seconds, or an iterable of events.
        every: seconds between two questions to a callable.
        limit: seconds after which it stops watching; nothing is followed for ever.
        until: ends the watch as soon as it is true of what is known.
    """

    def __init__(
        self, source: Any, *, every: float = 1.0, limit: float = 60.0, until: Callable[[T], bool] | None = None
    ) -> None:
        if every <= 0 or limit <= 0:
            raise BadInput("every and limit are seconds and must be more than 0")
        self._source, self._every, self._limit, self._until = source, every, limit, until
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._end = ""
        self._started = False
        self._trouble: CourseError | None = None
        self._error: BaseException | None = None
        self._following = callable(source) or hasattr(source, "__next__") or hasattr(source, "cancel")
        if not self._following:
            self.take(source)
            self._finish("")

    # What each display defines.

    def take(self, item: Any) -> None:
        """Take in one answer or one event. Called with the lock held."""
        raise NotImplementedError

    @property
    def value(self) -> T:
        """What is known now."""
        raise NotImplementedError

    def draw(self) -> None:
        """Bring the widget up to date. Called with the lock held."""
        raise NotImplementedError

    def static(self) -> tuple[Html | str, ...]:
        """Return the parts of the static twin."""
        raise NotImplementedError

    # What all have in common.

    def watch(self) -> T:
        """Show it, wait for the end and return what is known then. Stop in Jupyter's toolbar works too.

        Raises:
            CourseError: the source failed for good.
        """
        if front_end():
            display(self)  # type: ignore[no-untyped-call]
        found = self.result()
        if not front_end():
            display(self)  # type: ignore[no-untyped-call]
        return found

    def result(self) -> T:
        """Wait for the end and return what is known; see `watch` for the errors."""
        self._start()
        try:
            # In slices, so that an interrupt of the kernel is seen.
            while not self._ended.wait(0.2):
                pass
        except KeyboardInterrupt:
            self.stop()
        if self._error is not None:
            raise self._error
        with self._lock:
            return self.value

    def stop(self) -> None:
        """Stop watching; what is watched goes on."""
        self._finish("stopped")
        self._redraw()

    def html(self) -> str:
        """Return the static twin; without a front end it waits for the end, for there is nobody to watch."""
        if not front_end():
            self._start()
            self._ended.wait()
        with self._lock:
            return page(*self.static(), self.notice(), label=type(self).__name__)

    def notice(self) -> Html:
        """Return how the watch stands, when it is not over in peace."""
        if self._error is not None:
            if isinstance(self._error, CourseError):
                return Html(fault(self._error))
            return tag("pre", f"{type(self._error).__name__}: {self._error}")
        if self._trouble is not None:
            why = f"what is shown may be old: {self._trouble.what}"
            return tag("p", mark("unknown", why), role="status")
        if self._end in ("limit", "stopped"):
            state, words = _ENDS[self._end]
            return tag("p", mark(state), " ", words, role="status")
        return Html("")

    def _finish(self, end: str, error: BaseException | None = None) -> None:
        with self._lock:
            if self._ended.is_set():
                return
            self._end, self._error = end, error
            self._ended.set()
        if end in ("limit", "stopped"):
            # A source that can be ended is ended; one that blocks gives up at its next event.
            threading.Thread(target=self._close, daemon=True, name="end of a watch").start()

    def _close(self) -> None:
        close = getattr(self._source, "cancel", None) or getattr(self._source, "close", None)
        if close is not None:
            try:
                close()
            except ValueError:
                return  # a generator that is running cannot be closed from outside

    def _start(self) -> None:
        with self._lock:
            if self._started or self._ended.is_set():
                return
            self._started = True
        for work in (self._read, self._tick):
            threading.Thread(target=work, daemon=True, name=f"{type(self).__name__} {work.__name__}").start()

    def _read(self) -> None:
        try:
            if callable(self._source):
                self._poll(self._source)
            else:
                self._follow(self._source)
        except BaseException as error:
            self._finish("failed", error)

    def _follow(self, source: Iterable[Any]) -> None:
        for item in source:
            if self._ended.is_set() or self._accept(item):
                return
        self._finish("source")

    def _poll(self, ask: Callable[[], Any]) -> None:
        while not self._ended.is_set():
            try:
                item = ask()
            except CourseError as error:
                # A server may restart; what is shown until then must not look current.
                self._trouble = error
            else:
                self._trouble = None
                if self._accept(item):
                    return
            self._ended.wait(self._every)

    def _accept(self, item: Any) -> bool:
        """Take *item* in and return whether the watch is over."""
        with self._lock:
            if self._ended.is_set():
                return True
            self.take(item)
            over = self._until is not None and self._until(self.value)
        if over:
            self._finish("until")
        return over

    def _tick(self) -> None:
        deadline = time.monotonic() + self._limit
        while not self._ended.wait(TICK if self._limit > TICK else self._limit):
            if time.monotonic() >= deadline:
                self._finish("limit")
            self._redraw()
        self._redraw()

    def _redraw(self) -> None:
        if self._built is None:
            return
        with self._lock:
            self.draw()
            self._stop_button.layout.display = "none" if self._ended.is_set() else ""
            answer_while_busy(self._stop_button)

    def stop_button(self) -> Any:
        """Return the button that ends the watch."""
        hint = "Stop watching; nothing in the cluster is changed. The stop button of the toolbar does the same"
        self._stop_button = button("Stop watching", lambda _: self.stop(), hint=hint)
        return self._stop_button

    def begin(self, built: Any) -> Any:
        """Draw for the first time and start to follow; to be called last when the widget is made."""
        self._built = built
        self._start()
        self._redraw()
        return built

    def status_line(self, title: str, *facts: Html | str) -> Html:
        """Return the first line of the live display, which screen readers announce."""
        word = mark("working", "watching") if not self._ended.is_set() else ""
        if self._end == "failed":
            word = mark("error", _ENDS["failed"][1])
        return tag("div", head(title, word, *facts), role="status")
