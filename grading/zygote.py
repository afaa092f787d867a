"""A process that has imported what a kernel needs and has run nothing of anybody's: kernels are forked from it.

It is a program and no part of the grader: it imports no module of `grading`, so its memory holds no more than that of a
kernel started anew. Who wants a kernel has made a sandbox with bubblewrap, in which nothing runs yet but a program that
waits, and names it. A fork of this process enters the namespaces of that sandbox, gives up every right, sets the limits
and is the kernel. Requests come by a socket in a directory of the grader's, a line of JSON each.

Arguments: the path of that socket, and the process that starts this one, which ends with it.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import json
import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

#: Of linux/sched.h, linux/nsfs.h, linux/prctl.h, linux/capability.h.
NEW_USER = 0x10000000
KINDS = {
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "net": 0x40000000,
    "pid": 0x20000000,
    "mnt": 0x20000,
}
GET_OWNER = 0xB701
PARENT_DIES, DUMPABLE, SECCOMP, DROP_BOUNDING, NO_NEW_PRIVILEGES, AMBIENT = 1, 4, 22, 24, 38, 47
CLEAR_ALL, FILTER, CAPABILITIES = 4, 2, 0x20080522
#: What a kernel has imported before its first cell.
IMPORTS = (
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "ipykernel.zmqshell",
    "IPython.core.completerlib",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
    "tornado.queues",
    "helpers.course.kernel._extension",
)
#: Set in the second life of this process, which runs from a copy of Python's program in memory.
COPIED = "MOD208_ZYGOTE_COPIED"

_libc = ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_char_p))


def main() -> NoReturn:
    """Fork kernels for ever."""
    if not os.environ.pop(COPIED, ""):
        end_with_parent(int(sys.argv[2]))
        _again_from_memory()
    before = set(os.environ)
    for name in IMPORTS:
        importlib.import_module(name)
    # What an import sets in the environment, a kernel has as well.
    added = {name: value for name, value in os.environ.items() if name not in before}
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{sys.argv[1]}.new")
    listening.listen(64)
    Path(f"{sys.argv[1]}.new").rename(sys.argv[1])
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve(connection, [listening, connection], added)
        connection.close()


def end_with_parent(parent: int) -> None:
    """Let the kernel end this process when the one that started it ends; it was *parent*."""
    _prctl(PARENT_DIES, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _again_from_memory() -> NoReturn:
    """Run this program from a sealed copy of Python's.

    A kernel's ``/proc/self/exe`` leads to the file it runs from, by the mount it was started by, which is not the
    sandbox's read-only one. A sealed copy in memory can be written by nobody.
    """
    program = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    data = memoryview(Path("/proc/self/exe").read_bytes())
    while data:
        data = data[os.write(program, data) :]
    fcntl.fcntl(
        program, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    )
    os.execve(program, sys.orig_argv, {**os.environ, COPIED: "1"})  # noqa: S606


def _serve(connection: socket.socket, ours: list[socket.socket], added: dict[str, str]) -> NoReturn:
    """Put a kernel into the sandbox that the request names; tell of it, and end the sandbox with it."""
    asked = json.loads(_line(connection))
    try:
        sandbox = os.pidfd_open(asked["sandbox"])
        if asked["group"]:
            Path(asked["group"], "cgroup.procs").write_text(str(os.getpid()))
        filter_ = Path(asked["filter"]).read_bytes() if asked["filter"] else b""
        _enter(asked["inside"])
        kernel = os.fork()
    except Exception as error:
        connection.sendall(json.dumps({"fault": f"{type(error).__name__}: {error}"}).encode() + b"\n")
        os._exit(1)
    if kernel == 0:
        for one in ours:
            one.detach()
        asked["environment"] = {**added, "PWD": asked["cwd"], **asked["environment"]}
        _be_kernel(asked, filter_)
    connection.sendall(json.dumps({"pid": os.getpid()}).encode() + b"\n")
    os.waitpid(kernel, 0)
    signal.pidfd_send_signal(sandbox, signal.SIGKILL)
    os._exit(0)


def _line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n") and (more := connection.recv(65536)):
        data += more
    return data


def _enter(pid: int) -> None:
    """Enter the namespaces of a process: first the user's that owns the others, last the process's own."""
    spaces = {kind: os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY) for kind in KINDS}
    user = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
    owner = fcntl.ioctl(spaces["mnt"], GET_OWNER)
    _set(owner, NEW_USER)
    for kind, descriptor in spaces.items():
        _set(descriptor, KINDS[kind])
    if os.fstat(user).st_ino != os.fstat(owner).st_ino:
        _set(user, NEW_USER)


def _set(descriptor: int, kind: int) -> None:
    _checked(_libc.setns(descriptor, kind), "setns")


def _be_kernel(asked: dict[str, Any], filter_: bytes) -> NoReturn:
    """Be the kernel: no right, no descriptor, no variable and no limit is left of the process it was forked from."""
    _prctl(PARENT_DIES, signal.SIGKILL)
    os.setsid()
    os.closerange(0, 4096)
    for _ in range(3):
        os.open(os.devnull, os.O_RDWR)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    for name, value in asked["limits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (value, value))
    _drop()
    if filter_:
        held = _Filter(len(filter_) // 8, filter_)
        _prctl(SECCOMP, FILTER, ctypes.byref(held))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["ipykernel_launcher", *asked["arguments"]]
    gc.enable()
    sys.modules["ipykernel.kernelapp"].launch_new_instance()
    sys.exit()


def _drop() -> None:
    """Give up every capability, for good."""
    _prctl(NO_NEW_PRIVILEGES, 1)
    _prctl(AMBIENT, CLEAR_ALL)
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _prctl(DROP_BOUNDING, capability)
    header = (ctypes.c_uint32 * 2)(CAPABILITIES, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    # Entering a user namespace has made this process one that its own user may not look at.
    _prctl(DUMPABLE, 1)


def _prctl(option: int, *values: Any) -> None:
    padded = [ctypes.c_ulong(v) if isinstance(v, int) else v for v in (*values, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *padded), f"prctl {option}")


def _checked(result: int, call: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{call}: {os.strerror(error)}")


if __name__ == "__main__":
    main()
