"""The timeline of an audit trail, live: follows a trail and asks a verifier about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from helpers.core.errors import CourseError
from helpers.core.html.elements import Html, head, page, tag
from helpers.widgets.base import button, choose, controls, frame, working
from helpers.widgets.live import Live
from helpers.widgets.renderers.audit_timeline import Proved, audit_parts, facts, proved
from helpers.widgets.renderers.gitops import count

if TYPE_CHECKING:
    from helpers.compliance.audit import Verification


class AuditTimeline(Live[tuple[Proved, ...]]):
    """Follows a trail and draws it: ``AuditTimeline(trail.entries, verify=trail.verify)``.

    Args:
        source: entries, the directory of an export, or a callable that gives either, asked every *every* seconds.
        verification: an answer that is there already.
        verify: asked when the person wants to know; what was recorded since then is not checked.
        start, clock, hashes: see `audit_timeline_html`.
        every, limit, until: see `Live`.
    """

    def __init__(
        self,
        source: Any,
        verification: Verification | None = None,
        *,
        verify: Callable[[], Verification] | None = None,
        start: int = 0,
        clock: bool = False,
        hashes: bool = False,
        **options: Any,
    ) -> None:
        self.verification, self._verify = verification, verify
        self._entries: Any = ()
        self._start_at = start
        self._options: dict[str, Any] = {"clock": clock, "hashes": hashes}
        super().__init__(source, **options)

    def __repr__(self) -> str:
        bad = sum(not one.fine and one.status != "not-checked" for one in self.value)
        status = self.verification.status if self.verification is not None else "not checked"
        return f"AuditTimeline({count(len(self.value), 'event')}, {status}{f', {bad} not fine' if bad else ''})"

    @property
    def value(self) -> tuple[Proved, ...]:
        """Each event with its proof status."""
        return proved(self._entries, self.verification, self._start_at)

    def take(self, item: Any) -> None:
        """Take in the entries; they replace what was known."""
        self._entries = item

    def static(self) -> tuple[Html | str, ...]:
        """Return title, findings, drawing and list."""
        return audit_parts(self.value, self.verification, **self._options)

    def _build(self) -> Any:
        self._title, self._view, self._note = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._filter = choose("Show", [("all events", "all"), ("what is not verified", "open")], lambda _: self.draw())
        self._ask = button("Verify now", lambda _: self._verify_now(), hint="Verify the whole trail")
        self._ask.layout.display = "" if self._verify else "none"
        stop = self.stop_button()
        row = controls(self._filter, self._ask, stop)
        built = self.begin(frame(self._title, row, self._note, self._view))
        if not self._following:
            stop.layout.display = "none"
        return built

    def draw(self) -> None:
        """Draw anew when something changed."""
        found = self.value
        shown = found if self._filter.value == "all" else tuple(one for one in found if not one.fine)
        empty = "Every event is verified." if found else "Nothing was recorded."
        _, *rest = audit_parts(shown, self.verification, **self._options, empty=empty)
        title = tag("div", head("Audit timeline", *facts(found, self.verification)), role="status")
        for view, source in ((self._title, page(title)), (self._view, page(*rest, self.notice()))):
            if view.value != source:
                view.value = source

    def _verify_now(self) -> None:
        ask = self._verify
        if ask is None:
            return

        def run() -> None:
            self._note.value = working("verifying")
            try:
                answer = ask()
                if callable(self._source):
                    self.take(self._source())
            except CourseError:
                # An old answer beside a verifier that failed would look like a new one.
                self.verification = None
                raise
            else:
                self.verification, self._note.value = answer, ""
            finally:
                with self._lock:
                    self.draw()

        self.background(run, lambda html: setattr(self._note, "value", html), off=[self._ask])
