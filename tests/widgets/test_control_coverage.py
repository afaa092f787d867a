"""The heat map of controls: safe, the same each time, gaps said in words; in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from helpers.widgets import control_coverage_html
from tests.browser import LabPage, LabServer, low_contrast, write_notebook
from tests.repeats import examples
from tests.widgets import controls
from tests.widgets.test_headless import ROOT
from tests.widgets.test_static import HOSTILE, Outline, assert_safe

CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom IPython.display import HTML\n"
    "from helpers.widgets import control_coverage_html\nfrom tests.widgets import controls",
    "HTML(control_coverage_html(controls.coverage(pieces=12)))",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t[:18]))
def test_hostile_values_stay_text(text: str) -> None:
    source = control_coverage_html(controls.coverage(text))
    outline = assert_safe(source)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800]", source)
    if text == HOSTILE[0]:
        assert "<script>" in outline.text


@given(st.text(max_size=40))
@examples(30)
def test_any_text_gives_well_formed_html(text: str) -> None:
    assert_safe(control_coverage_html(controls.coverage(text)))


def test_a_gap_is_said_in_words_and_more_evidence_is_darker() -> None:
    source = control_coverage_html(controls.coverage())
    words = Outline(source).text
    assert "covered 1" in words and "with a gap 1" in words
    assert "it is signed: not for promotion of the release (entry 4)" in words
    assert source == control_coverage_html(controls.coverage())
    shades = [
        re.findall(r"class=\"m-heat-(\d)", control_coverage_html(controls.coverage(pieces=n)))[0] for n in (1, 3, 10)
    ]
    assert shades == ["1", "2", "3"]


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def lab(lab_server: LabServer, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    lab_server.theme(dark=request.param)
    folder = f"controls-{request.param}"
    write_notebook(lab_server.root / folder / "book.ipynb", CELLS)
    page = LabPage(chromium.new_page(viewport={"width": 1100, "height": 900}), lab_server, f"{folder}/book.ipynb")
    page.run_all()
    yield page
    page.close()
    lab_server.theme(dark=False)


@pytest.mark.browser
def test_it_is_read_in_both_themes(lab: LabPage) -> None:
    shown = lab.page.get_by_role("region", name="Coverage of controls")
    expect(shown.get_by_role("row")).to_have_count(3)
    expect(shown.get_by_role("cell", name="12", exact=True)).to_be_visible()
    expect(shown.get_by_role("cell", name="gap")).to_be_visible()
    box = shown.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert box[0] <= box[1] + 1, "nothing is cut off"
    assert not low_contrast(shown)
