"""The display protocol: a result type knows no display; a table says which function shows which type.

The table of the course is `helpers.widgets.registry.RENDERERS`, read when something is first shown. Anyone can add a
display for a type of their own in one line::

    from helpers import widgets

    widgets.register("acme.reports.Report", "acme.displays:report_html")

The idea is that of IPython's ``for_type_by_name``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

#: Returns a value as HTML.
Renderer = Callable[[Any], str]

#: Where the course's own tables are: ``RENDERERS`` (type -> function) and ``PANELS`` (name -> widget), as strings.
TABLES = "helpers.widgets.registry"

_added: dict[str, str | Renderer] = {}
_resolved: dict[type, Renderer] = {}


class NoDisplay(LookupError):
    """A displayed type is in no table, or the table names a function that does not exist: a fault of the program."""


class Displayed:
    """Base of results with a rich display; the text display is their one-line ``__repr__``."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(renderer_of(type(self))(self))


def register(shown: type | str, renderer: str | Renderer) -> None:
    """Show values of a type by a function; the last registration counts.

    Args:
        shown: the type, or its full name ``module.Class``: the module need not be imported yet. A type that does not
            derive from `Displayed` is made known to IPython, so this works inside a notebook only.
        renderer: a function that returns HTML, or its full name ``module:function``, imported when it is needed.
    """
    name = shown if isinstance(shown, str) else _name_of(shown)
    _added[name] = renderer
    _resolved.clear()
    if formatter := _html_formatter():
        module, _, attribute = name.rpartition(".")
        formatter.for_type_by_name(module, attribute, lambda value: str(_load(renderer)(value)))


def renderer_of(shown: type) -> Renderer:
    """Return the function that shows values of a type: its own, else that of the nearest base with one.

    Raises:
        NoDisplay: no table has the type, or the function it names does not exist.
    """
    if shown not in _resolved:
        _resolved[shown] = _load(_named(shown))
    return _resolved[shown]


def panel(name: str) -> Any:
    """Return a widget class by its name in the table ``PANELS``, for code below `helpers.widgets` that shows one.

    Raises:
        NoDisplay: there is none of that name.
    """
    panels: dict[str, str] = importlib.import_module(TABLES).PANELS
    if name not in panels:
        raise NoDisplay(f"{TABLES}.PANELS has no {name!r}")
    return _load(panels[name])


def _named(shown: type) -> str | Renderer:
    table: dict[str, str] = importlib.import_module(TABLES).RENDERERS
    for base in shown.__mro__:
        name = _name_of(base)
        if name in _added:
            return _added[name]
        if name in table:
            return table[name]
    raise NoDisplay(f"{_name_of(shown)} is displayed, but {TABLES}.RENDERERS does not say how")


def _name_of(shown: type) -> str:
    return f"{shown.__module__}.{shown.__qualname__}"


def _load(renderer: str | Renderer) -> Any:
    if not isinstance(renderer, str):
        return renderer
    module, _, attribute = renderer.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise NoDisplay(f"{renderer} is the display of a type, but it does not exist") from error


def _html_formatter() -> Any:
    """Return IPython's formatter of HTML, None outside of IPython."""
    try:
        from IPython.core.getipython import get_ipython  # in a notebook it is loaded already; elsewhere not needed
    except ImportError:
        return None
    shell: Any = get_ipython()
    return None if shell is None else shell.display_formatter.formatters["text/html"]
