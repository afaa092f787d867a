"""A running apply, live: a bar for each resource, a clock of our own, a Stop button."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets
from IPython.display import display

from helpers.core.errors import CourseError
from helpers.core.html.elements import Html, code, head, join, mark, page, rows_html, tag
from helpers.widgets.apply_state import ApplyState, Operation
from helpers.widgets.base import Interactive, answer_while_busy, button, controls, fault, frame, front_end
from helpers.widgets.renderers.plan import diagnostics_part
from helpers.widgets.renderers.runs import apply_html

if TYPE_CHECKING:
    from helpers.wrappers.terraform.types import ApplyResult, Event

#: Seconds between two drawings.
TICK = 0.5
_WIDTH = {"waiting": 0, "working": 50, "cancelled": 50, "error": 100, "done": 100}
_TONE = {"error": "bad", "done": "good", "cancelled": "change"}


class ApplyEvents(Protocol):
    """A running apply; `helpers.wrappers.terraform` returns one from ``apply_events``."""

    def __iter__(self) -> Iterator[Event]: ...
    def cancel(self) -> None:
        """Stop it gracefully."""

    def result(self) -> ApplyResult:
        """Wait for the end."""


class ApplyProgress(Interactive):
    """Shows a running apply. ``result = ApplyProgress(tf.apply_events(plan)).watch()`` waits for its end.

    Shown without `watch`, the apply goes on in the background and the cell is done at once; `result` waits then.
    """

    def __init__(self, run: ApplyEvents) -> None:
        self.state = ApplyState(time.monotonic)
        self._run = run
        self._lock = threading.RLock()
        self._began = time.monotonic()
        self._finished = threading.Event()
        self._started = self._stopping = False
        self._result: ApplyResult | None = None
        self._error: BaseException | None = None

    def __repr__(self) -> str:
        with self._lock:
            done, total = self.state.count("done"), len(self.state.operations)
        return f"ApplyProgress({done} of {total} done{'' if self._finished.is_set() else ', running'})"

    def watch(self) -> ApplyResult:
        """Show the run, wait for its end and return its result. Stop in Jupyter's toolbar works too.

        Raises:
            TerraformError: what the run raised; when it was stopped, ``error.applied`` has what was done.
        """
        if front_end():
            display(self)  # type: ignore[no-untyped-call]
        result = self.result()
        if not front_end():
            display(self)  # type: ignore[no-untyped-call]
        return result

    def result(self) -> ApplyResult:
        """Wait for the end and return the result; see `watch` for the errors."""
        self._start()
        try:
            # In slices, so that an interrupt of the kernel is seen.
            while not self._finished.wait(0.2):
                pass
        except KeyboardInterrupt:
            self.stop()
            self._finished.wait()
        if self._error is not None:
            raise self._error
        assert self._result is not None  # either is set before _finished is
        return self._result

    def stop(self) -> None:
        """Ask the run to end, once: more presses change nothing. Returns at once."""
        with self._lock:
            if self._stopping or self._finished.is_set():
                return
            self._stopping = True
        self._draw()
        threading.Thread(target=self._run.cancel, daemon=True, name="stop apply").start()

    def html(self) -> str:
        """Return the static twin; without a front end it waits for the end, for there is nobody to watch."""
        if not front_end():
            self._start()
            self._finished.wait()
        if self._result is not None:
            return apply_html(self._result)
        with self._lock:
            return page(*self._failure(), self._table(live=False), label="Apply")

    def _start(self) -> None:
        with self._lock:
            if self._started:
                return
            self._started = True
        for work in (self._read, self._tick):
            threading.Thread(target=work, daemon=True, name=f"apply {work.__name__}").start()

    def _read(self) -> None:
        try:
            for event in self._run:
                with self._lock:
                    self.state.feed(event)
            self._result = self._run.result()
        except BaseException as error:
            self._error = error
        finally:
            with self._lock:
                self.state.end()
            self._finished.set()

    def _tick(self) -> None:
        while not self._finished.wait(TICK):
            self._draw()
        self._draw()

    def _build(self) -> Any:
        self._view = ipywidgets.HTML()
        hint = "Stop the apply gracefully; the stop button of the toolbar does the same"
        self._stop_button = button("Stop", lambda _: self.stop(), hint=hint, danger=True)
        built = frame(self._view, controls(self._stop_button))
        self._built = built
        self._start()
        self._draw()
        return built

    def _draw(self) -> None:
        if self._built is None:
            return
        with self._lock:
            self._view.value = self._live()
            over = self._finished.is_set()
            self._stop_button.disabled = over or self._stopping
            self._stop_button.description = "Stopping…" if self._stopping and not over else "Stop"
            self._stop_button.layout.display = "none" if over else ""
            answer_while_busy(self._stop_button)

    def _live(self) -> str:
        if self._finished.is_set():
            if self._result is not None:
                return apply_html(self._result)
            return page(*self._failure(), self._table(live=False), label="Apply")
        done, total = self.state.count("done"), len(self.state.operations)
        clock = f"{time.monotonic() - self._began:.0f} s"
        state = (
            mark("cancelled", "stopping: Terraform finishes the operations under way")
            if self._stopping
            else mark("working")
        )
        message = tag("p", self.state.message, class_="m-dim")
        return page(
            head(f"Apply: {done} of {total} done", state, tag("span", clock)),
            self._table(live=True),
            message,
            diagnostics_part(self.state.diagnostics),
            label="Apply",
        )

    def _failure(self) -> tuple[Html, ...]:
        done = self.state.count("done")
        stopped = getattr(self._error, "code", "") in ("cancelled", "terraform-stopped") or self._stopping
        state = "cancelled" if stopped else "failed"
        title = head(f"Apply: {done} of {len(self.state.operations)} done", mark(state))
        if isinstance(self._error, CourseError):
            return (title, Html(fault(self._error, state)))
        message = tag("pre", f"{type(self._error).__name__}: {self._error}") if self._error else ""
        return (title, join((message,)))

    def _table(self, *, live: bool) -> Html:
        now = time.monotonic()
        rows = []
        for one in self.state.operations.values():
            row: list[object] = [code(one.address), mark(one.action), join((mark(one.state), _bar(one)))]
            rows.append([*row, f"{one.seconds(now):.0f} s" if one.began else ""] if live else row)
        return rows_html(
            ["Resource", "Action", "State", *(["#Time"] if live else [])], rows, empty="Terraform is planning."
        )


def _bar(one: Operation) -> Html:
    return tag(
        "span",
        tag("i", style=f"width:{_WIDTH.get(one.state, 0)}%"),
        class_=f"m-bar m-{_TONE.get(one.state, 'info')}",
        aria_hidden="true",
    )
