"""A module's README and changelog on its page: Markdown without HTML, pictures, dead links and hidden characters."""

from __future__ import annotations

import re
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from helpers.core.html.elements import spelt_out

#: What terraform-docs writes for other readers: its markers, and anchors that would be shown as text.
_MARKERS = re.compile(r'<!--.*?-->|<a name="[\w-]+"></a> ?', re.DOTALL)
#: Tags that it puts into the cells of its tables.
_TAGS = re.compile(r"</?pre>|<br ?/?>")
#: Its anchors, and the part of the page that has what they point at.
_PARTS = {
    "input": "#inputs",
    "output": "#outputs",
    "requirement": "#requirements",
    "provider": "#requirements",
}


def seen(value: Any) -> Any:
    """Return a value of a page with the characters that hide or reorder text spelt out."""
    if isinstance(value, Markup):
        return Markup(spelt_out(value))  # noqa: S704
    return spelt_out(value) if isinstance(value, str) else value


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; HTML in it is shown as text, and only harmless links that lead somewhere are made."""
    # No pictures: they would be fetched from somewhere else.
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(_MARKERS.sub("", text))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            # The page itself has the first two levels.
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        if token.children:
            token.children = _led_somewhere(token.children)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704


def _led_somewhere(tokens: list[Token]) -> list[Token]:
    """Return the tokens of a line without tags, and without the links that lead to no place on the page or the web."""
    kept: list[Token] = []
    open_: list[bool] = []
    for token in tokens:
        if token.type == "text":
            token.content = _TAGS.sub(" ", token.content)
        if token.type == "link_open":
            target = _target(str(token.attrs.get("href", "")))
            token.attrs["href"] = target
            open_.append(bool(target))
        if (token.type == "link_open" and not open_[-1]) or (token.type == "link_close" and not open_.pop()):
            continue
        kept.append(token)
    return kept


def _target(link: str) -> str:
    """Return where a link of a README leads on the page; empty when the page does not have it."""
    if link.startswith("#"):
        return _PARTS.get(link[1:].partition("_")[0], "")
    return link if re.match(r"(?:https?|mailto):", link) else ""
