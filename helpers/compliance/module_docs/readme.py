"""What a README says: its fenced blocks, headings and links, each with its line. Read by markdown-it (CommonMark)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from helpers.compliance.module_docs.types import Example, Finding

HCL = ("hcl", "terraform", "tf")
SHELL = ("sh", "bash", "shell", "console", "shell-session")
_HTML_LINK = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)=[\"']([^\"']+)[\"']", re.IGNORECASE)
_HTML_ANCHOR = re.compile(r"<\w+\b[^>]*?\b(?:name|id)=[\"']([^\"']+)[\"']", re.IGNORECASE)


@dataclass(frozen=True)
class Readme:
    """A Markdown file as far as it can be checked."""

    examples: tuple[Example, ...]
    links: tuple[tuple[str, int], ...]
    anchors: frozenset[str]


def read(text: str) -> Readme:
    """Return the examples, links and anchors in a text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    examples: list[Example] = []
    links: list[tuple[str, int]] = []
    html_anchors: list[str] = []
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.type == "fence":
            language = token.info.strip().split(" ")[0].lower()
            examples += [Example(language, token.content, line + 1)] if language in (*HCL, *SHELL) else []
        if token.type == "html_block":
            links += [(href, line) for href in _HTML_LINK.findall(token.content)]
            html_anchors += _HTML_ANCHOR.findall(token.content)
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            links += [(href, line) for href in _hrefs(child)]
            html_anchors += _HTML_ANCHOR.findall(child.content) if child.type == "html_inline" else []
    return Readme(tuple(examples), tuple(links), frozenset([*_slugs(tokens), *html_anchors]))


def _hrefs(token: Token) -> list[str]:
    if token.type == "html_inline":
        return _HTML_LINK.findall(token.content)
    target = token.attrs.get("href" if token.type == "link_open" else "src")
    return [str(target)] if target is not None and token.type in ("link_open", "image") else []


def _slugs(tokens: list[Token]) -> Iterator[str]:
    """Yield the anchors that GitHub and the registry's pages give to headings."""
    seen: dict[str, int] = {}
    for heading, inline in pairwise(tokens):
        if heading.type != "heading_open":
            continue
        words = "".join(c.content for c in inline.children or () if c.type in ("text", "code_inline", "softbreak"))
        slug = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        yield f"{slug}-{count}" if count else slug


def dead(readme: Readme, module: Path) -> Iterator[Finding]:
    """Yield the relative links that lead nowhere. What is elsewhere in the network is not asked for."""
    for href, line in readme.links:
        parts = urlsplit(href)
        if parts.scheme or parts.netloc:
            continue
        target = (module / unquote(parts.path)).resolve() if parts.path else None
        if target is not None and not target.is_relative_to(module.resolve()):
            what = f"The link {href} leads out of the module, and the package ends at its directory."
            yield Finding("dead-link", line, what, "Use a full address, or a file of the module.")
        elif target is not None and not target.exists():
            yield Finding("dead-link", line, f"There is no {parts.path} in the module.", "Correct the link.")
        elif parts.fragment:
            yield from _anchor(readme, target, href, parts.fragment, line)


def _anchor(readme: Readme, target: Path | None, href: str, fragment: str, line: int) -> Iterator[Finding]:
    if target is not None and target.suffix.lower() != ".md":
        return
    anchors = readme.anchors if target is None else read(target.read_text(encoding="utf-8")).anchors
    if unquote(fragment) not in anchors:
        what = f"The link {href} names a heading that is not there."
        yield Finding("missing-anchor", line, what, "Correct the anchor, or the heading.")
