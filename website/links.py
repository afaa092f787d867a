"""The first time a page uses a word of the glossary, the word leads there."""

from __future__ import annotations

import re
from functools import cache

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from helpers.core.paths import ROOT
from website.pages import terms

GLOSSARY = "notebooks/glossary"
#: Text in these says something else, or is a link already.
_CLOSED = (
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.title,
    nodes.raw,
    addnodes.pending_xref,
    nodes.image,
)


@cache
def _known() -> tuple[dict[str, str], re.Pattern[str]]:
    known = {term.lower(): term for term in terms(ROOT / "notebooks/glossary.ipynb")}
    longest_first = "|".join(re.escape(term) for term in sorted(known, key=len, reverse=True))
    return known, re.compile(rf"(?<![\w-])({longest_first})(?![\w-])", re.IGNORECASE)


def link_terms(app: Sphinx, doctree: nodes.document) -> None:
    """Replace the first use of each term in a paragraph, list or table of *doctree* with a link."""
    if app.env.docname == GLOSSARY:
        return
    met: set[str] = set()
    for text in list(doctree.findall(nodes.Text)):
        if not _is_open(text):
            continue
        made = _linked(app.env.docname, text.astext(), met)
        if len(made) > 1 and text.parent is not None:
            text.parent.replace(text, made)


def _is_open(text: nodes.Text) -> bool:
    at: nodes.Node | None = text.parent
    prose = False
    while at is not None:
        if isinstance(at, _CLOSED):
            return False
        if isinstance(at, nodes.container) and "cell_output" in at.get("classes", ()):
            return False
        prose = prose or isinstance(at, nodes.paragraph | nodes.entry)
        at = at.parent
    return prose


def _linked(docname: str, text: str, met: set[str]) -> list[nodes.Node]:
    known, pattern = _known()
    made: list[nodes.Node] = []
    done = 0
    for found in pattern.finditer(text):
        term = known[found[1].lower()]
        if term in met:
            continue
        met.add(term)
        made += [nodes.Text(text[done : found.start()])] if found.start() > done else []
        made.append(_link(docname, term, found[1]))
        done = found.end()
    return [*made, nodes.Text(text[done:])] if done < len(text) else made


def _link(docname: str, term: str, shown: str) -> nodes.Node:
    link = addnodes.pending_xref(
        "", refdomain="std", reftype="term", reftarget=term, refexplicit=True, refwarn=True, refdoc=docname
    )
    link += nodes.inline("", shown, classes=["term"])
    return link
