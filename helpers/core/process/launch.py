"""Starts the operating system's processes: with pipes, as a service, or in our place."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from helpers.core.process.environment import environment
from helpers.core.process.types import CannotStart

#: Variable that holds, as JSON, what tools are started through: ``command``, in which ``{program}`` is the tool, and
#: ``stdin``, what follows it when the tool is to open its input as the file ``/dev/stdin``. The grader sets it where it
#: judges what others wrote; services, which are ours, are started without it.
PREFIX = "MOD208_PROCESS_PREFIX"
#: The same for services, where the grader starts them over data that others wrote: ``command`` alone.
SERVICE_PREFIX = "MOD208_SERVICE_PREFIX"


def popen(
    argv: list[str],
    cwd: str | os.PathLike[str] | None,
    env: dict[str, str],
    has_input: bool,
    shown: Sequence[str],
) -> subprocess.Popen[str]:
    """Start a program in a session of its own, its streams piped as text.

    Args:
        argv: the program and its arguments. cwd: its directory. env: its whole environment.
        has_input: whether its standard input is a pipe, else nothing.
        shown: *argv* with secrets masked, for the error.

    Raises:
        CannotStart: the program or the directory is missing, or cannot be used.
    """
    try:
        return subprocess.Popen(
            [*_prefix(argv, env), *argv],
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _cannot_start(shown[0], cwd, error) from None


def limit_memory(pid: int, size: int) -> None:
    """Let a process, and what it starts from now on, have *size* bytes of memory of its own; Linux only.

    Not between fork and exec: Python cannot do that safely where there are threads.
    """
    # RLIMIT_DATA and not RLIMIT_AS: programs in Go reserve many gigabytes of addresses that they never use.
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (size, size))


def _prefix(argv: Sequence[str], env: Mapping[str, str], variable: str = PREFIX) -> list[str]:
    if not (given := os.environ.get(variable)):
        return []
    parts = json.loads(given)
    found = os.path.realpath(shutil.which(argv[0], path=env.get("PATH")) or argv[0])
    command = [part.replace("{program}", found) for part in parts["command"]]
    return [*command, *(parts.get("stdin", ()) if any("/dev/stdin" in one for one in argv) else []), "--"]


def _cannot_start(name: str, cwd: str | os.PathLike[str] | None, error: OSError | ValueError) -> CannotStart:
    if cwd is not None and not Path(cwd).is_dir():
        return CannotStart(
            f"Cannot run {Path(name).name} in {os.fspath(cwd)}",
            why="The directory does not exist.",
            next="Create the directory, or run the cell that writes it.",
        )
    return CannotStart(
        f"Cannot start {name}",
        why=getattr(error, "strerror", None) or str(error),
        next="course doctor   # says which tool is missing",
    )


def spawn(
    argv: Sequence[str | os.PathLike[str]],
    *,
    log_path: Path,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """Start a service that outlives us, output to *log_path* (mode 0600), and return its process id.

    The service leads its own session and process group, so it can be stopped whole by ``os.killpg``.
    """
    descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    words, own = [os.fspath(a) for a in argv], environment() if env is None else dict(env)
    try:
        popen = subprocess.Popen(
            [*_prefix(words, own, SERVICE_PREFIX), *words],
            cwd=cwd,
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
        )
    except OSError as error:
        raise _cannot_start(os.fspath(argv[0]), cwd, error) from None
    finally:
        os.close(descriptor)
    # Reap it when it ends, so that it does not linger as a zombie while this kernel lives.
    threading.Thread(target=popen.wait, daemon=True).start()
    return popen.pid


def become(argv: Sequence[str], *, cwd: str | os.PathLike[str] | None = None) -> NoReturn:
    """Replace this process by another, which keeps the terminal; for programs a person talks to.

    The whole environment is kept: the program is the user's own session, not a tool we judge by.
    """
    if cwd is not None:
        os.chdir(cwd)
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606
    except OSError as error:
        raise _cannot_start(argv[0], cwd, error) from None
