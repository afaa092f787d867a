"""What tests do to the processes of services."""

from __future__ import annotations

import contextlib

import psutil


def kill(pid: int | None) -> None:
    """Kill a process and wait until it is gone."""
    process = psutil.Process(pid)
    process.kill()
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(60)
