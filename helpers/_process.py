"""The only place that starts a process.

No shell, ever: the command is a list of arguments. Output is read as it comes, secrets are masked before
anything else sees a line, the environment is an allow-list, and cancelling means interrupt, wait, kill the group.
"""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import logging
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from helpers._redact import redact
from helpers.errors import CourseError

log = logging.getLogger("helpers.process")

#: Variables a child inherits. Everything else must be passed on purpose.
ALLOWED_ENV = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_*", "TZ", "TMPDIR", "XDG_*",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "MOD208_*",
)  # fmt: skip

#: Seconds a process may take to end by itself after an interrupt.
GRACE = 10.0
#: Bytes of output kept from one run before it is stopped.
MAX_OUTPUT = 256 * 1024 * 1024

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True)
class Line:
    """One line of output, without its line end; secrets are already masked."""

    stream: Stream
    text: str


@dataclass(frozen=True)
class Completed:
    """A finished process: masked command, exit code, masked output and seconds taken."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    def __repr__(self) -> str:
        return f"Completed({' '.join(self.argv)!r}, returncode={self.returncode}, {self.seconds:.2f} s)"


class ProcessError(CourseError):
    """A process could not start, or did not end the way it should."""

    code = "process-failed"

    def __init__(self, what: str, *, why: str = "", next: str = "", completed: Completed | None = None) -> None:
        super().__init__(what, why=why, next=next)
        self.completed = completed


class CannotStart(ProcessError):
    """The executable or its working folder is missing or not usable."""

    code = "cannot-start"


class TimedOut(ProcessError):
    """The process took longer than its time limit and was stopped."""

    code = "timed-out"


class Cancelled(ProcessError):
    """Somebody asked for the process to stop."""

    code = "cancelled"


class OutputLimit(ProcessError):
    """The process printed more than it may and was stopped."""

    code = "output-limit"


def environment(extra: Mapping[str, str] | None = None, allow: Sequence[str] = ()) -> dict[str, str]:
    """Return the environment for a child: the allow-listed part of ours plus *extra*.

    Args:
        extra: variables set on purpose; they win.
        allow: more patterns (``fnmatch``) to let through, for example ``("GO*",)``.
    """
    patterns = (*ALLOWED_ENV, *allow)
    kept = {k: v for k, v in os.environ.items() if any(fnmatch.fnmatchcase(k, p) for p in patterns)}
    return {**kept, **(extra or {})}


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
    ) -> None:
        raw = [os.fspath(a) for a in argv]
        self._secrets = tuple(secrets)
        self.argv = tuple(redact(a, self._secrets) for a in raw)
        self._grace, self._max_output, self._timeout = grace, max_output, timeout
        self._started = time.monotonic()
        self._kept: dict[Stream, list[str]] = {"stdout": [], "stderr": []}
        self._bytes = 0
        self._lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self._cancel_lock = threading.Lock()
        self._stop_reason: type[ProcessError] | None = None
        self._completed: Completed | None = None
        self._popen = _popen(raw, cwd, environment() if env is None else dict(env), input is not None)
        log.debug("start pid=%s %s", self._popen.pid, self.argv)
        self._readers = [self._reader("stdout", self._popen.stdout), self._reader("stderr", self._popen.stderr)]
        if input is not None:
            threading.Thread(target=self._feed, args=(input,), daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id; also the id of its process group."""
        return self._popen.pid

    def _feed(self, text: str) -> None:
        stdin = self._popen.stdin
        assert stdin is not None
        # A child may end without reading its input; that is its choice, its exit code tells.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(text)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.close()

    def _reader(self, name: Stream, pipe: IO[str] | None) -> threading.Thread:
        assert pipe is not None

        def read() -> None:
            for raw in pipe:
                self._bytes += len(raw)
                if self._bytes > self._max_output:
                    self._signal_stop(OutputLimit)
                    continue
                masked = redact(raw, self._secrets)
                self._kept[name].append(masked)
                self._lines.put(Line(name, masked.rstrip("\r\n")))
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
                if self._popen.poll() is not None:
                    self._release_pipes()
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

    def _release_pipes(self) -> None:
        """End what is left of the group: a grandchild that holds our pipes would keep us waiting for ever."""
        deadline = time.monotonic() + 1.0
        for reader in self._readers:
            reader.join(max(0.0, deadline - time.monotonic()))
        if any(reader.is_alive() for reader in self._readers):
            self._kill_group()

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
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(timeout=left)

    def _stopped_error(self, kind: type[ProcessError], completed: Completed) -> ProcessError:
        name = Path(self.argv[0]).name
        what = {
            TimedOut: f"{name} was stopped: it took longer than {self._timeout:g} s" if self._timeout else "",
            Cancelled: f"{name} was cancelled",
            OutputLimit: f"{name} was stopped: it printed more than {self._max_output:,} bytes",
        }[kind]
        tail = "\n".join((completed.stderr or completed.stdout).splitlines()[-5:])
        return kind(what, why=tail, next="Run the cell again; pass timeout= for more time.", completed=completed)

    def cancel(self) -> None:
        """Interrupt, wait for the grace time, then kill the whole group. Safe to call twice and from any thread."""
        self._stop(Cancelled)

    def _signal_stop(self, reason: type[ProcessError]) -> None:
        threading.Thread(target=self._stop, args=(reason,), daemon=True).start()

    def _stop(self, reason: type[ProcessError]) -> None:
        # The lock makes a second Stop wait for the first: two interrupts in a row would kill Terraform at once.
        with self._cancel_lock:
            if self._popen.poll() is not None:
                return
            self._stop_reason = self._stop_reason or reason
            with contextlib.suppress(ProcessLookupError):
                self._popen.send_signal(signal.SIGINT)
            deadline = time.monotonic() + self._grace
            while self._popen.poll() is None and time.monotonic() < deadline:
                # A learner who presses Stop again must not cut the orderly end short.
                with contextlib.suppress(KeyboardInterrupt):
                    time.sleep(0.02)
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


def _popen(
    argv: list[str], cwd: str | os.PathLike[str] | None, env: dict[str, str], has_input: bool
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            argv,
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
    except OSError as error:
        raise _cannot_start(argv[0], cwd, error) from None


def _cannot_start(name: str, cwd: str | os.PathLike[str] | None, error: OSError) -> CannotStart:
    if cwd is not None and not Path(cwd).is_dir():
        return CannotStart(
            f"Cannot run {Path(name).name} in {os.fspath(cwd)}",
            why="The folder does not exist.",
            next="Create the folder, or run the cell that writes it.",
        )
    return CannotStart(
        f"Cannot start {name}", why=error.strerror or str(error), next="course doctor   # says which tool is missing"
    )


def start(argv: Sequence[str | os.PathLike[str]], **options: object) -> Running:
    """Start a process and return it running; see `Running` for the options."""
    return Running(argv, **options)  # type: ignore[arg-type]


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    input: str | None = None,
    timeout: float | None = 300,
    secrets: Sequence[str] = (),
    grace: float = GRACE,
    on_line: Callable[[Line], None] | None = None,
) -> Completed:
    """Run a process to its end and return what happened. A non-zero exit code is a result, not an error.

    Args:
        argv: the command as a list; the first item is the executable.
        cwd: working folder.
        env: the whole environment of the child; ``None`` means `environment()`.
        input: text for its standard input; without it, standard input is empty.
        timeout: seconds, ``None`` for no limit.
        secrets: values to mask in every output of this run.
        grace: seconds between the interrupt and the kill.
        on_line: called with each line as it comes.

    Raises:
        CannotStart: missing executable or folder.
        TimedOut, Cancelled, OutputLimit: it was stopped; ``error.completed`` has its output so far.
    """
    with Running(argv, cwd=cwd, env=env, input=input, timeout=timeout, secrets=secrets, grace=grace) as process:
        if on_line is not None:
            for line in process:
                on_line(line)
        return process.wait()


async def run_async(argv: Sequence[str | os.PathLike[str]], **options: object) -> Completed:
    """Like `run`, for ``await``: cancelling the task cancels the process in the same orderly way."""
    process = Running(argv, **options)  # type: ignore[arg-type]
    try:
        return await asyncio.shield(waiter := asyncio.ensure_future(asyncio.to_thread(process.wait)))
    except asyncio.CancelledError:
        await asyncio.to_thread(process.cancel)
        with contextlib.suppress(ProcessError):
            await waiter
        raise


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
    try:
        popen = subprocess.Popen(
            [os.fspath(a) for a in argv],
            cwd=cwd,
            env=environment() if env is None else dict(env),
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
