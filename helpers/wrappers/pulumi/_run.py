"""Runs one Pulumi command: its environment, its secrets, its stream of events, its faults."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.core import process
from helpers.core.paths import state_dir
from helpers.core.redact import forms, redact
from helpers.runtime import cloud_access
from helpers.wrappers.pulumi.errors import PulumiStopped, build_error
from helpers.wrappers.pulumi.host import search_path
from helpers.wrappers.pulumi.types import PulumiEvent

OnEvent = Callable[[PulumiEvent], None]
#: Seconds a run may take to end after an interrupt: the engine waits for the operations that are under way.
GRACE = 60.0
_FIXED = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    # A plugin that is missing is an error here; it is never fetched behind our back.
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "NO_COLOR": "1",
}


class Runner:
    """The executable, the project's directory, the backend and the secrets of one `Pulumi`."""

    def __init__(
        self,
        executable: Callable[[], Path],
        workdir: Path,
        env: Mapping[str, str],
        *,
        backend: str,
        passphrase: str | None,
        account: str | None,
        timeout: float | None,
    ) -> None:
        self._executable, self.workdir, self._env = executable, workdir, dict(env)
        self.backend, self._account, self.timeout = backend, account, timeout
        self._passphrase = passphrase
        #: Values that no output may show.
        self.secrets = [passphrase] if passphrase else []

    def env(self) -> dict[str, str]:
        """Return the whole environment of the next run; asked each time, as services start, stop and move."""
        engine = self._executable()
        home = state_dir() / "pulumi" / "home"
        home.mkdir(parents=True, exist_ok=True)
        access = (
            cloud_access.environment(self._account) if self._account and "AWS_ACCESS_KEY_ID" not in self._env else {}
        )
        own = {
            "PULUMI_BACKEND_URL": self.backend,
            "PULUMI_HOME": str(home),
            "PATH": search_path(engine),
            **_FIXED,
            **({} if self._passphrase is None else {"PULUMI_CONFIG_PASSPHRASE": self._passphrase}),
        }
        return process.environment({**access, **self._env, **own})

    def run(
        self,
        args: Sequence[str],
        *,
        input: str | None = None,
        raw: bool = False,
        ok: Sequence[int] | None = (0,),
    ) -> process.Completed:
        """Run a command to its end.

        Args:
            args: the command and its arguments. input: text for its standard input.
            raw: leave its output unmasked, for values that the caller masks by type.
            ok: exit codes that are results; None takes every one.

        Raises:
            PulumiError: another exit code, or it was stopped.
        """
        try:
            done = process.run(
                [self._executable(), *args, "--non-interactive", "--color=never"],
                cwd=self.workdir,
                env=self.env(),
                input=input,
                timeout=self.timeout,
                secrets=self.secrets,
                grace=GRACE,
                raw_stdout=raw,
            )
        except (process.Cancelled, process.TimedOut) as error:
            raise stopped(args[0], error, ()) from None
        if ok is not None and done.returncode not in ok:
            said = done.stderr if raw else f"{done.stdout}\n{done.stderr}"
            raise build_error(
                " ".join(args[:2] if args[0] in ("stack", "config", "state") else args[:1]), said, str(self.workdir)
            )
        return done

    def json(self, args: Sequence[str], *, raw: bool = False) -> Any:
        """Run a command that prints one JSON document and return it."""
        done = self.run([*args, "--json"], raw=raw)
        return json.loads(done.stdout or "null")

    def stream(self, args: Sequence[str], on_event: OnEvent | None) -> tuple[list[PulumiEvent], float]:
        """Run a command that prints events, and return them with the seconds it took.

        Raises:
            PulumiError: it failed or was stopped; ``applied`` says what was done before.
        """
        events: list[PulumiEvent] = []
        masks, other = forms(self.secrets), []
        running = process.Running(
            [self._executable(), *args, "--json", "--non-interactive", "--color=never"],
            cwd=self.workdir,
            env=self.env(),
            timeout=self.timeout,
            secrets=self.secrets,
            grace=GRACE,
        )
        with running:
            try:
                for line in running:
                    event = _event(redact(line.text, masks)) if line.stream == "stdout" else None
                    if event is None:
                        other.append(line.text)
                        continue
                    events.append(event)
                    if on_event is not None:
                        on_event(event)
                done = running.wait()
            except (process.Cancelled, process.TimedOut) as error:
                raise stopped(args[0], error, applied(events)) from None
        if done.returncode < 0:
            raise _killed(args[0], -done.returncode, applied(events))
        if done.returncode != 0:
            said = "\n".join([*(e.raw["message"] for e in events if _is_error(e)), *other])
            raise build_error(args[0], said, str(self.workdir), applied(events))
        return events, done.seconds


def _event(line: str) -> PulumiEvent | None:
    try:
        raw = json.loads(line)
    except json.JSONDecodeError:
        return None
    return PulumiEvent.from_json(raw) if isinstance(raw, dict) else None


def _is_error(event: PulumiEvent) -> bool:
    return event.type == "diagnostic" and event.raw.get("severity") in ("error", "info#err")


def applied(events: Sequence[PulumiEvent]) -> tuple[tuple[str, str], ...]:
    """Return the finished operations on objects: (URN, operation); what stayed the same is left out."""
    return tuple(
        (event.urn, event.op)
        for event in events
        if event.type == "resOutputs" and event.op not in ("same", "read", "refresh") and _is_object(event)
    )


def _is_object(event: PulumiEvent) -> bool:
    metadata = event.raw.get("metadata") or {}
    state = metadata.get("new") or metadata.get("old") or {}
    return bool(state.get("custom")) and not str(metadata.get("type", "")).startswith("pulumi:")


def stopped(command: str, error: process.ProcessError, done: tuple[tuple[str, str], ...]) -> PulumiStopped:
    """Return the error for a run that was cancelled or timed out."""
    killed = error.completed is not None and error.completed.returncode < 0
    verb = "took too long and was stopped" if isinstance(error, process.TimedOut) else "was cancelled"
    return _stop_error(f"pulumi {command} {verb}", killed, done)


def _killed(command: str, signal: int, done: tuple[tuple[str, str], ...]) -> PulumiStopped:
    return _stop_error(f"pulumi {command} was killed by signal {signal}", True, done)


def _stop_error(what: str, killed: bool, done: tuple[tuple[str, str], ...]) -> PulumiStopped:
    names = ", ".join(f"{urn.rpartition('::')[2]} ({op})" for urn, op in done) or "nothing"
    lock = "The stack may still be locked." if killed else "The stack is unlocked."
    next = "pulumi.cancel()   # removes the lock; then pulumi.refresh()" if killed else "pulumi.preview()"
    error = PulumiStopped(what, why=f"Done before that: {names}. {lock}", next=next, applied=done)
    error.killed = killed
    return error


def s3_backend(bucket: str, prefix: str = "") -> str:
    """Return the URL of a backend in a bucket of the course's cloud.

    Args:
        bucket: its name; it must exist. prefix: path below it, so that several projects share a bucket.
    """
    where = f"s3://{bucket}{'/' + prefix.strip('/') if prefix else ''}?region={cloud_access.REGION}"
    endpoint = cloud_access.url()
    if endpoint is None:
        return where
    scheme, _, host = endpoint.partition("://")
    plain = "&disableSSL=true" if scheme == "http" else ""
    return f"{where}&endpoint={host}{plain}&s3ForcePathStyle=true"


def file_backend(folder: str | os.PathLike[str]) -> str:
    """Return the URL of a backend in a directory, which is made when it is missing."""
    path = Path(folder).expanduser().absolute()
    path.mkdir(parents=True, exist_ok=True)
    return f"file://{path}"
