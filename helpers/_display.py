"""Ties a result type to its static HTML in `helpers.widgets`, which is imported only when it is shown."""

from __future__ import annotations

from typing import ClassVar


class Displayed:
    """Base of results with a rich display; the text display is their one-line ``__repr__``."""

    #: Name of the function of `helpers.widgets` that renders this type.
    _renderer: ClassVar[str] = ""

    def _repr_html_(self) -> str | None:
        from helpers import widgets

        render = getattr(widgets, self._renderer, None)
        return None if render is None else str(render(self))
