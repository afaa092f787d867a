"""HTML primitives: elements that are safe whatever the values are, and the style sheets."""

from helpers.core.html.elements import (
    Html,
    code,
    cut,
    definitions,
    details,
    dim,
    head,
    join,
    mark,
    page,
    rows_html,
    table_html,
    tag,
    text,
    value_text,
)

__all__ = [
    "Html",
    "code",
    "cut",
    "definitions",
    "details",
    "dim",
    "head",
    "join",
    "mark",
    "page",
    "rows_html",
    "table_html",
    "tag",
    "text",
    "value_text",
]
