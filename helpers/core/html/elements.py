"""Builds HTML that is safe whatever the values are: every value passes `text` once, on its way in.

`html.escape` does the escaping. markupsafe would replace three lines of ours, but it writes quotes as ``&#34;``, which
changes every committed output, and the redaction and the invisible characters would stay ours.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from helpers.core.html.style import ACTIONS, STATES, Mark, style
from helpers.core.redact import redact
from helpers.core.sensitive import Sensitive

#: Longer values are cut, with a note.
MAX_VALUE = 600
#: Control characters and those that reorder text could make a value look like another one.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class Html(str):
    """Text that is HTML already; `text` leaves it alone."""

    __slots__ = ()


def text(value: object) -> Html:
    """Return *value* as escaped text: secrets masked, invisible and reordering characters spelt out."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(spelt_out(redact(str(value)).replace("\r\n", "\n")), quote=True))


def spelt_out(value: str) -> str:
    """Return *value* with invisible and reordering characters as ``\\uXXXX``."""
    return _UNSEEN.sub(lambda m: f"\\u{ord(m.group()):04x}", value)


def join(parts: Iterable[object], by: str = "") -> Html:
    """Return *parts* as one piece; those that are not HTML are escaped."""
    return Html(by.join(text(part) for part in parts))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """Return an element. ``class_`` stands for class, ``_`` for ``-``; ``True`` is a bare attribute, ``None`` none."""
    spelt = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    extra = "".join(
        f" {key}" if value is True else f' {key}="{text(value)}"'
        for key, value in spelt.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{extra}>{join(children)}</{name}>")


def cut(value: str, limit: int = MAX_VALUE) -> str:
    """Return *value*, its middle left out when it is longer than *limit* characters."""
    if len(value) <= limit:
        return value
    return f"{value[: limit * 2 // 3]} … ({len(value):,} characters) … {value[-limit // 3 :]}"


def value_text(value: Any, limit: int = MAX_VALUE) -> str:
    """Return a Terraform or JSON value as a person writes it; text that is marked sensitive stays masked."""
    if isinstance(value, Sensitive):
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, str):
        return cut(json.dumps(value, ensure_ascii=False), limit)
    try:
        return cut(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str), limit)
    except (TypeError, ValueError):
        return cut(str(value), limit)


def code(value: object) -> Html:
    """Return *value* in the code font."""
    return tag("code", value)


def mark(kind: str | Mark, note: object = "") -> Html:
    """Return symbol and word of an action or a state, in its colour; an unknown word is shown as it is."""
    shown = kind if isinstance(kind, Mark) else ACTIONS.get(kind) or STATES.get(kind) or Mark("·", kind, "plain")
    tail = Html(f" {text(note)}") if note else ""
    return tag(
        "span", tag("b", shown.symbol, aria_hidden="true"), " ", shown.word, tail, class_=f"m-mark m-{shown.tone}"
    )


def head(title: object, *facts: object) -> Html:
    """Return the first line of a display: a title and a few facts."""
    parts = [tag("strong", title, class_="m-title"), *(tag("span", f) for f in facts if f)]
    # The spaces matter where a front end drops the style sheet of a notebook that it does not trust.
    return tag("div", join(parts, " "), class_="m-head")


def details(summary: object, *children: object, open: bool = False) -> Html:
    """Return a part that opens by click, Enter or Space, without any script."""
    return tag("details", tag("summary", summary), *children, open=open or None)


def definitions(pairs: Mapping[str, object]) -> Html:
    """Return names and values; those that are ``None`` or empty are left out."""
    shown = [(name, value) for name, value in pairs.items() if value not in (None, "", ())]
    return tag("dl", *(join((tag("dt", n), tag("dd", v))) for n, v in shown)) if shown else Html("")


def dim(value: object) -> Html:
    """Return a remark in the quieter colour."""
    return tag("span", value, class_="m-dim")


def table_html(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "", empty: str = "Nothing to show."
) -> str:
    """Return a table as a whole display.

    Args:
        columns: headings; one that starts with ``#`` holds numbers and is set to the right.
        rows: cells as values (escaped) or as `Html`.
        caption: what the table is about.
        empty: the text when there are no rows.
    """
    return page(rows_html(columns, rows, caption=caption, empty=empty))


def rows_html(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "", empty: str = "Nothing to show."
) -> Html:
    """Return a table as a part of a display; see `table_html`."""
    body = [
        tag(
            "tr",
            *(
                tag("td", cell, class_="m-num" if name.startswith("#") else None)
                for name, cell in zip(columns, row, strict=True)
            ),
        )
        for row in rows
    ]
    if not body:
        return tag("p", dim(empty))
    heads = [tag("th", c.lstrip("#"), scope="col", class_="m-num" if c.startswith("#") else None) for c in columns]
    title = tag("caption", caption) if caption else ""
    return tag("table", title, tag("thead", tag("tr", *heads)), tag("tbody", *body))


def page(*children: object, label: str = "") -> str:
    """Return a whole display: the style sheet and the children in the frame that it styles."""
    frame = tag("div", *children, class_="m208", role="region" if label else None, aria_label=label or None)
    return style() + frame
