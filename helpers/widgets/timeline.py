"""A timeline that follows events while they happen."""

from __future__ import annotations

from typing import Any

import ipywidgets

from helpers.core.html.elements import Html, page, tag
from helpers.widgets.base import controls, frame
from helpers.widgets.live import Live
from helpers.widgets.renderers.gitops import count, several
from helpers.widgets.renderers.timeline import timeline_parts
from helpers.widgets.renderers.timeline_event import TimelineEvent
from helpers.widgets.renderers.timeline_events import timeline_events


class Timeline(Live[tuple[TimelineEvent, ...]]):
    """Follows events and draws them: ``Timeline(argo.events(), limit=30).watch()``.

    Args:
        source: what `timeline_events` takes; or a callable that gives it; or an iterable of `ApplicationEvent`.
        every: seconds between two questions to a callable.
        limit: seconds after which it stops watching.
        until: ends the watch as soon as it is true of the events.
    """

    def __init__(self, source: Any, **options: Any) -> None:
        self._items: list[Any] = []
        super().__init__(source, **options)

    def __repr__(self) -> str:
        return f"Timeline({count(len(self.value), 'event')})"

    @property
    def value(self) -> tuple[TimelineEvent, ...]:
        """What happened so far, oldest first."""
        return timeline_events(self._items)

    def take(self, item: Any) -> None:
        """Take in an event; the answer of a callable replaces what was known."""
        if callable(self._source):
            self._items = several(item)
        else:
            self._items += several(item)

    def static(self) -> tuple[Html | str, ...]:
        """Return title, drawing and list."""
        return timeline_parts(self.value)

    def _build(self) -> Any:
        self._view, self._note = ipywidgets.HTML(), ipywidgets.HTML()
        return self.begin(frame(self._view, self._note, controls(self.stop_button())))

    def draw(self) -> None:
        """Draw anew when something happened."""
        title, *rest = timeline_parts(self.value)
        for view, source in (
            (self._view, page(tag("div", title, role="status"), *rest)),
            (self._note, page(self.notice())),
        ):
            if view.value != source:
                view.value = source
