"""Enter in a text field: the event comes ahead of the text, and the text is what counts."""

from __future__ import annotations

import asyncio

import ipywidgets
import pytest

from helpers.widgets import entry

SUBMIT = {"event": "submit"}


def field() -> tuple[ipywidgets.Text, list[str]]:
    box, read = ipywidgets.Text(), []
    entry.on_enter(box, lambda: read.append(box.value))
    return box, read


def enter(box: ipywidgets.Text) -> None:
    box._handle_custom_msg(SUBMIT, [])


def test_the_text_behind_the_event_is_read() -> None:
    async def typed() -> list[str]:
        box, read = field()
        box.value = "man"
        enter(box)
        box.value = "many"
        return read

    assert asyncio.run(typed()) == ["many"]


def test_leaving_the_field_reads_nothing_and_enter_reads_it_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "GRACE", 0.01)

    async def left() -> list[str]:
        box, read = field()
        box.value = "12"
        assert read == []
        enter(box)
        while not read:
            await asyncio.sleep(0.01)
        box.value = "13"
        return read

    assert asyncio.run(left()) == ["12"]


def test_other_messages_read_nothing() -> None:
    box, read = field()
    box._handle_custom_msg({"event": "click"}, [])
    assert read == []


def test_without_a_running_loop_enter_reads_at_once() -> None:
    box, read = field()
    box.value = "7"
    enter(box)
    assert read == ["7"]
