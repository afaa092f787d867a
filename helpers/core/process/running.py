"""A running process: reads its output as it comes, and stops it in an orderly way."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from helpers.core import logs
from helpers.core.process.environment import environment
from helpers.core.process.launch import limit_memory, popen
from helpers.core.process.types import Cancelled, Completed, Line, OutputLimit, ProcessError, Stream, TimedOut
from helpers.core.redact import forms, redact
from helpers.core.scope import enrol

log = logs.logger(__name__)

#: Seconds a process may take to end by itself after an interrupt.
GRACE = 10.0
#: Characters of output kept from one run before it is stopped.
MAX_OUTPUT = 256 * 1024 * 1024


class Running:
    """A started process. Iterate over it for lines as they come, or call `wait`.

    Usable as a context manager: leaving the block early cancels the process.
    """

    def __init__(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float | None = None,
        secrets: Sequence[str] = (),
        grace: float = GRACE,
        max_output: int = MAX_OUTPUT,
        raw_stdout: bool = False,
        memory: int | None = None,
    ) -> None:
        raw = [os.fspath(a) for a in argv]
        self._secrets, self._raw_stdout = forms(secrets), raw_stdout
        self.argv = tuple(redact(a, self._secrets) for a in raw)
        self._grace, self._max_output, self._timeout = grace, max_output, timeout
        self._started = time.monotonic()
        self._kept: dict[Stream, list[str]] = {"stdout": [], "stderr": []}
        self._room = max_output
        self._lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self._cancel_lock = threading.Lock()
        self._stop_reason: type[ProcessError] | None = None
        self._completed: Completed | None = None
        self._stopper: threading.Thread | None = None
        self._popen = popen(raw, cwd, environment() if env is None else dict(env), input is not None, self.argv)
        if memory is not None:
            limit_memory(self._popen.pid, memory)
        log.debug("start pid=%s %s", self._popen.pid, self.argv)
        self._readers = [
            self._reader("stdout", cast(IO[str], self._popen.stdout)),
            self._reader("stderr", cast(IO[str], self._popen.stderr)),
        ]
        if input is not None:
            threading.Thread(target=self._feed, args=(input,), daemon=True).start()
        enrol(self)

    @property
    def pid(self) -> int:
        """The process id; also the id of its process group."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, or ``None`` while it runs; negative when a signal ended it."""
        return self._popen.poll()

    def _feed(self, text: str) -> None:
        stdin = cast(IO[str], self._popen.stdin)
        # A child may end without reading its input; that is its choice, its exit code tells.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(text)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.close()

    def _reader(self, name: Stream, pipe: IO[str]) -> threading.Thread:
        def read() -> None:
            # A line is read no further than there is room, so that one without an end cannot fill the memory.
            while text := pipe.readline(max(1, self._room + 1)):
                self._room -= len(text)
                if self._room < 0:
                    self._begin_stop(OutputLimit)
                    while pipe.read(65536):
                        pass
                    break
                kept = text if name == "stdout" and self._raw_stdout else redact(text, self._secrets)
                self._kept[name].append(kept)
                self._lines.put(Line(name, kept.rstrip("\r\n")))
            self._lines.put(None)

        thread = threading.Thread(target=read, name=f"{self.argv[0]}:{name}", daemon=True)
        thread.start()
        return thread

    def __iter__(self) -> Iterator[Line]:
        """Yield lines of both streams as they come; the time limit holds here too.

        Raises:
            TimedOut, Cancelled, OutputLimit: the process was stopped; its output so far is in ``.completed``.
        """
        open_streams = len(self._readers)
        while open_streams:
            try:
                line = self._lines.get(timeout=self._poll())
            except queue.Empty:
                if self._popen.poll() is not None and not self._release_pipes():
                    break
                continue
            if line is None:
                open_streams -= 1
            else:
                yield line
        self.wait()

    def _poll(self) -> float:
        left = self._left()
        if left is not None and left <= 0:
            self._stop(TimedOut)
        return 0.2 if left is None else max(0.001, min(0.2, left))

    def _left(self) -> float | None:
        return None if self._timeout is None else self._timeout - (time.monotonic() - self._started)

    def _release_pipes(self) -> bool:
        """End what is left of the group: a grandchild that holds our pipes would keep us waiting for ever.

        Returns False when they are held still, by a grandchild that left the group: it is not waited for.
        """
        if self._join_readers(1.0):
            return True
        self._kill_group()
        return self._join_readers(1.0)

    def _join_readers(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        for reader in self._readers:
            reader.join(max(0.0, deadline - time.monotonic()))
        return not any(reader.is_alive() for reader in self._readers)

    def wait(self) -> Completed:
        """Wait for the end and return what happened; a non-zero exit code is a result, not an error.

        A keyboard interrupt (Stop in Jupyter) cancels the process gracefully, then is raised again.
        """
        if self._completed is None:
            try:
                self._wait_exit()
            except BaseException:
                self.cancel()
                raise
            self._completed = Completed(
                self.argv,
                self._popen.returncode,
                "".join(self._kept["stdout"]),
                "".join(self._kept["stderr"]),
                time.monotonic() - self._started,
            )
            log.debug("end pid=%s code=%s %.2fs", self.pid, self._popen.returncode, self._completed.seconds)
        if self._stop_reason is not None:
            raise self._stopped_error(self._stop_reason, self._completed)
        return self._completed

    def _wait_exit(self) -> None:
        # End of output comes with the exit, and joining a thread wakes at once; Popen.wait(timeout) polls.
        while any(reader.is_alive() for reader in self._readers):
            left = self._left()
            if left is not None and left <= 0:
                self._stop(TimedOut)
            for reader in self._readers:
                reader.join(0.2 if left is None else max(0.001, min(0.2, left)))
            if self._popen.poll() is not None:
                self._release_pipes()
                break
        while self._popen.poll() is None:
            left = self._left()
            if left is not None and left <= 0:
                self._stop(TimedOut)
            self._sleep_until_exit(left)

    def _sleep_until_exit(self, seconds: float | None) -> None:
        """Sleep until the process ends or *seconds* are over; wakes at once, where ``Popen.wait`` would poll."""
        with contextlib.suppress(AttributeError, OSError):
            descriptor = os.pidfd_open(self.pid)
            try:
                waiting = select.poll()
                waiting.register(descriptor, select.POLLIN)
                waiting.poll(None if seconds is None else max(0, seconds) * 1000)
            finally:
                os.close(descriptor)
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(timeout=seconds)

    def _stopped_error(self, kind: type[ProcessError], completed: Completed) -> ProcessError:
        name = Path(self.argv[0]).name
        what = {
            TimedOut: f"{name} was stopped: it took longer than {self._timeout:g} s" if self._timeout else "",
            Cancelled: f"{name} was cancelled",
            OutputLimit: f"{name} was stopped: it printed more than {self._max_output:,} characters",
        }[kind]
        # Read from the end: the output may be as large as the limit.
        tail = redact("\n".join((completed.stderr or completed.stdout)[-2000:].splitlines()[-5:]), self._secrets)
        return kind(what, why=tail, next="Run the cell again; pass timeout= for more time.", completed=completed)

    def cancel(self) -> None:
        """Interrupt, wait the grace time, kill the whole group. Safe to call twice and from any thread."""
        self._stop(Cancelled)

    def _begin_stop(self, reason: type[ProcessError]) -> threading.Thread:
        # One stopper a process: a second Stop waits for the first, as two interrupts in a row would kill
        # Terraform at once. It is a thread, so a learner's second Stop cannot cut the orderly end short.
        with self._cancel_lock:
            if self._stopper is None:
                self._stopper = threading.Thread(target=self._end, args=(reason,), daemon=True)
                self._stopper.start()
            return self._stopper

    def _stop(self, reason: type[ProcessError]) -> None:
        stopper = self._begin_stop(reason)
        while stopper.is_alive():
            with contextlib.suppress(KeyboardInterrupt):
                stopper.join()

    def _end(self, reason: type[ProcessError]) -> None:
        if self._popen.poll() is not None:
            return
        self._stop_reason = reason
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGINT)
        deadline = time.monotonic() + self._grace
        while self._popen.poll() is None and (left := deadline - time.monotonic()) > 0:
            self._sleep_until_exit(left)
        self._kill_group()
        self._popen.wait()

    def _kill_group(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._popen.poll() is None:
            self.cancel()
