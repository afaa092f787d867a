"""The interface diff and the version it asks for: said in words, opened by the keyboard, readable in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from helpers.compliance.release import Asked
from helpers.widgets.renderers.modules import asked_html, interface_diff_html
from helpers.wrappers.git_cliff import Unreleased
from helpers.wrappers.module_interface import Change, InterfaceDiff
from tests.browser import low_contrast
from tests.widgets.test_static import Outline, assert_safe

OPEN = Change("output-expression", "id", "output id is computed otherwise", "minor", undecided=True)
DIFF = InterfaceDiff(
    (
        Change("output-removed", "bucket", "output bucket was removed", "major"),
        OPEN,
        Change("variable-added", "size", "variable size is new, with a default", "minor"),
    )
)


def test_the_version_is_said_in_words_and_each_weight_has_its_group() -> None:
    words = Outline(interface_diff_html(DIFF)).text
    assert "asks for a major version" in words and "breaks callers (1)" in words and "a person decides (1)" in words
    undecided = Outline(interface_diff_html(InterfaceDiff((OPEN,)))).text
    assert "asks for a minor version at least, and for a person's decision" in undecided
    assert "The interface is the same." in Outline(interface_diff_html(InterfaceDiff())).text
    assert_safe(interface_diff_html(DIFF))


def test_what_commits_claim_stands_beside_what_the_interface_shows() -> None:
    commits = Unreleased("v1.0.0", "1.0.1", "patch", ())
    words = Outline(asked_html(Asked("1.0.0", commits, DIFF))).text
    assert "the messages say too little" in words and "2.0.0" in words
    assert "first release" in Outline(asked_html(Asked("", commits, InterfaceDiff()))).text


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_groups_open_by_the_keyboard_and_can_be_read(chromium: Browser, scheme: str) -> None:
    page = chromium.new_page(color_scheme="dark" if scheme == "dark" else "light")
    page.set_content(f"<main>{interface_diff_html(DIFF)}</main>")
    groups = page.locator("details")
    expect(groups).to_have_count(3)
    assert [groups.nth(n).evaluate("e => e.open") for n in range(3)] == [True, True, False]
    page.keyboard.press("Tab")
    expect(page.locator("summary").first).to_be_focused()
    page.keyboard.press("Enter")
    assert not groups.nth(0).evaluate("e => e.open")
    page.locator("summary").nth(2).focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("variable size is new, with a default")).to_be_visible()
    assert not low_contrast(page.locator(".m208"))
    page.close()
