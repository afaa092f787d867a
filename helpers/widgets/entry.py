"""A text field that is read when Enter is pressed, with everything that was typed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

#: Seconds after Enter in which the text may still arrive. The browser sends both in one go.
GRACE = 1.0


def on_enter(box: Any, judge: Callable[[], object]) -> None:
    """Call *judge* when Enter is pressed in *box*, an ``ipywidgets.Text``; leaving the field calls nothing.

    Enter sends its event ahead of the text: letters wait in the browser until the kernel has taken the earlier ones, so
    a handler of the event alone reads ``man`` where ``many`` was typed. Here the text travels once, right behind the
    event, and *judge* waits for it.
    """
    box.continuous_update = False
    waiting = [False]

    def finish(_: object = None) -> None:
        if waiting[0]:
            waiting[0] = False
            judge()

    def submitted(_: object, content: Any, __: object) -> None:
        if content.get("event") != "submit":
            return
        waiting[0] = True
        try:
            # No text follows when nothing was typed since the field was read last.
            asyncio.get_running_loop().call_later(GRACE, finish)
        except RuntimeError:  # no loop: nothing can follow
            finish()

    box.on_msg(submitted)
    box.observe(finish, "value")
