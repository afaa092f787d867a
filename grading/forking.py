"""Starts kernels by forking a process that has imported what they need: see `grading.zygote`.

Importing takes a kernel 0.5 s of processor time and more; what is asked of a sandbox is the same either way.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grading import crowd, sandbox, seccomp, temporary, zygote
from helpers.core import polling, process
from helpers.core.errors import CourseError
from helpers.core.paths import ROOT

#: Seconds it may take to import everything, to make a sandbox and to fork, on a busy machine.
PATIENCE = 120.0
#: What a sandbox runs until a kernel is in it; the file says that the sandbox is there, with all that holds it.
WAITS = ("sh", "-c", ': > "$0"; exec sleep infinity')
#: The sockets of processes that fork. Processes that are forked from this one know them too.
_open: list[Path] = []


class NotForked(CourseError):
    """No kernel could be forked into a sandbox: a fault of the machinery, for which nobody loses points."""

    code = "not-forked"


@dataclass(frozen=True)
class Request:
    """What a kernel in a sandbox is to be.

    Attributes:
        environment: all its variables. limits: of its process, by the names of `resource`.
        arguments: of ``ipykernel_launcher``. cwd: its directory inside.
    """

    environment: Mapping[str, str]
    limits: Mapping[str, int]
    arguments: list[str]
    cwd: str


@contextlib.contextmanager
def forker() -> Iterator[None]:
    """Let kernels be forked as long as this lasts, for this process and those that are forked from it."""
    with temporary.directory("z") as room:
        address = room / "socket"
        constant = {**sandbox.CONSTANT, "MOD208_HOME": str(ROOT), "JPY_PARENT_PID": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        # As a sandbox has it: it is read once, when this process starts.
        constant["PYTHONPATH"] = str(ROOT)
        argv = [sys.executable, "-P", zygote.__file__, str(address), str(os.getpid())]
        pid = process.spawn(argv, log_path=room / "log", cwd="/", env=constant)
        _open.append(address)
        try:
            yield
        finally:
            _open.remove(address)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def offered() -> bool:
    """Return whether kernels can be forked."""
    return bool(_open)


def fork(request: Request, outside: int, ready: Path) -> int:
    """Put a kernel into a sandbox that waits, and return the process that it descends from.

    Args:
        request: what it is to be.
        outside: bubblewrap's process. The sandbox ends with the kernel, and the kernel with the sandbox.
        ready: the file that `WAITS` writes.

    Raises:
        NotForked: the sandbox did not come, or may not be entered.
    """
    if not polling.poll(lambda: ready.exists() or _gone(outside), PATIENCE, every=0.003) or not ready.exists():
        raise NotForked("A sandbox was not made", why=f"It did not answer for {PATIENCE:g} s, or bubblewrap ended.")
    asked = {
        "sandbox": outside,
        "inside": _inside(outside),
        "group": str(crowd.of(outside) or ""),
        "filter": str(seccomp.file() or ""),
        "environment": dict(request.environment),
        "limits": dict(request.limits),
        "arguments": request.arguments,
        "cwd": request.cwd,
    }
    answer = _ask(asked)
    if "pid" not in answer:
        raise NotForked(
            "A kernel could not be forked", why=answer.get("fault", "The process that forks did not answer.")
        )
    return int(answer["pid"])


def _ask(asked: dict[str, Any]) -> dict[str, Any]:
    address = _open[-1]
    if not polling.poll(address.exists, PATIENCE, every=0.01):
        raise NotForked(
            "The process that forks kernels did not start", why=(address.parent / "log").read_text()[-2000:]
        )
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(address))
        connection.sendall(json.dumps(asked).encode() + b"\n")
        with connection.makefile("r") as stream:
            answer: dict[str, Any] = json.loads(stream.readline() or "{}")
    return answer


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}/ns/pid").exists()


def _inside(outside: int) -> int:
    """Return the process that waits inside: the last of the line that begins with bubblewrap's."""
    last = outside
    while children := Path(f"/proc/{last}/task/{last}/children").read_text().split():
        last = int(children[0])
    return last
