"""The registry's pages in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from helpers.clients.registry import Registry
from tests.browser import ARGS, CHROMIUM

pytestmark = pytest.mark.browser


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        context = browser.new_context(color_scheme=request.param, permissions=["clipboard-read", "clipboard-write"])
        yield context.new_page()
        browser.close()


def test_search_and_read_a_module(page: Page, registry: Registry, module: Callable[..., Path], key: Path) -> None:
    name = "browsed"
    if not registry.search(name):
        for version in ("1.0.0", "1.1.0"):
            folder = module(name, version)
            registry.publish(folder, version, namespace="vision", name=name, provider="null", key=key)
    faults: list[str] = []
    requested: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: requested.append(request.url))
    page.goto(registry.pages_url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.get_by_role("searchbox").fill("browsed")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="vision/browsed/null").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="browsed", exact=True)).to_be_visible()
    expect(page.get_by_text("✓ signature verified")).to_be_visible()
    expect(page.get_by_text("vision-platform@acme.test")).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert 'version = "~> 1.1"' in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("link", name="1.0.0").click()
    expect(page.get_by_text("The newest is")).to_be_visible()
    # Text that is hard to read counts as a fault too: body text against its background.
    colours = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    assert contrast(*colours) >= 7
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    assert faults == [] and all(url.startswith((registry.pages_url, "data:")) for url in requested)


def contrast(first: str, second: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(p) / 255 for p in colour[4:-1].split(",")]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)
