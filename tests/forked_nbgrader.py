"""nbgrader's commands in processes forked from one that has imported nbgrader: 1.6 s of processor time less for each.

``python -m tests.forked_nbgrader`` reads one request a line, as JSON, and answers each with the exit code. What is run
is nbgrader's own entry point. ``python -m nbgrader`` itself is run by ``grading/release.py`` and its tests.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.core import process
from helpers.core.paths import ROOT


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code, and all it wrote."""

    returncode: int
    text: str


class Forker:
    """The process that has imported nbgrader; it ends with this one."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.forked_nbgrader"],
            cwd=ROOT,
            env=process.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.end)

    @property
    def alive(self) -> bool:
        """Whether it still takes requests."""
        return self._server.poll() is None

    def run(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float) -> Done:
        """Run one command in a directory, with this whole environment; after *timeout* seconds its group is killed."""
        assert self._server.stdin and self._server.stdout
        with tempfile.NamedTemporaryFile("r", suffix=".log", errors="replace") as log:
            asked = {"argv": list(argv), "cwd": str(cwd), "env": dict(env), "log": log.name, "timeout": timeout}
            self._server.stdin.write(json.dumps(asked) + "\n")
            self._server.stdin.flush()
            answer = self._server.stdout.readline()
            assert answer, "the process that forks nbgrader has died"
            return Done(int(answer), log.read())

    def end(self) -> None:
        """End it: it has nothing more to read."""
        if self._server.stdin:
            self._server.stdin.close()
        self._server.wait(60)


_forker: list[Forker] = []


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float) -> Done:
    """Run ``nbgrader`` with these arguments; see `Forker.run`."""
    if not _forker or not _forker[0].alive:
        _forker[:] = [Forker()]
    return _forker[0].run(argv, cwd=cwd, env=env, timeout=timeout)


def _serve() -> None:
    import signal
    import threading

    import nbgrader.apps  # 1.6 s: what this process is for

    assert nbgrader.apps
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(asked)
        late = threading.Timer(asked["timeout"], os.killpg, (pid, signal.SIGKILL))
        late.daemon = True
        late.start()
        _, status = os.waitpid(pid, 0)
        late.cancel()
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(asked: dict[str, object]) -> None:
    """Be the nbgrader that was asked for, in a session of its own."""
    code = 70
    try:
        os.setsid()
        os.chdir(str(asked["cwd"]))
        env = asked["env"]
        assert isinstance(env, dict)
        os.environ.clear()
        os.environ.update(env)
        out = os.open(str(asked["log"]), os.O_WRONLY | os.O_APPEND)
        for stream, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, out)):
            os.dup2(source, stream)
        argv = asked["argv"]
        assert isinstance(argv, list)
        sys.argv[:] = ["nbgrader", *argv]
        from nbgrader.apps.nbgraderapp import main

        main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        # What a program does at its end: programs that listen for it are few here, and none is the parent's.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
