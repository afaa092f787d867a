"""A running Go test suite, live: a row a test, its state and its clock, a Stop button."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.core.html.elements import Html, code, dim, join, mark, page, rows_html
from helpers.widgets.base import button, controls, frame
from helpers.widgets.live import Live
from helpers.widgets.renderers.suites import suite_parts

if TYPE_CHECKING:
    from helpers.wrappers.terratest.stream import SuiteEvents
    from helpers.wrappers.terratest.types import SuiteRun

_STATES = {"running": "working", "waiting": "waiting"}


class TestBoard(Live["SuiteRun"]):
    """Shows a suite while it runs: ``result = TestBoard(tests.events()).watch()``.

    Args:
        run: a running suite, from `Terratest.events`.
        limit: seconds after which it is stopped.
    """

    __test__ = False  # its name starts as a test's

    def __init__(self, run: SuiteEvents, *, limit: float = 900.0) -> None:
        self._run = run
        self._begun = time.monotonic()
        self._at: dict[str, float] = {}
        self._done: SuiteRun | None = None
        super().__init__(_until_result(run), limit=limit)

    def __repr__(self) -> str:
        rows = list(self._run.state.rows.values())
        done = sum(row.state not in _STATES for row in rows)
        return repr(self._done) if self._done else f"TestBoard({done} of {len(rows)} tests ended, running)"

    @property
    def value(self) -> SuiteRun:
        """The result; before the end it waits for it."""
        return self._done if self._done is not None else self._run.result()

    def take(self, item: Any) -> None:
        """Take in an event, or the result."""
        if hasattr(item, "action"):
            if item.test:
                self._at.setdefault(item.test, time.monotonic())
        else:
            self._done = item

    def stop(self) -> None:
        """Stop the suite: Terraform finishes what it is doing, then what the tests made is destroyed."""
        self._run.cancel()

    def static(self) -> tuple[Html | str, ...]:
        """Return the result, or what is known so far."""
        return suite_parts(self._done) if self._done is not None else (self._table(),)

    def _build(self) -> Any:
        self._head, self._view = ipywidgets.HTML(), ipywidgets.HTML()
        hint = "Stop the tests; what they made is destroyed. The stop button of the toolbar does the same"
        self._stop_button = button("Stop the tests", lambda _: self.background(self.stop, lambda _: None), hint=hint)
        return self.begin(frame(self._head, self._view, controls(self._stop_button)))

    def draw(self) -> None:
        """Bring the rows up to date."""
        if self._done is not None:
            self._head.value, self._view.value = "", page(*suite_parts(self._done, output=True), self.notice())
            return
        rows = list(self._run.state.rows.values())
        ended = sum(row.state not in _STATES for row in rows)
        clock = f"{time.monotonic() - self._begun:.0f} s"
        self._head.value = page(self.status_line("Go tests", f"{ended} of {len(rows)} ended", dim(clock)))
        self._view.value = page(self._table(), self.notice())

    def _table(self) -> Html:
        now = time.monotonic()
        rows = [
            [
                mark(_STATES.get(row.state, row.state)),
                join((Html("&nbsp;" * 4 * row.name.count("/")), code(row.name.rpartition("/")[2]))),
                f"{row.seconds if row.state not in _STATES else now - self._at.get(row.name, now):.0f} s",
            ]
            for row in sorted(self._run.state.rows.values(), key=lambda row: row.name.split("/"))
        ]
        return rows_html(["State", "Test", "#Time"], rows, empty="Compiling, or no test has begun.")


def _until_result(run: SuiteEvents) -> Any:
    """Yield the events of a run, and last its result."""
    yield from run
    yield run.result()
