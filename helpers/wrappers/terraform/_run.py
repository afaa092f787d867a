"""Runs one Terraform command: builds its environment and arguments, reads its message stream, types its faults."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

from helpers.core import process as _process
from helpers.core.errors import BadInput
from helpers.core.redact import forms, redact
from helpers.core.sensitive import mask_document
from helpers.wrappers.base import SHORT, RefusedVariable
from helpers.wrappers.terraform import config
from helpers.wrappers.terraform._messages import Diagnostic, Event
from helpers.wrappers.terraform.errors import (
    TerraformError,
    TerraformInterrupted,
    TerraformStopped,
    build_error,
    parse_text,
)

#: Seconds a run may take to end after an interrupt: killing it earlier would leave the state locked.
GRACE = 120.0
OnEvent = Callable[[Event], None]
Applied = tuple[tuple[str, str], ...]
S = TypeVar("S", bound="EventStream")
#: Where Terraform reads the values of ``variables=``: neither in the process list nor in a file.
STDIN = "/dev/stdin"
#: Marks the message that carries the state when it could be written nowhere.
DUMP = '"@message":"Emergency state dump"'

_REFUSED = {
    "TF_LOG*": "It would mix logs into the output.",
    "TF_CLI_ARGS*": "It would add options to every command; pass them as keyword options instead.",
    "TF_VAR_*": "Values must be seen where they are set: use variables={...} or var_files=[...].",
    "TF_INPUT": "A prompt would wait for ever; the wrapper never asks.",
    "TF_IN_AUTOMATION": "The wrapper sets it.",
    "TF_PLUGIN_CACHE_DIR": "That cache is unsafe for parallel init; the course uses a read-only mirror.",
    "TF_REATTACH_PROVIDERS": "It would replace a provider unseen; use provider=ProviderProcess().",
}
#: Setting one of these means that the caller brings their own credentials.
_ACCESS = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL", "PLATFORM_ENDPOINT")
#: Commands that reach no cloud: asking one for credentials would only make them slow, or fail.
_OFFLINE = ("fmt", "modules", "validate", "version")
_FIXED = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}


def check_env(env: Mapping[str, str]) -> dict[str, str]:
    """Return *env*, or raise `RefusedVariable` for one that would change what Terraform does or prints."""
    for name in env:
        for pattern, why in _REFUSED.items():
            if fnmatch.fnmatchcase(name, pattern):
                raise RefusedVariable(f"{name} cannot be set", why=why, next=f"Leave {name} out of env=.")
    return dict(env)


def literal(value: Any) -> str:
    """Return *value* as a Terraform literal: JSON, with template signs escaped.

    Raises:
        BadInput: the value has no counterpart in Terraform.
    """
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise BadInput(
            "A variable has a value that Terraform cannot take", why=str(error), next="Use str, int, list, dict."
        ) from None
    text = text.replace("\\b", "\\u0008").replace("\\f", "\\u000c")
    return text.replace("${", "$${").replace("%{", "%%{")


def option_args(options: Mapping[str, Any]) -> list[str]:
    """Return keyword options as flags: ``lock_timeout="5s"`` -> ``-lock-timeout=5s``; None is left out."""
    args: list[str] = []
    for name, value in options.items():
        flag = "-" + name.replace("_", "-")
        if value is None:
            continue
        if isinstance(value, bool):
            args.append(f"{flag}={str(value).lower()}")
        elif isinstance(value, list | tuple):
            args += [f"{flag}={os.fspath(v) if isinstance(v, os.PathLike) else v}" for v in value]
        else:
            args.append(f"{flag}={value}")
    return args


class Runner:
    """The executable, the working directory and the environment of one `Terraform`."""

    def __init__(
        self,
        executable: Path,
        workdir: Path,
        env: Mapping[str, str],
        *,
        account: str | None,
        variables: Mapping[str, Any],
        var_files: Sequence[str | os.PathLike[str]],
        secrets: Sequence[str],
        timeout: float | None,
        reattach: str = "",
    ) -> None:
        self.executable, self.workdir = executable, workdir
        self._env, self._account = dict(env), account
        self.variables = dict(variables)
        self.var_files = [os.fspath(path) for path in var_files]
        self.secrets, self.timeout = tuple(secrets), timeout
        self._reattach = reattach
        #: The state that a run could not write anywhere.
        self.unsaved_state: str | None = None

    def env(self, command: str) -> dict[str, str]:
        """Return the environment of the next run of a command; asked each time, as services start, stop and move."""
        own_access = command in _OFFLINE or any(name in self._env for name in _ACCESS)
        found = config.environment_for(None if command in _OFFLINE else self._account, own_access=own_access)
        # With it, init would neither look for the provider nor check its version.
        attach = {"TF_REATTACH_PROVIDERS": self._reattach} if self._reattach and command != "init" else {}
        return {**_process.environment(), **SHORT, **found, **self._env, **_FIXED, **attach}

    def _argv(self, args: Sequence[str]) -> list[str]:
        return [str(self.executable), *args]

    def text(
        self,
        args: Sequence[str],
        *,
        operands: Sequence[str] = (),
        ok: Sequence[int] = (0,),
        raw: bool = False,
        variables: bool = False,
        input: str | None = None,
    ) -> _process.Completed:
        """Run a command without a message stream; *input* is for one that reads, and has no variables.

        Raises:
            TerraformError: its exit code is not in *ok*.
        """
        more, stdin = self.variable_args() if variables else ([], input)
        command = args[0]
        try:
            done = _process.run(
                self._argv([*args, *more, *operands]),
                cwd=self.workdir,
                env=self.env(command),
                input=stdin,
                timeout=self.timeout,
                secrets=self.secrets,
                grace=GRACE,
                raw_stdout=raw,
            )
        except (_process.Cancelled, _process.TimedOut) as error:
            raise stopped(command, error, ()) from None
        if done.returncode < 0:
            raise killed(command, -done.returncode, ())
        if done.returncode not in ok:
            raise self.error(command, done, raw=raw)
        return done

    def error(self, command: str, done: _process.Completed, *, raw: bool = False) -> TerraformError:
        """Return the typed error for a command without a message stream."""
        return build_error(command, parse_text(done.stderr or ("" if raw else done.stdout)))

    def json(self, args: Sequence[str], *, ok: Sequence[int] = (0,)) -> Any:
        """Run a command that prints one JSON document and return it, sensitive values not yet masked."""
        done = self.text(args, ok=ok, raw=True)
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError:
            raise TerraformError(
                f"terraform {args[0]} did not print JSON", why=done.stderr, next="course doctor"
            ) from None

    def variable_args(self) -> tuple[list[str], str | None]:
        """Return the flags for variables, and what to write to standard input."""
        args = [f"-var-file={path}" for path in self.var_files]
        if not self.variables:
            return args, None
        lines = [f"{name} = {literal(value)}\n" for name, value in self.variables.items()]
        return [*args, f"-var-file={STDIN}"], "".join(lines)

    def stream(self, kind: type[S], args: Sequence[str], *, operands: Sequence[str] = (), variables: bool = False) -> S:
        """Start a command with ``-json`` messages and return it running."""
        more, stdin = self.variable_args() if variables else ([], None)
        process = _process.Running(
            self._argv([args[0], "-json", *args[1:], *more, *operands]),
            cwd=self.workdir,
            env=self.env(args[0]),
            input=stdin,
            timeout=self.timeout,
            secrets=self.secrets,
            grace=GRACE,
            raw_stdout=True,
        )
        return kind(args[0], process, self)


class EventStream:
    """A running command: iterate for its events as they come, then call `finish`.

    A line that is not JSON becomes an event of type ``text``; an unknown message type is kept as it is.
    """

    def __init__(self, command: str, process: _process.Running, runner: Runner) -> None:
        self.command = command
        self.events: list[Event] = []
        self._process, self._runner = process, runner
        self._lines = self._read()

    @property
    def pid(self) -> int:
        """Id of the process and of its group."""
        return self._process.pid

    def __iter__(self) -> Iterator[Event]:
        return self._lines

    def _read(self) -> Iterator[Event]:
        try:
            masks = forms(self._runner.secrets)
            for line in self._process:
                if line.text.strip():
                    event = parse_event(redact(self._keep_state(line.text), masks))
                    self.events.append(event)
                    yield event
        except (_process.Cancelled, _process.TimedOut) as error:
            raise stopped(self.command, error, self.applied) from None
        except KeyboardInterrupt:
            self._process.cancel()
            raise interrupted(self.command, self._process, self.applied) from None

    def _keep_state(self, line: str) -> str:
        """Return a line without the state in it.

        Terraform prints the whole state, secrets and all, when it can be written nowhere. It is the only copy.
        """
        if DUMP not in line:
            return line
        raw = json.loads(line)
        self._runner.unsaved_state = json.dumps(raw.pop("state"), indent=2)
        return json.dumps(raw)

    def cancel(self) -> None:
        """Ask the command to end; it ends in an orderly way and leaves the state unlocked."""
        self._process.cancel()

    def finish(self, on_event: OnEvent | None = None, *, ok: Sequence[int] = (0,)) -> _process.Completed:
        """Read to the end.

        Raises:
            TerraformError: the exit code is not in *ok*.
        """
        try:
            for event in self:
                if on_event is not None:
                    on_event(event)
            done = self._process.wait()
        except TerraformStopped:
            raise
        except KeyboardInterrupt:
            self._process.cancel()
            raise interrupted(self.command, self._process, self.applied) from None
        except BaseException:
            self._process.cancel()
            raise
        if done.returncode < 0:
            raise killed(self.command, -done.returncode, self.applied)
        if done.returncode not in ok:
            found = self.diagnostics or parse_text(done.stderr or done.stdout)
            raise build_error(self.command, found, self.applied)
        return done

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        # Leaving early must not leave a run behind that nobody watches.
        if self._process.returncode is None:
            self._process.cancel()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The diagnostics among the events so far."""
        return tuple(without_stdin(d) for event in self.events if (d := event.diagnostic) is not None)

    @property
    def applied(self) -> Applied:
        """The finished operations so far: (address, action). Reading a data source applies nothing."""
        done = (e for e in self.events if e.type == "apply_complete" and e.action != "read")
        return tuple((e.address, e.action) for e in done)


def parse_event(line: str) -> Event:
    """Return the event of one line of a message stream."""
    try:
        raw = json.loads(line)
    except json.JSONDecodeError:
        raw = None
    if not isinstance(raw, dict):
        return Event("text", line)
    for document in ("test_plan", "test_state"):
        if isinstance(raw.get(document), dict):
            raw[document] = mask_document(raw[document])
    if "Can't change variable" in line:
        _without_values(raw)
    return Event.from_json(raw)


def _without_values(raw: dict[str, Any]) -> None:
    """Take the values out of the fault about a variable that a saved plan fixes: Terraform prints sensitive ones."""
    found = raw.get("diagnostic") or {}
    found.pop("snippet", None)
    found["detail"] = re.sub(
        r"The saved plan specifies .*? was set by",
        "Another value was set by",
        str(found.get("detail")),
        flags=re.DOTALL,
    )


def stopped(command: str, error: _process.ProcessError, applied: Applied) -> TerraformStopped:
    """Return the error for a run that was cancelled or timed out: what was applied, is the state unlocked."""
    killed = error.completed is not None and error.completed.returncode < 0
    result = _stop_error(TerraformStopped, command, applied, killed)
    if isinstance(error, _process.TimedOut):
        result.reason, result.what = "timed-out", f"terraform {command} took too long and was stopped"
    return result


def killed(command: str, signal: int, applied: Applied) -> TerraformStopped:
    """Return the error for a run that somebody else killed."""
    result = _stop_error(TerraformStopped, command, applied, True)
    result.reason, result.what = "killed", f"terraform {command} was killed by signal {signal}"
    return result


def interrupted(command: str, process: _process.Running, applied: Applied) -> TerraformStopped:
    """Return the error for a run that the learner stopped."""
    killed = (process.returncode or 0) < 0
    return _stop_error(TerraformInterrupted, command, applied, killed)


def _stop_error(kind: type[TerraformStopped], command: str, applied: Applied, killed: bool) -> TerraformStopped:
    done = ", ".join(f"{address} ({action})" for address, action in applied) or "nothing"
    lock = "The state may still be locked: the run was killed." if killed else "The state is unlocked."
    error = kind(
        f"terraform {command} was cancelled",
        why=f"Applied before that: {done}. {lock}" if command in ("apply", "destroy") else lock,
        next="tf.plan()   # a lock left behind is named, with the command that removes it"
        if killed
        else "tf.plan()   # shows what is left to do",
        applied=applied,
    )
    error.killed = killed
    return error


def without_stdin(found: Diagnostic) -> Diagnostic:
    """Return the diagnostic with the place of a variable's value named as the caller wrote it, value unseen."""
    if found.file == STDIN:
        found = replace(found, file="variables=", line=None, snippet="")
    return replace(found, detail=found.detail.replace(STDIN, "variables="))
