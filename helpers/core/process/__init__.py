"""The only place that starts a process.

No shell, ever: the command is a list of arguments. Output is read as it comes, secrets are masked before
anything else sees a line, the environment is an allow-list, and cancelling means interrupt, wait, kill the
group.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from helpers.core.process.environment import environment
from helpers.core.process.launch import PREFIX, SERVICE_PREFIX, become, spawn
from helpers.core.process.running import GRACE, MAX_OUTPUT, Running
from helpers.core.process.types import (
    Cancelled,
    CannotStart,
    Completed,
    Line,
    OutputLimit,
    ProcessError,
    Stream,
    TimedOut,
)
from helpers.core.scope import call_async

__all__ = [
    "MAX_OUTPUT",
    "PREFIX",
    "SERVICE_PREFIX",
    "Cancelled",
    "CannotStart",
    "Completed",
    "Line",
    "OutputLimit",
    "ProcessError",
    "Running",
    "Stream",
    "TimedOut",
    "become",
    "call_async",
    "environment",
    "run",
    "run_async",
    "spawn",
    "start",
]


def start(argv: Sequence[str | os.PathLike[str]], **options: object) -> Running:
    """Start a process and return it running; see `Running` for the options."""
    return Running(argv, **options)  # type: ignore[arg-type]


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    input: str | None = None,
    timeout: float | None = 300,
    secrets: Sequence[str] = (),
    grace: float = GRACE,
    max_output: int = MAX_OUTPUT,
    raw_stdout: bool = False,
    memory: int | None = None,
    on_line: Callable[[Line], None] | None = None,
) -> Completed:
    """Run a process to its end and return what happened. A non-zero exit code is a result, not an error.

    Args:
        argv: the command as a list; the first item is the executable.
        cwd: working directory.
        env: the whole environment of the child; ``None`` means `environment()`.
        input: text for its standard input; without it, standard input is empty.
        timeout: seconds, ``None`` for no limit.
        secrets: values to mask in every output of this run.
        grace: seconds between the interrupt and the kill.
        max_output: characters of output after which it is stopped.
        raw_stdout: leave standard output unmasked, for JSON whose sensitive values the caller masks by type
            itself. Errors and logs stay masked.
        memory: bytes of memory of its own that it may have, on Linux; it fails by itself when it needs more.
        on_line: called with each line as it comes.

    Raises:
        CannotStart: missing executable or directory.
        TimedOut, Cancelled, OutputLimit: it was stopped; ``error.completed`` has its output so far.
    """
    process = Running(
        argv,
        cwd=cwd,
        env=env,
        input=input,
        timeout=timeout,
        secrets=secrets,
        grace=grace,
        max_output=max_output,
        raw_stdout=raw_stdout,
        memory=memory,
    )
    with process:
        if on_line is not None:
            for line in process:
                on_line(line)
        return process.wait()


async def run_async(argv: Sequence[str | os.PathLike[str]], **options: object) -> Completed:
    """Like `run`, for ``await``: cancelling the task cancels the process in the same orderly way."""
    return await call_async(run, argv, **options)  # type: ignore[arg-type]
