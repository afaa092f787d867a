"""Starts, watches and stops local services: plain processes, found again by any later program of the same user."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import filelock
import psutil

from helpers.core import http, logs
from helpers.core import process as _process
from helpers.core.paths import state_dir
from helpers.core.polling import wait_until
from helpers.core.redact import redact
from helpers.runtime.services import ports as _ports
from helpers.runtime.services.errors import (
    CannotStop,
    CrashedOnStart,
    MissingProgram,
    NotEnoughDisk,
    NotEnoughMemory,
    NotReady,
    PortBusy,
    ServiceBusy,
    ServiceError,
    UnknownService,
)
from helpers.runtime.services.record import MARKER, Record, Started, end, listens, sweep
from helpers.runtime.services.service import Service
from helpers.runtime.services.spec import Process, ServiceContext, ServiceSpec

log = logs.logger(__name__)

#: What a start tells while it goes on.
Progress = Callable[[str, float], None]
#: Seconds a process may take to end by itself.
GRACE = 8.0
#: A larger log is put aside (one older log is kept) at the next start.
MAX_LOG = 5 * 1024 * 1024
#: How often a start is tried again when another program takes the chosen port first.
TRIES = 3


def _silent(what: str, share: float) -> None:
    """Tell nobody."""


class Supervisor:
    """One supervisor for one state directory.

    Args:
        specs: the services it knows, by name.
        directory: where their state lives; by default ``services`` in the user's state directory, asked at each call.
    """

    def __init__(self, specs: Mapping[str, ServiceSpec], directory: Path | None = None) -> None:
        self.specs = specs
        self._directory = directory

    def start(
        self, name: str, *, port: int | None = None, timeout: float | None = None, progress: Progress = _silent
    ) -> Service:
        """Start a service, or return it when it runs; safe to call from several programs at once.

        Args:
            name: the service.
            port: insist on this port; by default the one it had last time, or a free one.
            timeout: seconds it may take to become ready; by default what its declaration says.
            progress: told what is being waited for, and the share that is ready, 0 to 1.

        Raises:
            UnknownService, MissingProgram, PortBusy, CrashedOnStart, NotReady, NotEnoughDisk, NotEnoughMemory,
            ServiceBusy.
        """
        spec = self._spec(name)
        limit = timeout or spec.timeout
        urls = {need: self.start(need, progress=progress).url for need in spec.depends}
        with self._locked(spec, limit):
            record = Record.read(self._file(name))
            if self._up(spec, record) and record.urls == urls and port in (None, self._port(spec, record)):
                return self._service(spec, record)
            self._end(spec, record)
            self._check_resources(spec)
            for attempt in range(TRIES):
                try:
                    return self._launch(spec, record, urls, port, limit, progress)
                except PortBusy:
                    if port is not None or attempt == TRIES - 1:
                        raise
            raise AssertionError("unreachable")

    def ensure(self, name: str) -> Service:
        """Return the running service; start it when it is stopped or was killed. Cheap when it runs."""
        spec = self._spec(name)
        urls = {need: self.ensure(need).url for need in spec.depends}
        record = Record.read(self._file(name))
        return self._service(spec, record) if self._up(spec, record) and record.urls == urls else self.start(name)

    def status(self) -> list[Service]:
        """Return every service as it is now; starts and changes nothing."""
        return [self._service(spec, Record.read(self._file(spec.name))) for spec in self.specs.values()]

    def stop(self, name: str = "all") -> list[Service]:
        """Stop one service or all, with everything in their process groups; data and ports are kept.

        Services that depend on it are stopped first; the ``notice`` of those that ran says so.

        Raises:
            UnknownService, ServiceBusy, CannotStop.
        """
        wanted = list(reversed(list(self.specs))) if name == "all" else [self._spec(name).name]
        stopped = []
        for one in wanted:
            for other in self.specs.values():
                if one in other.depends and other.name not in wanted:
                    ran = self._runs(Record.read(self._file(other.name)))
                    *more, last = self.stop(other.name)
                    notice = f"Stopped with {one}, which it needs; start it again: course services start {other.name}"
                    stopped += [*more, replace(last, notice=notice if ran else "")]
            spec = self.specs[one]
            if self._context(spec, {}, {}).directory.is_dir():
                with self._locked(spec, spec.timeout):
                    self._end(spec, Record.read(self._file(one)))
                    # Only here: after a kill, what is still under way may end in order.
                    sweep(self._mark(one), GRACE)
            stopped.append(self._service(spec, Record.read(self._file(one))))
        return stopped

    def restart(self, name: str) -> Service:
        """Stop and start a service, on the same port when it is still free, and again those that depend on it and ran.

        Its ``notice`` names them.

        Raises:
            All that :meth:`start` and :meth:`stop` raise, for the services that depend on it too.
        """
        needed = [one.name for one in self.stop(name) if one.notice]
        service = self.start(name)
        for other in needed:
            self.start(other)
        told = f"Started again with it, as they need it: {', '.join(needed)}." if needed else ""
        return replace(service, notice=" ".join(filter(None, (service.notice, told))))

    def logs(self, name: str, lines: int = 50) -> str:
        """Return the last *lines* lines of a service's log; empty when it never ran."""
        return _tail(self._log(self._spec(name).name), lines)

    def data(self, name: str) -> Path:
        """Return the directory that holds a service's data."""
        return self._context(self._spec(name), {}, {}).data

    def _spec(self, name: str) -> ServiceSpec:
        if name not in self.specs:
            raise UnknownService(
                f"There is no service {name!r}",
                why="Known services: " + ", ".join(self.specs) + ".",
                next="course services status",
            )
        return self.specs[name]

    def _context(self, spec: ServiceSpec, ports: Mapping[str, int], urls: Mapping[str, str]) -> ServiceContext:
        return ServiceContext(
            spec.name, (self._directory or state_dir() / "services") / spec.name, dict(ports), dict(urls), spec.host
        )

    def _file(self, name: str) -> Path:
        return self._context(self.specs[name], {}, {}).directory / "service.json"

    def _log(self, name: str) -> Path:
        return self._file(name).with_name("log")

    def _mark(self, name: str) -> str:
        return str(self._file(name).parent)

    @staticmethod
    def _runs(record: Record) -> bool:
        return bool(record.processes) and all(process.alive() for process in record.processes)

    def _up(self, spec: ServiceSpec, record: Record) -> bool:
        """Return whether the service runs and takes connections: a process being killed lives on for a moment."""
        ports = record.ports.values()
        return record.ready and self._runs(record) and all(_ports.answers(spec.host, port) for port in ports)

    @staticmethod
    def _port(spec: ServiceSpec, record: Record) -> int:
        return record.ports.get(spec.ports[0], 0)

    def _service(self, spec: ServiceSpec, record: Record, notice: str = "") -> Service:
        if self._runs(record):
            status = "running" if record.ready else "starting"
        else:
            status = "failed" if record.processes else "stopped"
        port = self._port(spec, record)
        return Service(
            name=spec.name,
            purpose=spec.purpose,
            url=f"{spec.scheme}://{spec.host}:{port}" if port else "",
            pid=record.processes[-1].pid if status == "running" else None,
            status=status,  # type: ignore[arg-type]
            started=dt.datetime.fromtimestamp(record.started, dt.UTC) if status == "running" else None,
            log=self._log(spec.name),
            data=self._context(spec, {}, {}).data,
            notice=notice,
        )

    @contextlib.contextmanager
    def _locked(self, spec: ServiceSpec, limit: float) -> Iterator[None]:
        directory = self._context(spec, {}, {}).directory
        directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.mkdir(exist_ok=True, mode=0o700)
        directory.chmod(0o700)
        try:
            with filelock.FileLock(directory / "lock", timeout=limit + 2 * GRACE, mode=0o600):
                yield
        except filelock.Timeout:
            raise ServiceBusy(
                f"The service {spec.name} is being started or stopped by another program",
                why=f"The lock {directory / 'lock'} was not free for {limit + 2 * GRACE:.0f} s.",
                next="course services status   # then try again",
            ) from None

    def _end(self, spec: ServiceSpec, record: Record) -> None:
        if not record.processes:
            return
        log.info("service %s: ending %s", spec.name, ", ".join(f"{p.name} ({p.pid})" for p in record.processes))
        for process in reversed(record.processes):
            if not end(process, self._mark(spec.name), GRACE):
                raise CannotStop(
                    f"The service {spec.name} does not end",
                    why=f"Process {process.pid} ({process.name}) is still there after SIGKILL.",
                    next=f"ps -fp {process.pid}",
                )
        replace(record, processes=(), ready=False).write(self._file(spec.name))

    def _check_resources(self, spec: ServiceSpec) -> None:
        available = psutil.virtual_memory().available
        if available < spec.memory_mb * 1_000_000:
            raise NotEnoughMemory(
                f"There is not enough free memory for the service {spec.name}",
                why=f"It needs about {spec.memory_mb} MB; {available / 1e6:.0f} MB are free.",
                next="Close other programs or notebooks' kernels, or: course services stop all",
            )
        directory = self._context(spec, {}, {}).directory
        free = shutil.disk_usage(directory).free
        if free < spec.disk_mb * 1_000_000:
            raise NotEnoughDisk(
                f"There is not enough free disk for the service {spec.name}",
                why=f"It needs {spec.disk_mb} MB in {directory}; {free / 1e6:.0f} MB are free.",
                next="course tools clean   # or set MOD208_STATE to a directory on a larger disk",
            )

    def _launch(
        self,
        spec: ServiceSpec,
        record: Record,
        urls: Mapping[str, str],
        port: int | None,
        limit: float,
        progress: Progress,
    ) -> Service:
        ports, notice = _ports.choose(spec, record.ports, port)
        context = self._context(spec, ports, urls)
        context.data.mkdir(exist_ok=True, mode=0o700)
        log_file = self._log(spec.name)
        if log_file.exists() and log_file.stat().st_size > MAX_LOG:
            log_file.replace(log_file.with_name("log.1"))
        offset = log_file.stat().st_size if log_file.exists() else 0
        record = Record(ports, (), time.time(), dict(urls))
        try:
            progress(f"{spec.name}: preparing", 0.0)
            # A tool may be built here; the time to become ready runs from then on.
            processes = spec.processes(context)
            deadline = time.monotonic() + limit
            for index, process in enumerate(processes):
                progress(f"{spec.name}: {process.name}", index / len(processes))
                started = Started.of(process.name, self._spawn(spec, process, context))
                record = replace(record, processes=(*record.processes, started))
                record.write(self._file(spec.name))
                if process.wait:
                    self._await(spec, process, record, context, deadline, offset)
            for process in processes:
                if not process.wait:
                    self._await(spec, process, record, context, deadline, offset)
            if spec.finish is not None:
                spec.finish(context)
        except BaseException:
            self._end(spec, record)
            raise
        record = replace(record, ready=True)
        record.write(self._file(spec.name))
        log.info("service %s is ready after %.1f s: ports %s", spec.name, time.time() - record.started, ports)
        return self._service(spec, record, notice)

    def _spawn(self, spec: ServiceSpec, process: Process, context: ServiceContext) -> int:
        env = _process.environment({**process.env, MARKER: self._mark(spec.name), "PYTHONUNBUFFERED": "1"})
        try:
            return _process.spawn(process.argv, log_path=self._log(spec.name), cwd=context.data, env=env)
        except _process.CannotStart as error:
            raise MissingProgram(
                f"The service {spec.name} cannot start", why=f"{error.what}: {error.why}", next="course doctor"
            ) from None

    def _await(
        self, spec: ServiceSpec, process: Process, record: Record, context: ServiceContext, deadline: float, offset: int
    ) -> None:
        """Wait until *process* is ready, all that were started with it still being there."""
        started = next(one for one in record.processes if one.name == process.name)

        def ready() -> bool:
            if _ready(process, started, context, self._mark(spec.name)):
                return True
            if dead := [p.name for p in record.processes if not p.alive()]:
                raise self._not_up(spec, dead, context, offset, process)
            return False

        def late() -> ServiceError:
            return self._not_up(spec, [], context, offset, process)

        wait_until(f"{process.name} is ready", ready, deadline - time.monotonic(), every=0.05, on_timeout=late)

    def _not_up(
        self, spec: ServiceSpec, dead: list[str], context: ServiceContext, offset: int, process: Process
    ) -> CrashedOnStart | NotReady | PortBusy:
        tail = _tail(self._log(spec.name), 15, offset) or "Its log is empty."
        again = f"course services logs {spec.name}   # then: course services restart {spec.name}"
        if dead and process.port and "address already in use" in tail.lower():
            number = context.ports[process.port]
            return PortBusy(f"Port {number} was taken while {spec.name} started", why=tail, next="Run it again.")
        if dead:
            return CrashedOnStart(f"The service {spec.name} ended while it started ({dead[0]})", why=tail, next=again)
        return NotReady(f"The service {spec.name} did not become ready in time", why=tail, next=again)


def _ready(process: Process, started: Started, context: ServiceContext, mark: str) -> bool:
    if not process.port:
        return started.alive()
    port = context.ports[process.port]
    if not started.alive() or not listens(started, port, mark):
        return False
    if process.ready is not None:
        return process.ready()
    if not process.health:
        return True
    try:
        return http.request("GET", f"http://{context.host}:{port}{process.health}", timeout=5).status < 500
    except http.NoAnswer:
        return False


def _tail(path: Path, lines: int, offset: int = 0) -> str:
    """Return the last lines of a log from *offset* on, secrets masked."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(min(offset, size), size - 400 * max(lines, 1)))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return redact("\n".join(text.splitlines()[-lines:])) if lines > 0 else ""
