"""Notebooks run without a front end: only static HTML is saved, the same each time, and nbconvert shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Browser

from tests.browser import low_contrast, write_notebook

ROOT = Path(__file__).resolve().parents[2]
CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    "from tests.widgets.plans import *\nfrom helpers.widgets import *\nfrom pathlib import Path",
    "PlanViewer(platform_plan())",
    "platform_plan()",
    "lab = FileLab(Path.cwd()); CheckPanel(lab.result('interface'), lab)",
    "SignaturePanel(verified())",
    "RegistryCard(module())",
]


def run(folder: Path) -> Any:
    book = nbformat.read(write_notebook(folder / "book.ipynb", CELLS), as_version=4)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return book


def outputs(book: Any) -> list[dict[str, str]]:
    return [dict(output["data"]) for cell in book.cells for output in cell.outputs]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return run(tmp_path_factory.mktemp("headless"))


def test_only_the_static_twin_is_saved(book: Any) -> None:
    found = outputs(book)
    assert len(found) == len(CELLS) - 1
    for data in found:
        assert set(data) == {"text/plain", "text/html"}
        assert "\n" not in data["text/plain"], "the text display is one line"
    assert "widgets" not in book.metadata


def test_two_runs_save_the_same(book: Any, tmp_path: Path) -> None:
    assert outputs(run(tmp_path)) == outputs(book)


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_converted_page_shows_the_twins(book: Any, chromium: Browser, tmp_path: Path, theme: str) -> None:
    exporter = HTMLExporter(theme=theme)
    # The page must stand alone: nothing may be fetched to see the results.
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = exporter.mermaid_js_url = ""
    path = tmp_path / "book.html"
    path.write_text(exporter.from_notebook_node(book)[0])
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    shown = page.locator(".m208")
    assert shown.count() == len(CELLS) - 1
    assert "Error displaying widget" not in page.content()
    summary = page.locator("summary", has_text="module.vision.platform_gpu_pool.train").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("forces replacement").locator("visible=true").count() >= 1
    for i in range(shown.count()):
        assert low_contrast(shown.nth(i)) == []
    page.close()
