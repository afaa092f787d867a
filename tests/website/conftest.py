"""The browser that the other browser tests use."""

from tests.browser import chromium

__all__ = ["chromium"]
