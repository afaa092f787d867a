"""A Jupyter kernel in a sandbox; the grader talks to it through sockets in a directory that both have."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.manager import AsyncKernelManager

from grading import forking
from grading.sandbox import BARE, Sandbox

#: File, beside the sockets, that says that the sandbox is there.
READY = "ready"
#: Bytes of one message of a kernel; a larger one never reaches the grader's memory.
MAX_MESSAGE = 64_000_000


def manager(sandbox: Sandbox, python: str, cwd: str, sockets: Path) -> type[AsyncKernelManager]:
    """Return the class of kernel managers that start their kernel in a sandbox.

    Args:
        sandbox: which one; it has *sockets* among its directories to write.
        python: the interpreter.
        cwd: the kernel's directory inside.
        sockets: an empty directory with a short path.
    """

    class Confined(AsyncKernelManager):
        def __init__(self, **traits: Any) -> None:
            super().__init__(**traits)
            self.transport = "ipc"
            self.connection_file = str(sockets / "kernel.json")
            self.ip = str(sockets / "k")
            #: Processes that entered the sandbox from outside.
            self.entered: tuple[int, ...] = ()
            self.request: forking.Request | None = None

        def client(self, **options: Any) -> Any:
            context = zmq.asyncio.Context()
            context.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
            return super().client(**{**options, "context": context})

        def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
            self.request = None
            if forking.offered():
                own = ["-f", self.connection_file, *(extra_arguments or [])]
                self.request = forking.Request(sandbox.variables(), sandbox.limits.each(), own, cwd)
                return sandbox.command([*forking.WAITS, str(sockets / READY)], "/")
            # -P: a file json.py beside the notebook must not keep the kernel from starting.
            argv = [python, "-P", "-m", "ipykernel_launcher", "-f", self.connection_file, *(extra_arguments or [])]
            return sandbox.command(argv, cwd)

        async def _async_pre_start_kernel(self, **options: Any) -> Any:
            # The learner's notebook chooses no program and no environment.
            # Nor does it write to the grader's terminal: what ipykernel repeats there is not limited, and may steer it.
            mute = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            return await super()._async_pre_start_kernel(**{**options, "env": dict(BARE), "cwd": "/", **mute})

        pre_start_kernel = _async_pre_start_kernel

        async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
            await super()._async_launch_kernel(kernel_cmd, **options)
            if self.request is not None:
                started: Any = self.provisioner
                try:
                    self.entered = (forking.fork(self.request, started.pid, sockets / READY),)
                except forking.NotForked:
                    await started.kill()
                    raise

        _launch_kernel = _async_launch_kernel

        async def _async_interrupt_kernel(self) -> None:
            # A signal would reach bubblewrap, which ends of it, and not the kernel behind it.
            self._connect_control_socket()
            self.session.send(self._control_socket, self.session.msg("interrupt_request", content={}))

        interrupt_kernel = _async_interrupt_kernel

    return Confined


__all__ = ["manager"]
