"""Limits of a sandbox, and the watch that holds them for everything in it together.

A process has limits of its own in Unix, a group of processes has none without a cgroup that the grader may write (the
number of processes has one where root grades, see `grading.crowd`). So a thread looks at the whole sandbox a few times
a second and ends it when it goes over; with its first process every other one goes too, because they are in one process
namespace. A learner's program can be faster than the watch by a fraction of a second, and longer on a busy machine.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from helpers.core.errors import CourseError

#: Seconds between two looks at the processes, and (at least) between two at the files.
EVERY, FILES_EVERY = 0.2, 1.0
#: Bytes of a disk that a sandbox never takes.
RESERVE = 500_000_000
_PAGE = os.sysconf("SC_PAGE_SIZE")


class LimitReached(CourseError):
    """A sandbox went over a limit and was ended."""

    code = "limit-reached"


@dataclass(frozen=True)
class Limits:
    """What one sandbox may take: seconds and bytes.

    Attributes:
        wall: of the clock.
        cpu: of processor time, for one process.
        memory: of all processes together, without files in memory.
        processes: at a time.
        open_files: of one process.
        file_size: of one file.
        disk: of all files in the directories it writes.
        files: number of them.
        tmp: of its private ``/tmp``, which is in memory; ``/dev/shm`` and a private home have an eighth each.
        output: characters of what it prints.
    """

    wall: float = 3600.0
    cpu: int = 3600
    memory: int = 6_000_000_000
    processes: int = 600
    open_files: int = 8192
    file_size: int = 1_000_000_000
    disk: int = 3_000_000_000
    files: int = 300_000
    tmp: int = 1_000_000_000
    output: int = 16_000_000

    def each(self) -> dict[str, int]:
        """Return the limits of one process, by the names of `resource`."""
        own = {"cpu": self.cpu, "nofile": self.open_files, "fsize": self.file_size, "nproc": self.processes}
        return {**own, "core": 0}

    def command(self) -> list[str]:
        """Return the command that sets the limits of one process for what follows it."""
        return ["prlimit", *(f"--{name}={value}:{value}" for name, value in self.each().items()), "--"]


@dataclass(frozen=True)
class Watched:
    """What is watched: bubblewrap's process id, the directories that the sandbox writes, and processes that entered it.

    Who enters (see `grading.forking`) does not descend from bubblewrap; it ends with the sandbox all the same.
    """

    pid: int
    directories: tuple[Path, ...] = ()
    entered: tuple[int, ...] = ()

    def end(self) -> None:
        """Kill it; with bubblewrap goes the first process inside, and with that one all others."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


class Watch:
    """A context manager that holds the limits of a sandbox while it runs; at its end the sandbox is gone.

    ``reason`` says in a few words which limit was reached, and is empty while none is.
    """

    def __init__(self, watched: Watched, limits: Limits) -> None:
        self.watched, self.limits, self.reason = watched, limits, ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="sandbox watch", daemon=True)

    def note(self, reason: str) -> None:
        """Take down which limit was reached; the first one counts."""
        self.reason = self.reason or reason

    def check(self) -> None:
        """Raise `LimitReached` if a limit was reached."""
        if self.reason:
            raise LimitReached("The program was ended", why=f"It took {self.reason}.")

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if _alive(self.watched.pid):
            self.watched.end()

    def _look(self) -> None:
        deadline = time.monotonic() + self.limits.wall
        files_at = time.monotonic()
        while not self._over.wait(EVERY):
            try:
                found = self._of_processes() or (
                    "" if time.monotonic() < deadline else f"more than {self.limits.wall:g} s"
                )
                if not found and time.monotonic() >= files_at:
                    begun = time.monotonic()
                    found = self._of_files()
                    # Counting a large tree takes time; it gets a fifth of it at most.
                    files_at = begun + max(FILES_EVERY, 5 * (time.monotonic() - begun))
            except Exception as error:
                # Nobody runs unwatched.
                found = f"what cannot be measured ({type(error).__name__}: {error})"
            if found:
                self.note(found)
                self.watched.end()
                return

    def _of_processes(self) -> str:
        count = memory = 0
        for pid in members(self.watched.pid, *self.watched.entered):
            count += 1
            memory += _memory(pid)
        if count > self.limits.processes:
            return f"more than {self.limits.processes} processes at a time"
        return f"more than {self.limits.memory // 1_000_000:,} MB of memory" if memory > self.limits.memory else ""

    def _of_files(self) -> str:
        size = count = 0
        for directory in self.watched.directories:
            if os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize < RESERVE:
                return "the last of the disk"
            for entry in _entries(directory):
                count += 1
                size += _size(entry)
                if size > self.limits.disk:
                    return f"more than {self.limits.disk // 1_000_000:,} MB of disk"
                if count > self.limits.files:
                    return f"more than {self.limits.files:,} files"
        return ""


def members(*pids: int) -> list[int]:
    """Return the processes and all that descend from them.

    In a process namespace nobody gets away: who loses its parent becomes a child of the namespace's first process.
    """
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - a path for each would take longer than reading it
        if name.isdigit() and (parent := _parent(int(name))):
            children.setdefault(parent, []).append(int(name))
    found = list(pids)
    for one in found:
        found += children.get(one, ())
    return found


def _parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    return int(stat.rpartition(b")")[2].split()[1]) if stat else 0


def _memory(pid: int) -> int:
    """Return the memory of a process without files, in bytes."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_bytes().split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    waiting = [os.fspath(directory)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as found:
            for entry in found:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:
        return 0
