"""Terraform's faults as typed errors, each with the next step.

Terraform has no error codes in its JSON, so a fault is known by the ``summary`` of its diagnostic; the rules are
in one table below and tested against the real tool. What no rule knows is still a `TerraformError`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from helpers.core import terminal
from helpers.core.errors import CourseError
from helpers.wrappers.terraform._messages import Diagnostic


class TerraformError(CourseError):
    """Terraform ended with errors. ``diagnostics_list`` has them all, ``applied`` what was done before."""

    code = "terraform-failed"
    hint: ClassVar[str] = ""

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        next: str = "",
        found: tuple[Diagnostic, ...] = (),
        applied: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(what, why=why, next=next or self.hint)
        self.diagnostics_list = found
        self.applied = applied


class InvalidConfiguration(TerraformError):
    """The configuration is wrong; the message names file and line."""

    code = "invalid-configuration"
    hint = "Correct the file at the line above, then tf.validate()."


class InitRequired(TerraformError):
    """The working directory is not initialised, or not for its present configuration."""

    code = "init-required"
    hint = "tf.init()   # tf.init(upgrade=True) after changing a version constraint"


class MissingVariable(TerraformError):
    """A required variable has no value; ``names`` lists them."""

    code = "missing-variable"
    names: tuple[str, ...] = ()


class InvalidVariable(TerraformError):
    """A variable has a value of the wrong type, one its validation refuses, or is not declared."""

    code = "invalid-variable"
    hint = "Correct the value in variables={...}, or the variable block that refuses it."


class ProviderNotAvailable(TerraformError):
    """A provider cannot be found or installed."""

    code = "provider-not-available"
    hint = "course tools install provider-platform   # or correct source and version in required_providers"


class LockFileMismatch(ProviderNotAvailable):
    """A provider's package is another one than the dependency lock file records."""

    code = "lock-file-mismatch"
    hint = (
        "If the provider was rebuilt, or comes from another source, on purpose: delete its block from "
        ".terraform.lock.hcl, then tf.init().\n      If not: somebody changed the package; ask before you trust it."
    )


class LockFileUnreadable(TerraformError):
    """The dependency lock file cannot be read: it was edited, or a merge left its marks in it."""

    code = "lock-file-unreadable"
    hint = (
        "git checkout -- .terraform.lock.hcl   # the file as committed; after a merge conflict choose one side\n"
        "      Without Git: delete the file, then tf.init() writes it again."
    )


class InvalidAddress(TerraformError):
    """What was named for ``target=`` or ``replace=`` is not the address of a resource."""

    code = "invalid-address"
    hint = "tf.state_list()   # lists the addresses, for example module.pool.platform_gpu_pool.this[0]"


class TerraformCrashed(TerraformError):
    """Terraform itself ended by a fault of its own."""

    code = "terraform-crashed"
    hint = (
        "Run it again. If it crashes again: undo your last change, and report the rest to Terraform's makers, "
        "https://github.com/hashicorp/terraform/issues"
    )


class ModuleNotAvailable(TerraformError):
    """A module cannot be found or fetched."""

    code = "module-not-available"
    hint = "course services start registry   # then check source and version of the module block"


class ModuleVersionNotFound(ModuleNotAvailable):
    """No published version of the module satisfies the constraint."""

    code = "module-version-not-found"
    hint = (
        "Change the version constraint, or publish a version that satisfies it; the registry page lists them. "
        "A pre-release is taken only where it is named exactly."
    )


class BackendError(TerraformError):
    """The backend that keeps the state is misconfigured or cannot be reached."""

    code = "backend-failed"
    hint = 'course services status   # is "cloud" running? Then check the backend block and tf.init(reconfigure=True)'


class StalePlan(TerraformError):
    """The saved plan is older than the state, was made with other values of variables, or its file is gone."""

    code = "stale-plan"
    hint = "plan = tf.plan()   # plan again, review, then tf.apply(plan)"


class NoPermission(TerraformError):
    """The operating system or the cloud refused access."""

    code = "no-permission"
    hint = "Check who owns the directory (ls -ld), or which account the credentials belong to."


class DiskFull(TerraformError):
    """A file could not be written: the disk is full or a quota is used up."""

    code = "disk-full"
    hint = "df -h .   # make room (course tools clean), then run it again"


class StateNotSaved(DiskFull):
    """The disk was full when the state had to be written; it is kept in memory until it can be."""

    code = "state-not-saved"
    hint = "df -h .   # make room (course tools clean), then tf.recover_state() in this same session"


class StateTooNew(TerraformError):
    """The state was written by a later Terraform, in a form that this one does not know."""

    code = "state-too-new"
    hint = "course tools list   # use a Terraform that is not older than the one that wrote the state"


class StateDamaged(TerraformError):
    """The state file cannot be read: a write of it was cut short, or it was edited."""

    code = "state-damaged"
    hint = "tf.recover_state()   # in the session that lost it; else restore terraform.tfstate.backup by hand"


class ApplyFailed(TerraformError):
    """Some operation failed; ``applied`` lists what was done and recorded before."""

    code = "apply-failed"
    hint = "Correct the cause and plan again: what was applied is in the state."


class TerraformStopped(TerraformError):
    """The run was cancelled or took too long; ``killed`` tells whether it could not end by itself."""

    code = "stopped"
    reason: str = "cancelled"
    killed: bool = False


class TerraformInterrupted(TerraformStopped, KeyboardInterrupt):
    """Stop was pressed; Terraform ended in an orderly way first."""

    code = "interrupted"


@dataclass(frozen=True)
class LockInfo:
    """Who holds the lock on the state."""

    id: str
    who: str = ""
    operation: str = ""
    created: str = ""
    path: str = ""
    version: str = ""


class StateLocked(TerraformError):
    """Another run holds the lock on the state; ``lock`` says who, when and its id."""

    code = "state-locked"
    lock: LockInfo = LockInfo("")


_LOCK_FIELD = re.compile(r"^\s*(ID|Path|Operation|Who|Version|Created):[ \t]*(.*?)\s*$", re.MULTILINE)

#: First match wins: (part looked at, pattern, error). Order matters, the specific before the general.
_RULES: tuple[tuple[str, str, type[TerraformError]], ...] = (
    ("all", r"TERRAFORM CRASH", TerraformCrashed),
    ("all", r"the raw state data is printed above", StateNotSaved),
    ("all", r"no space left on device|file too large|disk quota exceeded", DiskFull),
    ("all", r"state file uses format version \d+, which is not supported", StateTooNew),
    ("all", r"Unsupported state file format|state file could not be parsed", StateDamaged),
    ("all", r"permission denied|read-only file system|AccessDenied|StatusCode: 403|Unauthorized\b", NoPermission),
    (
        "all",
        r"match\s+any\s+of\s+the\s+checksums\s+(?:previously\s+)?recorded\s+in\s+the\s+dependency",
        LockFileMismatch,
    ),
    ("summary", r"failed to read dependency lock file", LockFileUnreadable),
    ("summary", r"Invalid target|Invalid force-replace address", InvalidAddress),
    ("summary", r"Error acquiring the state lock", StateLocked),
    ("summary", r"No value for required variable", MissingVariable),
    ("summary", r"Invalid value for (input )?variable|Value for undeclared variable", InvalidVariable),
    ("summary", r"Unresolvable module version constraint|Module has no versions", ModuleVersionNotFound),
    (
        "summary",
        r"Error accessing remote module registry|Module not found|Failed to download module"
        r"|Unreadable module directory|Invalid registry module|Could not download module",
        ModuleNotAvailable,
    ),
    (
        "summary",
        r"Failed to query available provider packages|Failed to install provider|Incompatible provider"
        r"|Failed to (instantiate|obtain|load) .*provider|Failed to resolve provider",
        ProviderNotAvailable,
    ),
    (
        "summary",
        r"Backend initialization required|Module not installed|Inconsistent dependency lock file"
        r"|Required plugins are not installed|Module source has changed|Missing required provider"
        r"|Backend configuration changed|[Pp]lease run \"terraform init",
        InitRequired,
    ),
    ("summary", r"Can't change variable when applying|Ephemeral variable was not set", StalePlan),
    ("summary", r"Saved plan|Failed to load .* as a plan file|plan file", StalePlan),
    (
        "summary",
        r"backend|Backend|Error loading state|Failed to get existing workspaces|Error refreshing state"
        r"|Missing [Rr]e(quired|gion) [Vv]alue|Failed to (load|save|persist) state",
        BackendError,
    ),
)


def classify(found: tuple[Diagnostic, ...]) -> tuple[type[TerraformError], Diagnostic | None]:
    """Return the kind of the first rule that any error matches, and that error."""
    errors = [d for d in found if d.severity == "error"]
    for part, pattern, kind in _RULES:
        for error in errors:
            text = error.summary if part == "summary" else f"{error.summary}\n{error.detail}"
            if re.search(pattern, text):
                return kind, error
    return TerraformError, errors[0] if errors else None


def build_error(
    command: str, found: tuple[Diagnostic, ...], applied: tuple[tuple[str, str], ...] = ()
) -> TerraformError:
    """Return the typed error for the diagnostics of a failed *command* (``plan``, ``apply``, ...)."""
    # Terraform works in parallel and reports faults in any order; a person reads a file from the top.
    found = tuple(sorted(found, key=lambda d: (not d.file, d.file or "", d.line or 0)))
    kind, error = classify(found)
    if error is None:
        return TerraformError(f"terraform {command} failed", why="Terraform gave no reason.")
    if kind is StateLocked:
        return _locked(command, error, found, applied)
    if kind is MissingVariable:
        return _missing(command, found)
    if kind is TerraformCrashed:
        return _crashed(command, error, applied)
    if kind is StateTooNew:
        return StateTooNew(f"terraform {command} cannot read the state", why=error.detail, found=found)
    if kind is TerraformError:
        kind = ApplyFailed if command in ("apply", "destroy") else kind
        kind = InvalidConfiguration if kind is TerraformError and error.file else kind
    why = "\n".join(str(d) for d in _distinct(found))
    if applied:
        why += "\nApplied before that: " + ", ".join(f"{address} ({action})" for address, action in applied)
    summary = error.summary.splitlines()[0].rstrip(".:")
    return kind(f"terraform {command} failed: {summary}", why=why, found=found, applied=applied)


def _crashed(command: str, error: Diagnostic, applied: tuple[tuple[str, str], ...]) -> TerraformCrashed:
    """Return the error for a crash: what Terraform says of it, without its banner and its stack."""
    said = error.detail.partition("goroutine ")[0].strip().split("\n\n")[-1]
    done = "\nApplied before that: " + ", ".join(f"{address} ({action})" for address, action in applied)
    return TerraformCrashed(
        f"terraform {command} crashed: a fault of Terraform, whatever your files say",
        why=said + (done if applied else ""),
        found=(error,),
        applied=applied,
    )


def _distinct(found: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    # Terraform ends a halted apply with "execution halted" once a branch; it says nothing.
    errors = [d for d in found if d.severity == "error" and d.summary != "execution halted"]
    return list(dict.fromkeys(errors))[:5]


def _missing(command: str, found: tuple[Diagnostic, ...]) -> MissingVariable:
    details = [d.detail for d in found if d.summary == "No value for required variable"]
    names = tuple(m.group(1) for d in details if (m := re.search(r'variable "([^"]+)"', d)))
    listed = ", ".join(names)
    why = "These variables of the root module have no default value."
    if any("ephemeral" in detail for detail in details):
        why = "They are ephemeral: the plan was made with them, but no plan keeps them."
    error = MissingVariable(
        f"terraform {command} needs a value for {listed}",
        why=why,
        next="Terraform(..., variables={" + ", ".join(f'"{name}": ...' for name in names) + "})",
        found=found,
    )
    error.names = names
    return error


def _locked(
    command: str, error: Diagnostic, found: tuple[Diagnostic, ...], applied: tuple[tuple[str, str], ...]
) -> StateLocked:
    fields = {key.lower(): value for key, value in _LOCK_FIELD.findall(error.detail)}
    lock = LockInfo(**{"id": "", **fields})
    # The operating system holds the lock of a local state; it ends with its process, and nobody else can end it.
    local = "resource temporarily unavailable" in error.detail
    result = StateLocked(
        f"terraform {command} cannot lock the state: {lock.who or 'another run'} holds it",
        why=f"Lock {lock.id}, taken for {lock.operation} at {lock.created}." if lock.id else error.detail,
        next="Wait until that run has ended, or end it: the lock of a local state ends with its process."
        if local
        else "Wait until that run has ended. Only if it is surely dead: "
        + (f'tf.force_unlock("{lock.id}")' if lock.id else "tf.force_unlock(ID)"),
        found=found,
        applied=applied,
    )
    result.lock = lock
    return result


def parse_text(text: str) -> tuple[Diagnostic, ...]:
    """Return the diagnostics in Terraform's text for people, for the few subcommands without ``-json``."""
    clean = terminal.plain(text)
    lines = [re.sub(r"^[│╷╵ ]+", "", line) for line in clean.splitlines()]
    blocks = re.split(r"^(?=Error: |Warning: )", "\n".join(lines), flags=re.MULTILINE)
    found = []
    for block in blocks:
        if match := re.match(r"(Error|Warning): (.*)\n?((?:.|\n)*)", block):
            found.append(Diagnostic(match[1].lower(), match[2].strip(), match[3].strip()))
    if not found and clean.strip():
        found.append(Diagnostic("error", clean.strip().splitlines()[0], "\n".join(clean.strip().splitlines()[1:])))
    return tuple(found)
