"""A process of the engine's that must not outlive it: the engine may be killed, and then nobody ends its plugins."""

from __future__ import annotations

import os
import threading


def end_with(parent: int) -> None:
    """End this process, whatever it is doing, as soon as *parent* is not its parent any more."""

    def watch() -> None:
        wait = threading.Event()
        while os.getppid() == parent:
            wait.wait(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
