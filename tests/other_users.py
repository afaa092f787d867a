"""Other Unix users of the machine, for tests of what they can reach. Needs root: only root may become somebody else."""

from __future__ import annotations

import json
import os
import pwd
import sys
import traceback
from collections.abc import Callable
from typing import Any

import psutil
import pytest


def idle_uids(count: int) -> list[int]:
    """Return the ids of users of the system that run nothing, or fail the test where this process may not be them.

    Users that exist: ssh-keygen does not work for one without an entry in passwd(5).
    """
    if os.geteuid() != 0:
        pytest.fail("This test becomes a second Unix user, which only root may: run it as root, as CI does.")
    busy = {process.info["uids"].real for process in psutil.process_iter(["uids"]) if process.info["uids"]}
    found = sorted({entry.pw_uid for entry in pwd.getpwall()} - busy, reverse=True)[:count]
    if len(found) < count:
        pytest.fail(f"This test needs {count} users of the system that run nothing, such as nobody and games.")
    return found


def as_user(uid: int, function: Callable[[], Any]) -> Any:
    """Run a function in a process of another user and return what it returns (JSON).

    The process is forked, not started: it has loaded what it needs, as the interpreter may lie where *uid* cannot read.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(read)
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.write(write, json.dumps(function()).encode())
            status = 0
        except BaseException:
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the other user's process failed, see above"
    return json.loads(answer)


def command_as(uid: int, argv: list[str]) -> list[str]:
    """Return the command that runs *argv* as another user, who may read every file: its interpreter, for one.

    That user may still not write, signal or connect where it is not allowed to (capabilities(7)); what it must not
    read is asked by `as_user`.
    """
    may = "+dac_read_search"
    return [
        "setpriv",
        f"--reuid={uid}",
        f"--regid={uid}",
        "--clear-groups",
        f"--inh-caps={may}",
        f"--ambient-caps={may}",
        "--",
        *argv,
    ]
