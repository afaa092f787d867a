"""The filter of system calls of every sandbox: no process looks into another, and rarely used calls are refused.

The program is what seccomp(2) takes: classic BPF over the call's architecture and number, in the form that bubblewrap's
``--seccomp`` reads. Numbers are those of the kernel's tables (``arch/*/entry/syscalls``, ``asm-generic/unistd.h``).
"""

from __future__ import annotations

import errno
import hashlib
import platform
import struct
from pathlib import Path

from helpers.core.files import write_atomic
from helpers.core.paths import cache_dir

#: Call -> its number on x86_64 and on aarch64.
REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
}
#: ``AUDIT_ARCH_*`` of linux/audit.h.
_ARCH = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
#: From here on calls are those of the x32 interface, which nothing here uses.
_X32 = 0x40000000


def program(machine: str = "") -> bytes:
    """Return the filter for a machine (default: this one), or nothing for one whose numbers are not here."""
    machine = machine or platform.machine()
    if machine not in _ARCH:
        return b""
    arch, column = _ARCH[machine]
    numbers = [numbers[column] for numbers in REFUSED.values()]
    # Each line that refuses jumps over the rest and the one that allows.
    rest = len(numbers)
    lines = [(_LOAD, 0, 0, 4), (_EQUAL, 0, rest + 3, arch), (_LOAD, 0, 0, 0), (_AT_LEAST, rest + 1, 0, _X32)]
    lines += [(_EQUAL, rest - at, 0, number) for at, number in enumerate(numbers)]
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def file() -> Path | None:
    """Return a file that holds the filter of this machine, written when it is not there."""
    wanted = program()
    if not wanted:
        return None
    path = cache_dir() / "sandbox" / f"{hashlib.sha256(wanted).hexdigest()[:16]}.bpf"
    if not path.is_file() or path.read_bytes() != wanted:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, wanted)
    return path
