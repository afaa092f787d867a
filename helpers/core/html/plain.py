"""Python's own values as a person reads them: no brackets, no quotation marks, no ``\\n``."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from helpers.core.html.elements import Html, code, cut, details, join, page, rows_html, tag

#: Longest text of one value; the rest opens.
LONGEST = 2000
#: Rows of a list or a dictionary that are shown; the rest opens.
ROWS = 50
#: The types that are shown; a type of one's own that derives from one of them keeps its display.
SHOWN = (tuple, list, dict, set, frozenset, str)


def plain_html(value: Any, source: str = "") -> str | None:
    """Return a display of a text, a list, a tuple or a dictionary; None for anything else.

    Args:
        source: the cell that gave it. Of a tuple that is written out in its last line, each value gets its expression
            as a name.
    """
    if type(value) not in SHOWN:
        return None
    names = _names(source, value) if isinstance(value, tuple) else []
    if names:
        rows = [[code(name) if name else "", _part(one)] for name, one in zip(names, value, strict=True)]
        return page(rows_html(["Expression", "Value"], rows))
    return page(_part(value))


def _names(source: str, value: tuple[Any, ...]) -> list[str]:
    """Return the expressions of a cell's last line, when it is a tuple of as many as *value* has."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return []
    last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if not isinstance(last, ast.Tuple) or len(last.elts) != len(value):
        return []
    # What computes in place has no name; its value speaks for itself.
    named = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
    return [cut(ast.unparse(one), 120) if isinstance(one, named) else "" for one in last.elts]


def _part(value: Any) -> Html:
    if isinstance(value, str):
        shown = value if len(value) <= LONGEST else cut(value, LONGEST)
        return tag("pre", shown) if "\n" in shown else tag("span", shown or "an empty text")
    if type(value) is dict:
        return _whole(
            [[code(name) if isinstance(name, str) else _part(name), _part(one)] for name, one in value.items()]
        )
    if isinstance(value, set | frozenset):
        return _part(sorted(value, key=repr))
    if type(value) in (tuple, list):
        return _listed(value)
    own = getattr(value, "_repr_html_", None)
    return Html(own()) if own is not None else tag("span", cut(str(value), LONGEST))


def _listed(values: Sequence[Any]) -> Html:
    if not values:
        return tag("span", "nothing")
    widths = {len(one) if type(one) in (tuple, list) else 0 for one in values}
    if len(widths) == 1 and widths != {0}:
        return _whole([[_part(cell) for cell in row] for row in values])
    if all(isinstance(one, str | int | float) and "\n" not in str(one) and len(str(one)) < 40 for one in values):
        return join((tag("span", str(one)) for one in values), ", ")
    return _whole([[_part(one)] for one in values])


def _whole(rows: Sequence[Sequence[Html]]) -> Html:
    """Return a table without headings; of a long one the end opens."""
    if not rows:
        return tag("span", "nothing")

    def table(some: Sequence[Sequence[Html]]) -> Html:
        return tag("table", tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in some)))

    more = details(f"{len(rows) - ROWS} more", table(rows[ROWS:])) if len(rows) > ROWS else ""
    return join((table(rows[:ROWS]), more))
