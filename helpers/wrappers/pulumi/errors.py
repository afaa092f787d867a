"""Pulumi's faults as typed errors, each with the next step.

Pulumi has no error codes, so a fault is known by its text; the rules are in one table below, taken from the source of
3.190 and tested against the real engine. What no rule knows is still a `PulumiError`.
"""

from __future__ import annotations

import re
from typing import ClassVar

from helpers.core.errors import CourseError


class PulumiError(CourseError):
    """Pulumi ended with an error. ``applied`` lists what was done and recorded before: (address, action)."""

    code = "pulumi-failed"
    hint: ClassVar[str] = ""

    def __init__(self, what: str, *, why: str = "", next: str = "", applied: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(what, why=why, next=next or self.hint)
        self.applied = applied


class MissingPassphrase(PulumiError):
    """The stack's secrets are encrypted with a passphrase, and none was given."""

    code = "missing-passphrase"
    hint = 'Pulumi(..., passphrase="...")   # the one that the stack was made with'


class WrongPassphrase(PulumiError):
    """The passphrase is not the one that the stack's secrets are encrypted with."""

    code = "wrong-passphrase"
    hint = 'Pulumi(..., passphrase="...")   # the one that the stack was made with'


class NoProject(PulumiError):
    """There is no ``Pulumi.yaml`` in the directory or above it."""

    code = "no-project"
    hint = "Write a Pulumi.yaml with name and runtime, or name the directory that has one."


class NoStack(PulumiError):
    """The backend has no stack of that name."""

    code = "no-stack"
    hint = 'pulumi.stack_init("dev")   # pulumi.stacks() lists those there are'


class StackExists(PulumiError):
    """The backend has a stack of that name already."""

    code = "stack-exists"
    hint = "pulumi.stacks()   # lists them; Pulumi(..., stack=NAME) uses one"


class StackNotEmpty(PulumiError):
    """The stack still has resources, so it is not removed."""

    code = "stack-not-empty"
    hint = "pulumi.destroy()   # then remove the stack"


class StackLocked(PulumiError):
    """Another run holds the stack's lock, or left it behind when it was killed."""

    code = "stack-locked"
    hint = "pulumi.cancel()   # only when the run that holds the lock is gone: it removes the lock"


class ProtectedResource(PulumiError):
    """A resource would be deleted or replaced that its options protect."""

    code = "protected-resource"
    hint = "Set protect=False in the program and run up, or pulumi.unprotect(urn); then try again."


class PluginMissing(PulumiError):
    """A program needs a provider plugin that is not here."""

    code = "plugin-missing"
    hint = "Put the plugin's executable (pulumi-resource-NAME) on PATH, or remove the resource that needs it."


class BackendUnreachable(PulumiError):
    """The backend that keeps the stacks cannot be reached or refuses access."""

    code = "backend-unreachable"
    hint = 'course services status   # is "cloud" running? Then check backend=.'


class MissingConfig(PulumiError):
    """The program asks for a configuration value that the stack does not have."""

    code = "missing-config"
    hint = 'pulumi.config_set("NAME", VALUE)   # secret=True for a secret'


class ProgramFailed(PulumiError):
    """The program raised an error.

    Attributes:
        file: file of the program's line that failed, relative to the project; empty when it is not in the project.
        line: its number.
        error: the last line of the traceback.
        traceback: the whole traceback, from the program's first line on.
    """

    code = "program-failed"
    hint = "Correct the line above, then pulumi.preview()."
    file: str = ""
    line: int = 0
    error: str = ""
    traceback: str = ""


class UpdateFailed(PulumiError):
    """An operation on a resource failed; what was done before it is in ``applied`` and in the state."""

    code = "update-failed"
    hint = "Correct the cause, then pulumi.preview(): what was done is in the state."


class PulumiStopped(PulumiError):
    """The run was cancelled, took too long or was killed. ``killed`` tells whether it could not end by itself."""

    code = "stopped"
    killed: bool = False


_RULES: tuple[tuple[str, type[PulumiError], str], ...] = (
    (r"passphrase must be set", MissingPassphrase, "The passphrase of the stack's secrets is missing"),
    (r"incorrect passphrase", WrongPassphrase, "The passphrase is not the stack's"),
    (r"Program exited with non-zero exit code: ", ProgramFailed, "The program ended itself"),
    (r"Missing required configuration variable '([^']+)'", MissingConfig, "The configuration {0} has no value"),
    (
        r"using the --stack flag, pass the fully qualified name|no Pulumi\.yaml (project file )?found|"
        r"no project file found",
        NoProject,
        "There is no Pulumi project here",
    ),
    (r"no stack named '([^']*)' found", NoStack, "There is no stack {0}"),
    (r"stack '([^']*)' already exists|a stack named (\S+) already exists", StackExists, "The stack {0} exists already"),
    (r"'?([\w./-]+)'? still has resources", StackNotEmpty, "The stack {0} still has resources"),
    (r"currently locked by (\d+) lock", StackLocked, "The stack is locked"),
    (
        r"cannot be deleted\s+because it is protected|unable to replace resource|can't be safely deleted because it is "
        r"protected",
        ProtectedResource,
        "A resource is protected",
    ),
    (r"no resource plugin '?([\w-]+)", PluginMissing, "The plugin {0} is not here"),
    (
        r"connection refused|no such host|AccessDenied|NoSuchBucket|InvalidAccessKeyId|could not list bucket|"
        r"unable to open bucket|failed to load checkpoint",
        BackendUnreachable,
        "The backend cannot be used",
    ),
)


def build_error(command: str, said: str, project: str = "", applied: tuple[tuple[str, str], ...] = ()) -> PulumiError:
    """Return the typed error for what Pulumi said when a command failed.

    Args:
        command: its name. said: its errors. project: directory of the project, to tell its lines from a library's.
        applied: what was done before.
    """
    if "Traceback (most recent call last)" in said and "Program failed" in said:
        return _program_failed(said, project, applied)
    for pattern, kind, what in _RULES:
        if found := re.search(pattern, said):
            name = next((group for group in found.groups() if group), "")
            return kind(what.format(name), why=_from(said, found.start()), applied=applied)
    kind = UpdateFailed if command in ("up", "destroy", "refresh", "import") else PulumiError
    if command == "preview":
        hint = "Correct the program or the stack's configuration, then pulumi.preview()."
        return PulumiError("pulumi preview failed", why=_short(said), next=hint)
    return kind(f"pulumi {command} failed", why=_short(said), applied=applied, next=kind.hint or "course doctor")


_NO_LINE = "Look at what the program awaits or exports (async functions), then pulumi.preview()."
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+), in (.+)$', re.MULTILINE)


def _program_failed(said: str, project: str, applied: tuple[tuple[str, str], ...]) -> ProgramFailed:
    """Return the error with the last line of the traceback that is the project's own."""
    trace = said[said.index("Traceback (most recent call last)") :].rstrip()
    frames = list(_FRAME.finditer(trace))
    prefix = project.rstrip("/") + "/"
    # A program that is one file is told by its name alone, as Python ran it.
    own = [f for f in frames if not prefix.strip("/") or f[1].startswith(prefix) or not f[1].startswith(("/", "<"))]
    last = _last_error(trace)
    if not own:
        why = f"{last}\nThe traceback names no line of the program: a value that it waits for could not be had."
        error = ProgramFailed("The program failed", why=why, next=_NO_LINE, applied=applied)
        error.error, error.traceback = last, trace
        return error
    at = own[-1]
    file = at[1].removeprefix(prefix).removeprefix("./")
    code = trace[at.end() :].lstrip("\n").splitlines()[0].strip()
    error = ProgramFailed(f"The program failed in line {at[2]} of {file}", why=f"{code}\n{last}", applied=applied)
    error.file, error.line, error.error, error.traceback = file, int(at[2]), last, trace
    return error


def _last_error(trace: str) -> str:
    """Return the line that names the exception; Pulumi may say more after the traceback."""
    lines = trace.splitlines()
    for index in range(len(lines) - 1, -1, -1):
        if re.match(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Warning|Interrupt)?(?::|$)", lines[index]) and (
            index == 0 or lines[index - 1].startswith(" ")
        ):
            return lines[index].strip()
    return lines[-1].strip() if lines else ""


def _from(said: str, at: int) -> str:
    """Return what was said from the line that holds a place on, without what follows it as a paragraph of its own."""
    start = said.rfind("\n", 0, at) + 1
    return _short(said[start:].split("\n\n")[0])


def _short(said: str) -> str:
    lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
    return "\n".join(dict.fromkeys(line.removeprefix("error: ") for line in lines[-8:]))
