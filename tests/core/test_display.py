"""The display protocol: a table says which function shows which type, and a fault in it is never swallowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers import widgets
from helpers.core import display
from helpers.core.display import Displayed, NoDisplay
from helpers.widgets import registry


class Base(Displayed):
    """A result."""


class Derived(Base):
    """A result of a special kind."""


class Plain:
    """A type of somebody else, which knows nothing of displays."""


def base_html(value: object) -> str:
    """Return the display of `Base`."""
    return f"<b>{type(value).__name__}</b>"


def special_html(value: object) -> str:
    """Return the display of a special kind."""
    return f"<i>{type(value).__name__}</i>"


def name(of: Any) -> str:
    return f"{of.__module__}.{of.__qualname__}"


def place(of: Any) -> str:
    return f"{of.__module__}:{of.__qualname__}"


@pytest.fixture(autouse=True)
def own_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "_added", {})
    monkeypatch.setattr(display, "_resolved", {})


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def shown(shell: InteractiveShell, value: object) -> str | None:
    data, _ = shell.display_formatter.format(value)
    return data.get("text/html")


def test_a_third_party_registers_a_display_in_one_line() -> None:
    widgets.register(name(Base), place(base_html))
    assert Base()._repr_html_() == "<b>Base</b>"


def test_a_type_and_a_function_may_be_given_themselves() -> None:
    widgets.register(Base, base_html)
    assert Base()._repr_html_() == "<b>Base</b>"


def test_a_type_that_does_not_derive_from_displayed_is_shown_in_a_notebook(shell: InteractiveShell) -> None:
    assert shown(shell, Plain()) is None
    widgets.register(name(Plain), place(base_html))
    assert shown(shell, Plain()) == "<b>Plain</b>"


def test_a_displayed_type_is_shown_in_a_notebook(shell: InteractiveShell) -> None:
    widgets.register(Base, base_html)
    assert shown(shell, Base()) == "<b>Base</b>"
    assert shown(shell, Derived()) == "<b>Derived</b>"


def test_the_nearest_base_wins() -> None:
    widgets.register(Base, base_html)
    assert Derived()._repr_html_() == "<b>Derived</b>"
    widgets.register(Derived, special_html)
    assert Derived()._repr_html_() == "<i>Derived</i>"
    assert Base()._repr_html_() == "<b>Base</b>"


def test_the_last_registration_counts_also_over_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.RENDERERS, name(Base), place(base_html))
    assert Base()._repr_html_() == "<b>Base</b>"
    widgets.register(Base, special_html)
    assert Base()._repr_html_() == "<i>Base</i>"


def test_a_type_without_a_display_is_an_error() -> None:
    with pytest.raises(NoDisplay, match=r"tests\.core\.test_display\.Base is displayed"):
        Base()._repr_html_()


@pytest.mark.parametrize("typo", ["tests.core.test_display:base_htlm", "tests.core.test_dispaly:base_html", "nonsense"])
def test_a_typo_in_the_table_is_an_error_and_not_swallowed(
    typo: str, monkeypatch: pytest.MonkeyPatch, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(registry.RENDERERS, name(Base), typo)
    with pytest.raises(NoDisplay, match="it does not exist"):
        Base()._repr_html_()
    # A notebook shows the traceback and goes on with the text.
    assert shown(shell, Base()) is None
    assert typo in capsys.readouterr().out


def test_a_typo_in_a_registration_is_an_error() -> None:
    widgets.register(Base, "tests.core.test_display:nothing")
    with pytest.raises(NoDisplay, match="it does not exist"):
        Base()._repr_html_()


def test_an_error_of_the_display_itself_comes_through() -> None:
    widgets.register(Base, lambda value: str(1 // 0))
    with pytest.raises(ZeroDivisionError):
        Base()._repr_html_()


def test_a_panel_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.PANELS, "some", place(Base))
    assert display.panel("some") is Base
    with pytest.raises(NoDisplay, match="has no 'smoe'"):
        display.panel("smoe")


@pytest.mark.parametrize("panel", sorted(registry.PANELS))
def test_every_panel_of_the_table_exists(panel: str) -> None:
    assert callable(display.panel(panel))
