"""The room one submission is graded in: its own work, its own services, and no process left when it closes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import psutil

from helpers.core import process as _process

#: Marks every process of a room; children inherit it.
MARK = "MOD208_ROOM"
#: Settings of the instructor's that a learner's code must not see.
PRIVATE = ("MOD208_DB_URL", "MOD208_EXCHANGE", "MOD208_CLASS", "MOD208_SOLUTIONS")
#: Seconds a process may take to end by itself.
GRACE = 8.0
#: Seconds between two looks for ended children.
LOOK = 0.2
#: Of prctl(2): who is the parent of processes whose own parent has ended.
_SET_SUBREAPER, _GET_SUBREAPER = 36, 37


class Room:
    """A context manager around the grading of one notebook of one submission.

    Services and state live in ``.state`` of the submission's directory, so the next notebook of the same submission
    finds what this one made, and no other submission does.

    Args:
        folder: the submission's directory under ``autograded/``; the kernel's working directory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.token = uuid.uuid4().hex
        self._before: set[psutil.Process] = set()
        self._adopted = False
        self._over = threading.Event()

    def environment(self) -> dict[str, str]:
        """Return the kernel's environment: an allow-list, and where this room's work and state are."""
        state = self.folder / ".state"
        env = _process.environment(
            {
                "MOD208_GRADING": "1",
                "MOD208_STATE": str(state),
                "MOD208_LEARNER": self.folder.parent.name,
                "MOD208_WORKSPACE": str(self.folder.parent),
                "NBGRADER_EXECUTION": "autograde",
                "IPYTHONDIR": str(state / "ipython"),
                "MPLBACKEND": "module://matplotlib_inline.backend_inline",
                MARK: self.token,
            },
            allow=("JUPYTER_*", "VIRTUAL_ENV", "PYTHON*"),
        )
        return {name: value for name, value in env.items() if not _private(name, value)}

    def __enter__(self) -> Room:
        (self.folder / ".state").mkdir(parents=True, exist_ok=True)
        self._close_state()
        self._before = set(psutil.Process().children())
        self._adopted = _adopt(True)
        if self._adopted:
            self._over.clear()
            self._reaper = threading.Thread(target=self._reap, name="reaper", daemon=True)
            self._reaper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
        if self._adopted:
            self._over.set()
            self._reaper.join()
            _adopt(False)
        self.drop_links()

    def _reap(self) -> None:
        """Take note of the end of who was adopted, as init would: who stops a service waits until it is gone.

        Only of those that are left for two looks: who started a program waits for it, and wants to know how it ended.
        """
        others, last = {process.pid for process in self._before}, set[int]()
        while not self._over.wait(LOOK):
            with contextlib.suppress(ChildProcessError, psutil.Error):
                # It always names the oldest that ended, so it only says whether to look.
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                children = psutil.Process().children() if ended is not None else []
                found = {one.pid for one in children if one.status() == psutil.STATUS_ZOMBIE} - others
                for pid in found & last:
                    os.waitpid(pid, os.WNOHANG)
                last = found

    def _close_state(self) -> None:
        """Take from others what nbgrader opened to them after another notebook (mode 0444): there are keys."""
        for path in (self.folder / ".state").rglob("*"):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode):
                path.chmod(found.st_mode & 0o700 | 0o600)

    def processes(self) -> Iterator[psutil.Process]:
        """Yield what still runs of this room, whatever its parent is by now.

        It bears the room's mark, or it is below a new child of ours: who dropped the mark with the environment, and
        left its parent, has become our child. What is below an older one (a terminal of the instructor's) is not ours.
        """
        ours: set[psutil.Process] = set()
        for child in set(psutil.Process().children()) - self._before if self._adopted else ():
            with contextlib.suppress(psutil.Error):
                ours |= {child, *child.children(recursive=True)}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process in ours or process.environ().get(MARK) == self.token:
                    yield process

    def clear(self) -> int:
        """End every process of this room, services too; return how many there were."""
        ended: set[int] = set()
        # More than one round: what is being ended may start something.
        for seconds in (GRACE, 2.0, 2.0):
            left = list(self.processes())
            if not left:
                break
            ended.update(process.pid for process in left)
            _end(left, seconds)
        return len(ended)

    def drop_links(self) -> None:
        """Remove links to files and directories outside the submission.

        nbgrader changes the mode of everything it finds there, and a link would lead it to the instructor's own.
        """
        for path in self.folder.rglob("*"):
            if not path.is_symlink():
                continue
            if not path.exists() or not path.resolve().is_relative_to(self.folder):
                path.unlink()


def _adopt(begin: bool) -> bool:
    """Become the parent of orphans below us, or be it no longer; return whether that was done (Linux only)."""
    if not sys.platform.startswith("linux"):
        return False
    prctl, held = ctypes.CDLL(None, use_errno=True).prctl, ctypes.c_int()
    # Of two rooms the first one begins it, and ends it.
    if begin and (prctl(_GET_SUBREAPER, ctypes.byref(held), 0, 0, 0) != 0 or held.value):
        return False
    return bool(prctl(_SET_SUBREAPER, int(begin), 0, 0, 0) == 0)


def _private(name: str, value: str) -> bool:
    """Return whether a variable is the instructor's own: where the class is kept, or what opens a door."""
    # A proxy's address may carry a password: `http://user:password@proxy`.
    return name in PRIVATE or "TOKEN" in name or (name.lower().endswith("_proxy") and "@" in value)


def _end(processes: list[psutil.Process], seconds: float) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=seconds)
