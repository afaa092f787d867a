"""The scorecard and the verdict on a removal: static, as a widget, by keyboard in a real browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from helpers import widgets
from helpers.clients.registry import RemovalVerdict
from helpers.compliance.scorecard import Row, Scorecard
from helpers.core.errors import BadInput
from helpers.widgets import ScorecardPanel
from tests.browser import low_contrast
from tests.waits import until
from tests.widgets.test_static import Outline

ROWS = (
    Row("interface", "Inputs are described", "passed", "3 of 3", "terraform-config-inspect read the module."),
    Row("tests", "The tests kill mutants", "failed", "0 of 7 killed", "1 test run on 7 mutants.", "Assert the owner."),
    Row("consumers", "Consumers moved", "unknown", "none known", "No consumer was read.", "Read them."),
)
CARD = Scorecard("lecture/store/platform", "1.2.0", date(2027, 1, 15), ROWS)


def words(source: str) -> str:
    return Outline(source).text


def test_unknown_never_looks_passed_and_there_is_no_total() -> None:
    text = words(widgets.scorecard_html(CARD))
    assert "✓ passed 1" in text and "✗ failed 1" in text and "? could not tell 1" in text
    assert "0 of 7 killed" in text and "Assert the owner." in text and "%" not in text
    for status in ("PASSED", "", "good"):
        odd = replace(CARD, rows=(replace(ROWS[0], status=status),))  # type: ignore[arg-type]
        assert "✓" not in words(widgets.scorecard_html(odd))
    assert "Nothing was measured." in words(widgets.scorecard_html(replace(CARD, rows=())))


def test_a_row_is_found_by_its_id() -> None:
    assert CARD["tests"].value == "0 of 7 killed"
    with pytest.raises(KeyError):
        CARD["nothing"]
    assert "NO  The tests kill mutants: 0 of 7 killed" in CARD.text() and "??  Consumers moved" in CARD.text()


@pytest.mark.parametrize(("verdict", "said"), [("allowed", "✓ may be"), ("refused", "✗ stays"), ("new", "? could not")])
def test_a_removal_says_yes_only_when_it_is_allowed(verdict: str, said: str) -> None:
    text = words(widgets.removal_html(RemovalVerdict("1.0.0", date(2027, 4, 5), verdict, ("Why.",), ("speech",))))  # type: ignore[arg-type]
    assert said in text and "Why." in text and "speech" in text


def test_the_widget_filters_and_measures_again() -> None:
    better = replace(CARD, rows=(replace(ROWS[1], status="passed", value="7 of 7 killed"),))
    panel = ScorecardPanel(CARD, lambda: better)
    chooser, again = panel.widget.children[1].children
    chooser.value = "failed"
    assert "The tests kill mutants" in words(panel._body.value) and "Inputs" not in words(panel._body.value)
    again.click()
    until(lambda: panel.card is better and not again.disabled, "the new card is there")
    assert "No row of this kind." in words(panel._body.value)
    assert repr(panel) == "ScorecardPanel(lecture/store/platform: 1 passed, 0 failed, 0 unknown)"


def test_a_failed_measurement_leaves_no_old_card() -> None:
    def fail() -> Scorecard:
        raise BadInput("There is no module", next="Write one.")

    panel = ScorecardPanel(CARD, fail)
    again = panel.widget.children[1].children[1]
    again.click()
    until(lambda: "There is no module" in panel._note.value, "the fault is shown")
    assert "there is no scorecard" in words(panel._body.value) and "3 of 3" not in panel._body.value


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_rows_open_by_keyboard_and_can_be_read(chromium: Browser, tmp_path: Path, dark: bool) -> None:
    page = chromium.new_page(viewport={"width": 900, "height": 700}, color_scheme="dark" if dark else "light")
    file = tmp_path / "card.html"
    file.write_text(f"<!doctype html><body>{widgets.scorecard_html(CARD)}")
    page.goto(file.as_uri())
    assert page.get_by_text("Assert the owner.").is_visible(), "what failed is open"
    hidden = page.get_by_text("terraform-config-inspect read the module.")
    assert not hidden.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert hidden.is_visible()
    assert low_contrast(page.locator(".m208")) == []
    page.set_viewport_size({"width": 420, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.screenshot(path=str(tmp_path / "card.png"))
    page.close()
