"""The static site: every page and link is there, nothing is fetched, no solution is told, everybody can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from helpers.core.paths import ROOT
from helpers.course import outline
from website import build as builder
from website import pages
from website.slides import html as slides_of

LECTURE = "notebooks/unit1/01-architecture-patterns.html"
SLIDES = "slides/unit1-01-architecture-patterns.html"
READ = ["index.html", LECTURE, "labs/lab1-module/02-build.html", "notebooks/glossary.html", SLIDES]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site") / "site"
    builder.build(made)
    return made


class Reader(HTMLParser):
    """Gathers what a page links to, what it loads, and what it can be entered at."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") not in ("next", "prev", "index", "search"):
            self.loads.append(given.get("href", ""))
        if tag in ("script", "img", "iframe", "source", "object", "embed") and given.get("src", given.get("data")):
            self.loads.append(given.get("src", given.get("data", "")))


@cache
def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


def missing(site: Path) -> list[str]:
    """Return ``page: link`` for each link that leads nowhere."""
    found = []
    for page in site.rglob("*.html"):
        for link in read(page).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            place = unquote(parts.fragment)
            if not target.is_file() or (place and target.suffix == ".html" and place not in read(target).places):
                found.append(f"{page.relative_to(site)}: {link}")
    return found


def test_every_notebook_of_the_course_has_a_page_and_every_lecture_has_slides(site: Path) -> None:
    for unit in outline.load()["units"]:
        for notebook in (ROOT / unit["folder"]).glob("*.ipynb"):
            assert (site / unit["folder"] / f"{notebook.stem}.html").is_file()
            assert (site / "slides" / f"{Path(unit['folder']).name}-{notebook.stem}.html").is_file()
    for lab in outline.load()["labs"]:
        for notebook in lab["notebooks"]:
            assert (site / "labs" / lab["assignment"] / notebook["file"]).with_suffix(".html").is_file()


def test_every_link_and_every_place_is_there(site: Path) -> None:
    assert missing(site) == []


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    loads = {load for page in site.rglob("*.html") for load in read(page).loads}
    assert [load for load in loads if urlsplit(load).scheme not in ("", "data") or load.startswith("//")] == []
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//", styles) == []


def words(text: str) -> str:
    """Return the words of HTML or code, so that the two can be compared."""
    return " ".join(re.sub(r"&\w+;|&#\d+;|\W", " ", text).split())


def test_no_solution_is_told(site: Path) -> None:
    told = words("\n".join(re.sub(r"<[^>]+>", "", page.read_text()) for page in site.rglob("*.html")))
    # A later lab gives some of what an earlier one asks for.
    given = words("\n".join(cell.source for cell in cells(ROOT / "release")))
    kept = 0
    for cell in cells(ROOT / "source"):
        for solution in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.DOTALL):
            text = words(solution)
            if len(text) > 40 and text not in given:
                kept += 1
                assert text not in told
    assert kept > 20


def cells(folder: Path) -> Iterator[nbformat.NotebookNode]:
    for path in folder.rglob("*.ipynb"):
        yield from nbformat.read(path, as_version=4).cells


def test_the_first_use_of_a_word_leads_to_the_glossary(site: Path) -> None:
    text = (site / LECTURE).read_text()
    assert text.count('href="../glossary.html#term-root-module"') == 1
    known = pages.terms(ROOT / "notebooks/glossary.ipynb")
    places = read(site / "notebooks/glossary.html").places
    assert len(known) > 20
    assert {f"term-{re.sub(r'[^A-Za-z0-9]+', '-', term)}" for term in known} <= places


def test_the_glossary_leads_to_notebooks_that_use_the_word() -> None:
    source = ROOT / "notebooks"
    text = "\n".join(cell.source for cell in cells(source) if cell.source.startswith("# Glossary"))
    rows = re.findall(r"^\| \*\*([^*]+)\*\* \|.*\]\(([^)]+)\) \|$", text, re.MULTILINE)
    assert len(rows) > 50
    for term, link in rows:
        used = re.sub(r"[\W_]", "", (source / link).read_text().lower())
        assert all(word in used for word in re.findall(r"\w+", term.lower())), (term, link)


def test_a_cell_that_writes_a_file_is_shown_as_that_file_in_its_language(site: Path) -> None:
    text = (site / "labs/lab1-module/02-build.html").read_text()
    assert 'class="highlight-terraform' in text
    assert "%%workfile" not in text


def test_a_glossary_that_is_no_table_is_refused(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Glossary\n\n| **a** | b | c |\n| d |")])
    nbformat.write(notebook, tmp_path / "glossary.ipynb")
    with pytest.raises(ValueError, match=r"not a row of the glossary: \| d \|"):
        pages.glossary(tmp_path / "glossary.ipynb")


def test_a_link_that_leads_nowhere_is_named_and_the_old_site_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_page(source: Path) -> None:
        (source / "docs").mkdir()
        (source / "index.md").write_text("# Home\n\n[away](nowhere.md)\n\n```{toctree}\ndocs/index\n```\n")

    monkeypatch.setattr(builder.pages, "write", one_page)
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("old")
    with pytest.raises(builder.Faults, match=r"index\.md.*nowhere\.md"):
        builder.build(tmp_path / "site")
    assert (tmp_path / "site/index.html").read_text() == "old"


def test_slides_show_no_markup_of_an_author_and_all_outputs(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# One\n\ntext <script>alert(1)</script>\n\n## Two"),
        nbformat.v4.new_code_cell("1 < 2", outputs=[nbformat.v4.new_output("stream", text="<b>\x1b[31mred")]),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "01-x.ipynb")
    made = slides_of(tmp_path / "01-x.ipynb")
    assert made.count("<section") == 2
    assert "<title>One</title>" in made
    assert "<script>alert" not in made
    assert "1 &lt; 2" in made
    assert "&lt;b&gt;red" in made


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def faults() -> list[str]:
    return []


@pytest.fixture
def page(request: pytest.FixtureRequest, chromium: Browser, faults: list[str]) -> Iterator[Page]:
    opened = chromium.new_page(viewport={"width": 1300, "height": 900}, color_scheme=getattr(request, "param", "light"))
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("requestfailed", lambda asked: faults.append(asked.url))
    opened.on("response", lambda got: faults.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    yield opened
    opened.close()


@pytest.mark.browser
class TestInABrowser:
    @pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
    def test_everybody_can_read_it(self, page: Page, address: str, faults: list[str]) -> None:
        serious = []
        for name in READ:
            page.goto(f"{address}/{name}")
            found = Axe().run(page, options={"preload": False}).response["violations"]
            serious += [
                f"{name}: {fault['id']}: {fault['nodes'][0]['html'][:200]}"
                for fault in found
                if fault["impact"] in ("serious", "critical")
            ]
        assert serious == []
        assert faults == []

    def test_search_finds_a_word(self, page: Page, address: str, faults: list[str]) -> None:
        page.goto(f"{address}/search.html?q=yanked")
        expect(page.locator("#search-results a").first).to_be_visible()
        assert faults == []

    @pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
    def test_outputs_follow_the_theme(self, page: Page, address: str, faults: list[str]) -> None:
        page.goto(f"{address}/{LECTURE}")
        output = page.locator(".m208").first
        shade = "getComputedStyle(document.querySelector('.m208')).backgroundColor"
        before = page.evaluate(shade)
        expect(output).to_be_visible()
        dark = page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.evaluate(f"document.documentElement.dataset.theme = '{'light' if dark else 'dark'}'")
        page.wait_for_function(f"{shade} !== {before!r}")
        assert faults == []

    def test_arrow_keys_walk_through_the_slides(self, page: Page, address: str, faults: list[str]) -> None:
        page.goto(f"{address}/{SLIDES}")
        expect(page.locator("#place")).to_have_text(re.compile(r"^1 / \d\d"))
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#place")).to_have_text(re.compile(r"^3 / "))
        assert page.evaluate("scrollY") > 0
        page.reload()
        expect(page.locator("#place")).to_have_text(re.compile(r"^3 / "))
        assert faults == []
