"""Each lecture as slides: one page that the arrow keys walk through, with the outputs that the lecture shows."""

from __future__ import annotations

import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from markdown_it import MarkdownIt

from helpers.core import terminal
from helpers.core.html.elements import Html, join, tag
from website.pages import drawings, lectures

#: Outputs a browser shows, best first.
_SHOWN = ("text/html", "image/svg+xml", "text/plain")


def write(source: Path, out: Path) -> None:
    """Write the slides of each lecture below *source* to ``slides/`` in *out*."""
    folder = out / "slides"
    folder.mkdir()
    drawings(out / "drawings")
    for lecture in lectures(source):
        name = f"{lecture.parent.name}-{lecture.stem}"
        (folder / f"{name}.html").write_text(html(lecture), encoding="utf-8")


def html(notebook: Path) -> str:
    """Return the slides of a notebook. One begins at each heading of the first, second or third level."""
    slides: list[list[Html]] = []
    page = f"../notebooks/{notebook.parent.name}/{notebook.stem}.html"
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "markdown":
            for part in re.split(r"(?m)^(?=#{1,3} )", cell.source):
                if not part.strip():
                    continue
                if part.startswith("#") or not slides:
                    slides.append([])
                slides[-1].append(_text(part, notebook.parent.name))
        elif cell.source.strip() and slides:
            slides[-1].append(tag("details", tag("summary", "Code"), tag("pre", cell.source)))
            slides[-1] += [_output(output) for output in cell.outputs]
    body = join(tag("section", *parts, tabindex="-1") for parts in slides)
    title = re.sub(r"<[^>]+>|#", "", str(slides[0][0]).partition("</h")[0]).strip() if slides else notebook.stem
    link = tag("nav", tag("a", "The whole lecture", href=page), " ", tag("output", "", id="place"))
    top = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    top += '<link rel="icon" href="../_static/icon.svg"><link rel="stylesheet" href="../_static/slides.css">'
    script = '<script src="../_static/scrolling.js"></script><script src="../_static/slides.js"></script>'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{top}<title>{tag("x", title)[3:-4]}</title></head>\n'
        f"<body>{link}<main>{body}</main>{script}</body></html>\n"
    )


def _text(markdown: str, folder: str) -> Html:
    text = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)

    def page(link: re.Match[str]) -> str:
        return f'href="{posixpath.normpath(f"../notebooks/{folder}/{link[1]}")}.html'

    return Html(re.sub(r'href="(?!https?:)([^"#]+)\.(?:ipynb|md)', page, text))


def _output(output: Any) -> Html:
    if output.output_type == "stream":
        return tag("pre", terminal.plain(output.text))
    data = output.get("data", {})
    if "image/png" in data:
        alt = escape(output.metadata.get("alt", "figure"))
        return Html(f'<img alt="{alt}" src="data:image/png;base64,{escape(data["image/png"])}">')
    for kind in _SHOWN:
        if kind in data:
            return tag("pre", data[kind]) if kind == "text/plain" else Html(data[kind])
    return tag("pre", terminal.plain("\n".join(output.get("traceback", []))))
