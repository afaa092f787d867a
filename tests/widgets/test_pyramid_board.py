"""The test pyramid's board: counts that follow from the cells, every verdict in words, keyboard, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from helpers.widgets import PyramidBoard, pyramid_html
from tests.browser import LabPage, LabServer, low_contrast, write_notebook
from tests.widgets.pyramids import pyramid
from tests.widgets.test_browser import widget
from tests.widgets.test_headless import ROOT
from tests.widgets.test_static import HOSTILE, Outline, assert_safe

CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom IPython.display import HTML\n"
    "from helpers.widgets import PyramidBoard, pyramid_html\nfrom tests.widgets.pyramids import pyramid",
    "PyramidBoard(pyramid())",
    "HTML(pyramid_html(pyramid()))",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t[:18]))
def test_hostile_values_stay_text(text: str) -> None:
    assert_safe(pyramid_html(pyramid(text)))


def test_counts_follow_from_the_cells() -> None:
    report = pyramid()
    assert report.kills("lint") == ("a:place",) and report.unique("lint") == ()
    assert report.unique("cloud") == ("b:place",) and report.ran("cloud") == 2
    assert report.survivors == ("c:place",) and report.seconds_per_kill("mocks") == 1.5
    assert repr(report) == "PyramidReport(2 of 3 mutants killed by 3 layers, 1 could not be told)"
    words = Outline(pyramid_html(report)).text
    assert "✗ killed 2 of 3 mutants" in words and "○ survives 1" in words and "? could not tell 1" in words
    assert words.index("tests on a cloud") < words.index("tests with mocks") < words.index("lint"), "dear ones on top"
    assert "1 of 2" in words and "3.2 s" in words and "20 ms" in words
    assert pyramid_html(report) == pyramid_html(pyramid())


def test_the_board_filters_and_explains() -> None:
    board = PyramidBoard(pyramid())
    assert board.shown("only cloud") == ("b:place",) and board.shown("survivors") == ("c:place",)
    box = board.widget
    board._filter.value = "survivors"
    assert board._list.value == "c:place" and "could not tell" in board._detail.value
    board._filter.value = "only lint"
    assert board._list.value is None and "No mutant to show." in board._detail.value
    assert box is board.widget


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def lab(lab_server: LabServer, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    lab_server.theme(dark=request.param)
    folder = f"pyramid-{request.param}"
    write_notebook(lab_server.root / folder / "book.ipynb", CELLS)
    page = LabPage(chromium.new_page(viewport={"width": 1100, "height": 1000}), lab_server, f"{folder}/book.ipynb")
    page.run_all()
    yield page
    page.close()


@pytest.mark.browser
def test_it_is_read_and_used_by_keyboard(lab: LabPage) -> None:
    box, keys = widget(lab, 1), lab.page.keyboard
    assert not re.search("Error displaying widget|javascript error|Traceback", lab.notebook.inner_text())
    box.get_by_label("Show", exact=True).select_option("survivors (1)")
    expect(box.locator("select[size] option")).to_have_count(1)
    box.get_by_label("Show", exact=True).select_option("every mutant (3)")
    expect(box.locator("select[size] option")).to_have_count(3)
    box.locator("select[size]").focus()
    keys.press("Home")
    keys.press("ArrowDown")
    expect(box.get_by_text("main.tf:4")).to_be_visible()
    assert lab.active_cell() == 1, "JupyterLab must not take the arrow keys"
    assert not low_contrast(lab.output(2)) and not low_contrast(lab.output(1))
