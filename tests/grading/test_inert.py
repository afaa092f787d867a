"""What a learner handed in does nothing in the instructor's browser, and what is honest still shows.

The pages are made by the two paths that nbgrader has (the formgrader's exporter and GenerateFeedback), with the
configuration of the course, and opened by a real Chromium. Each attack sets a mark when it works.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from playwright.sync_api import Page, sync_playwright
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grading.feedback import FeedbackExporter
from grading.inert import sanitize
from helpers.compliance.leaks import Leak, LeakReport
from helpers.core.paths import ROOT
from tests.browser import ARGS, CHROMIUM

MARK = "window.name='owned'"
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c63f8cfc0f01f00050001ff89993d1d0000000049454e44ae426082"
    )
).decode()
#: As Markdown and as an HTML output alike.
ATTACKS = (
    f"<script>{MARK}</script>",
    f'<img src="x" onerror="{MARK}">',
    f'<a class="try" href="javascript:{MARK}">x</a>',
    f'<a class="try" href="  java\tscript:{MARK}">x</a>',
    f'<a class="try" href="data:text/html,<script>opener.{MARK}</script>">x</a>',
    f'<svg onload="{MARK}"><circle r="9"/></svg>',
    f'<svg><animate onbegin="{MARK}" attributeName="x" dur="1s"/></svg>',
    f'<svg><a xlink:href="javascript:{MARK}"><text class="try" y="20">x</text></a></svg>',
    f"<svg><style><img src=x onerror={MARK}></style></svg>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={MARK}></style></mglyph></table></mtext></math>",
    f"<noscript><p title='</noscript><img src=x onerror={MARK}>'></noscript>",
    f'<meta http-equiv="refresh" content="0;url=javascript:{MARK}">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    f'<iframe srcdoc="<script>parent.{MARK}</script>"></iframe>',
    '<iframe src="https://evil.example/frame"></iframe>',
    f'<object data="javascript:{MARK}"></object><embed src="https://evil.example/e">',
    f'<form action="javascript:{MARK}"><button class="try mark-graded">x</button></form>',
    f'<details open ontoggle="{MARK}"><summary>x</summary></details>',
    f'<input autofocus onfocus="{MARK}">',
    '<base href="https://evil.example/"><link rel="stylesheet" href="https://evil.example/s.css">',
    '<style>@import "https://evil.example/i.css"; body{display:none}</style>',
    '<div style="position:fixed;inset:0;background:url(https://evil.example/b)">over</div>',
    '<img src="https://evil.example/beacon.png"><img src="/formgrader/api/x">',
    f"</div></div></body></html><script>{MARK}</script><!--",
    f"<!--><script>{MARK}</script>-->",
    f"<scr<script>ipt>{MARK}</scr</script>ipt>",
    f"<style></style\n><script >{MARK}</script\n>",
)
MARKDOWN = (
    f"[x](javascript:{MARK})",
    f"[x](data:text/html;base64,{base64.b64encode(b'<script>1</script>').decode()})",
    f'![x](https://evil.example/p.png "a\\" onerror=\\"{MARK}")',
    f'```html" onmouseover="{MARK}\n<script>{MARK}</script>\n```',
    f"<javascript:{MARK}>",
)


#: What waits for a hand: every link is clicked, every handler is called.
TOUCH = """
document.querySelectorAll('#notebook *').forEach(one => {
  ['focus', 'mouseover', 'toggle', 'error', 'load', 'begin'].forEach(kind => one.dispatchEvent(new Event(kind)))
  if (one.matches('a, .try, summary')) one.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))
})
"""


def hostile() -> dict[str, Any]:
    """Return a notebook in which every place that a learner writes to attacks."""

    def code(number: int, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
        return {
            "cell_type": "code",
            "id": f"c{number}",
            "source": f'print("<script>{MARK}</script>")',
            "metadata": metadata,
            "execution_count": 1,
            "outputs": list(outputs),
        }

    def shown(**data: Any) -> dict[str, Any]:
        kinds = {key.replace("__", "/"): value for key, value in data.items()}
        size = {"image/png": {"width": f'1" onload="{MARK}'}}
        return {"output_type": "display_data", "metadata": size, "data": kinds}

    script = f"<script>{MARK}</script>"
    attack = f'" onerror="{MARK}" x="'
    cells = [
        {"cell_type": "markdown", "id": f"m{n}", "metadata": {"tags": [f'"><script>{MARK}</script>']}, "source": text}
        for n, text in enumerate((*ATTACKS, *MARKDOWN))
    ]
    cells += [code(100 + n, shown(text__html=text)) for n, text in enumerate(ATTACKS)]
    cells += [code(200 + n, shown(text__markdown=text)) for n, text in enumerate((*ATTACKS, *MARKDOWN))]
    cells += [
        code(1, {"output_type": "stream", "name": f"x{attack}", "text": script}),
        code(2, {"output_type": "error", "ename": script, "evalue": script, "traceback": [script]}),
        code(3, shown(application__javascript=MARK, text__javascript=MARK)),
        code(4, shown(image__png=f"AAAA{attack}")),
        code(5, {**shown(), "data": {"image/svg+xml": f'<svg xmlns="http://www.w3.org/2000/svg" onload="{MARK}"/>'}}),
        code(6, {**shown(), "data": {"application/vnd.jupyter.widget-view+json": {"model_id": f"</script>{script}"}}}),
        code(7, shown(text__latex=script), magics_language=f'"><img src=x onerror={MARK}>'),
        code(8, {**shown(), "data": {"text/vnd.mermaid": script, "application/pdf": script}}),
        code(9, nbgrader={"grade_id": f'"><script>{MARK}</script>', "grade": True, "solution": True}),
        code(10, nbgrader={"grade_id": "own", "grade": True, "solution": True, "points": script, "comment": script}),
        {"cell_type": "raw", "id": "r1", "metadata": {"raw_mimetype": "text/html"}, "source": script},
        {
            "cell_type": "markdown",
            "id": "m-last",
            "metadata": {},
            "source": "![a](attachment:a.png)",
            "attachments": {"a.png": {"image/png": attack, "text/html": script}},
        },
    ]
    metadata = {
        "title": script,
        "language_info": {"name": f'"><script>{MARK}</script>', "pygments_lexer": f'"><img src=x onerror={MARK}>'},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"x": f"</script>{script}"}}},
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def honest() -> dict[str, Any]:
    report = LeakReport("work", (Leak("run.log", "", 3, "github-token", "This looks like a GitHub token."),), (), 1)
    drawn = (
        '<div class="m208"><svg viewBox="0 0 40 20" width="40"><rect x="1" y="1" width="9" height="9" class="m-box"/>'
    )
    outputs: list[dict[str, Any]] = [
        {"text/html": report._repr_html_(), "text/plain": repr(report)},
        {"text/html": f"{drawn}<text x='2' y='9'>node</text></svg></div>"},
        {"image/png": PIXEL, "text/plain": "<Figure>"},
        {"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"><path d="M0 0h5v5z"/></svg>'},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/html": "<p>the static twin</p>"},
    ]
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "source": "show()",
            "metadata": {},
            "execution_count": 7,
            "outputs": [{"output_type": "display_data", "metadata": {}, "data": data}],
        }
        for n, data in enumerate(outputs)
    ]
    source = "# Title\n\nA [link](https://example.org/) and `a < b`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    book = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": f"{source}\n![p](attachment:p.png)\n"}
    return {
        "cells": [*cells, {**book, "attachments": {"p.png": {"image/png": PIXEL}}}],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def pages(book: dict[str, Any], folder: Path) -> Iterator[str]:
    """Yield a notebook's page as the formgrader and as feedback make it, with the course's configuration."""
    nb = nbformat.from_dict(book)
    course = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    for template in ("formgrade", "feedback"):
        config = Config(course)
        config.HTMLExporter.template_name = template
        config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
        css = Path(handlers.template_path).parent / "static/node_modules/bootstrap/dist/css"
        config.HTMLExporter.extra_template_paths = [str(css)]
        file = folder / "book.ipynb"
        file.write_text(json.dumps(nb))
        resources = {
            "nbgrader": {"notebook": "book", "score": 1.0, "max_score": 2.0, "late_penalty": 0.0},
            "base_url": "",
            "index": 0,
            "total": 1,
            "notebook_id": "book",
            "assignment_id": "lab1",
            "submission_id": "1",
        }
        exporter: Any = (FeedbackExporter if template == "feedback" else HTMLExporter)(config=config)
        yield exporter.from_filename(str(file), resources=resources)[0]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser.new_page()
        browser.close()


def opened(page: Page, text: str) -> list[str]:
    """Show a page from an address of its own, and return which other addresses it asked for."""
    asked: list[str] = []
    page.unroute_all()

    def answer(route: Any) -> None:
        if route.request.url == "http://formgrader.test/":
            route.fulfill(body=text, content_type="text/html")
        else:
            asked.append(route.request.url)
            route.abort()

    page.route("**/*", answer)
    page.goto("http://formgrader.test/", wait_until="load")
    return asked


@pytest.mark.browser
def test_every_attack_does_nothing(page: Page, tmp_path: Path) -> None:
    for text in pages(hostile(), tmp_path):
        page.evaluate("window.name = 'untouched'")
        asked = opened(page, text)
        assert page.evaluate("window.name") == "untouched"
        assert not [address for address in asked if "evil.example" in address or "/formgrader/api" in address]
        # What waits for a hand.
        page.evaluate(TOUCH)
        assert page.evaluate("window.name") == "untouched" and page.url.startswith("http://formgrader.test/")
        kinds = "script, style, iframe, object, embed, meta, base, link, form, .mark-graded:not(button.btn)"
        assert page.evaluate(f"document.querySelectorAll('#notebook :is({kinds})').length") == 0
        handlers_left = "[...document.querySelectorAll('#notebook *')].flatMap(e => [...e.attributes].map(a => a.name))"
        assert not [name for name in page.evaluate(handlers_left) if name.startswith("on")]


@pytest.mark.browser
def test_what_is_honest_still_shows(page: Page, tmp_path: Path) -> None:
    for text in pages(honest(), tmp_path):
        opened(page, text)
        shown = page.locator("#notebook").first.inner_text()
        for wanted in ("run.log:3", "github-token", "the static twin", "Title", "link", "a < b", "node"):
            assert wanted in shown, wanted
        assert "{" not in shown, "no style sheet is shown as text"
        assert page.evaluate("getComputedStyle(document.querySelector('.m208 table')).borderCollapse") == "collapse"
        widths = "[...document.querySelectorAll('#notebook img')].map(one => one.naturalWidth)"
        assert page.evaluate(widths) == [1, 5, 1], "a figure, a drawing and an attachment"
        assert page.evaluate("document.querySelector('.m208 svg').getBBox().width") > 0
        assert page.evaluate("document.querySelector('#notebook a[href^=https]').href") == "https://example.org/"


PARTS = [*"<>/=\"'`&;! -\n\t\0", "<svg", "<style", "</style", "<script", "onload=x", "<!--", "-->", "<math", "]]>"]


@given(st.lists(st.sampled_from([*PARTS, "<a href=javascript:x", "<![CDATA["])).map("".join))
def test_no_text_makes_it_fail_and_cleaning_twice_changes_nothing(text: str) -> None:
    once = sanitize(text)
    assert "<script" not in once.lower() and "<style" not in once.lower() and sanitize(once) == once
