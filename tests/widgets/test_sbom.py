"""The displays of bills of materials: safe, the same each time, honest about what is not known; in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from helpers import widgets
from helpers.core.redact import add_secrets
from helpers.widgets.renderers.sbom import MAX_ROWS
from helpers.wrappers.sbom import Component, Sbom, diff
from tests.browser import LabPage, LabServer, low_contrast, write_notebook
from tests.repeats import examples
from tests.widgets import sboms
from tests.widgets.test_headless import ROOT
from tests.widgets.test_static import HOSTILE, Outline, assert_safe


def everything(text: str) -> dict[str, str]:
    """Render each display with *text* wherever a value may stand."""
    part = Component(text, text, text, text, (text,), ((text, text),))
    one = Sbom(text, text, (part, Component(f"{text}2", "1")), text)
    other = Sbom(text, text, (Component(text, text, text, text, ("x",), ((text, "other"),)), Component(f"{text}3")))
    return {
        "sbom": widgets.sbom_html(one),
        "diff": widgets.sbom_diff_html(diff(one, other)),
        "empty": widgets.sbom_html(Sbom(text, "", ())),
    }


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t[:18]))
def test_hostile_values_stay_text(text: str) -> None:
    for name, source in everything(text).items():
        outline = assert_safe(source)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800]", source), name
        assert len(source) < 60_000, name
        if text == HOSTILE[0]:
            assert "<script>" in outline.text, f"{name} does not show the value"


@given(st.text(max_size=40))
@examples(30)
def test_any_text_gives_well_formed_html(text: str) -> None:
    for source in everything(text).values():
        assert_safe(source)


def test_same_input_gives_the_same_bytes_and_no_secret() -> None:
    assert everything("value") == everything("value")
    add_secrets("s3cr3t-of-the-parts")
    assert not any("s3cr3t-of-the-parts" in source for source in everything("a s3cr3t-of-the-parts b").values())


def test_what_is_not_known_is_said() -> None:
    words = Outline(widgets.sbom_html(sboms.new())).text
    assert "could not tell" in words and "no version 1" in words and "no hash 2" in words
    assert "it is bound to no content" in Outline(widgets.sbom_html(sboms.large())).text
    nothing = Outline(widgets.sbom_html(Sbom("x", "", ()))).text
    assert "Nothing was recognised" in nothing and "0 components" in nothing


def test_a_long_list_says_how_much_is_left_out() -> None:
    source = widgets.sbom_html(sboms.large())
    assert source.count("<tr>") == MAX_ROWS + 1 and "300 more are in the document" in source


def test_the_most_suspicious_change_comes_first() -> None:
    words = Outline(widgets.sbom_diff_html(sboms.change())).text
    order = [
        words.index(f"{mark} acme") for mark in ("same version, other content", "downgraded", "upgraded", "removed")
    ]
    assert order == sorted(order)
    assert "1.0.0 h1 bbbbbbbbbbbbbbbb… 1.0.0 h1 cccccccccccccccc…" in words, "both hashes are shown"
    assert "licence changed acme.test/relicensed pypi MIT BUSL-1.1" in words
    assert "the same components" in Outline(widgets.sbom_diff_html(diff(sboms.old(), sboms.old()))).text


def test_results_show_themselves() -> None:
    assert sboms.old()._repr_html_() == widgets.sbom_html(sboms.old())
    assert sboms.change()._repr_html_() == widgets.sbom_diff_html(sboms.change())


TREE, CHANGE, LONG = 1, 2, 3
CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom tests.widgets.sboms import *",
    "new()",
    "change()",
    "large()",
]


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def lab(lab_server: LabServer, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[LabPage]:
    lab_server.theme(dark=request.param)
    folder = f"sbom-{request.param}"
    write_notebook(lab_server.root / folder / "book.ipynb", CELLS)
    page = LabPage(chromium.new_page(viewport={"width": 1360, "height": 1000}), lab_server, f"{folder}/book.ipynb")
    page.run_all()
    yield page
    page.close()
    lab_server.theme(dark=False)


@pytest.mark.browser
def test_it_is_read_by_keyboard_in_both_themes(lab: LabPage) -> None:
    tree = lab.page.get_by_role("region", name="Bill of materials").first
    row = tree.get_by_text("acme.test/came", exact=True)
    expect(row).to_be_hidden()
    tree.locator("summary", has_text="golang").focus()
    lab.page.keyboard.press("Enter")
    expect(row).to_be_visible()
    lab.page.keyboard.press("Space")
    expect(row).to_be_hidden()
    lab.page.keyboard.press("Enter")
    changes = lab.page.get_by_role("region", name="Changed components")
    expect(changes.get_by_text("same version, other content").first).to_be_visible()
    for part in (tree, changes):
        box = part.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert box[0] <= box[1] + 1, "nothing is cut off"
        assert not low_contrast(part)
