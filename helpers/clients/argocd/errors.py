"""What goes wrong with Argo CD, as types, read from its answers, conditions and operation messages.

Source of the wording: argo-cd v3.6 (``server/application``, ``util/argo``, ``util/rbac``, ``controller``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from helpers.core.errors import CourseError

if TYPE_CHECKING:
    from helpers.clients.argocd.types import Application, Operation

__all__ = [
    "ArgoError",
    "ArgoNotFound",
    "Cancelled",
    "ComparisonFailed",
    "Invalid",
    "NotLoggedIn",
    "PermissionDenied",
    "ProjectForbids",
    "RepositoryRefused",
    "SyncFailed",
    "SyncRefused",
    "TimedOut",
    "Unreachable",
]

#: Why a sync was not begun or not carried out.
Reason = Literal["sync-window", "operation-in-progress", "auto-sync", "deleting", "signature", "precondition"]
#: What kept Argo CD from comparing.
Cause = Literal["git", "credentials", "revision", "path", "manifest", "cluster"]


class ArgoError(CourseError):
    """Base of the faults of Argo CD."""

    code = "argocd-error"


class Unreachable(ArgoError):
    """Argo CD's API server does not answer, or is not the one we trust; *slow*: it took the call and said nothing."""

    code = "argocd-unreachable"
    slow: bool = False


class Cancelled(ArgoError):
    """The wait was cancelled; what Argo CD does goes on."""

    code = "argocd-cancelled"


class NotLoggedIn(ArgoError):
    """The account's token is missing, expired or not known (HTTP 401)."""

    code = "argocd-not-logged-in"


class ArgoNotFound(ArgoError):
    """There is no such application, project, revision or repository."""

    code = "argocd-not-found"


class Invalid(ArgoError):
    """Argo CD does not accept the manifest or the request; nothing was changed."""

    code = "argocd-invalid"


class RepositoryRefused(ArgoError):
    """Argo CD could not reach the repository with these credentials; they were not kept."""

    code = "argocd-repository-refused"


class PermissionDenied(ArgoError):
    """RBAC forbids it: *who* wanted to do which *action* on which *object*."""

    code = "argocd-permission-denied"

    def __init__(self, what: str, *, who: str, action: str, object: str, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.who, self.action, self.object = who, action, object


class ProjectForbids(ArgoError):
    """The project does not permit the repository, the destination, the namespace or the kind."""

    code = "argocd-project-forbids"

    def __init__(
        self, what: str, *, project: str, operation: Operation | None = None, why: str = "", next: str = ""
    ) -> None:
        super().__init__(what, why=why, next=next)
        self.project, self.operation = project, operation


class _OfOperation(ArgoError):
    def __init__(self, what: str, *, operation: Operation | None = None, why: str = "", next: str = "") -> None:
        super().__init__(what, why=why, next=next)
        self.operation = operation


class ComparisonFailed(_OfOperation):
    """Argo CD could not tell what should be there; *cause* says what it stumbled over."""

    code = "argocd-comparison-failed"
    cause: Cause = "manifest"


class SyncRefused(_OfOperation):
    """A rule forbids the sync; nothing was changed. *reason* says which."""

    code = "argocd-sync-refused"
    reason: Reason = "precondition"


class SyncFailed(_OfOperation):
    """The operation was begun and failed; `operation` has what happened to each resource."""

    code = "argocd-sync-failed"


class TimedOut(ArgoError):
    """The applications did not come to what was waited for; *cause* is the typed error behind it, when one is known."""

    code = "argocd-timed-out"

    def __init__(
        self,
        what: str,
        *,
        applications: Sequence[Application] = (),
        cause: ArgoError | None = None,
        why: str = "",
        next: str = "",
    ) -> None:
        super().__init__(what, why=why, next=next)
        self.applications, self.cause = tuple(applications), cause

    @property
    def application(self) -> Application | None:
        """The (first) application as it was last seen."""
        return self.applications[0] if self.applications else None


#: Names of Argo CD's inner calls and types, which tell a person nothing.
_NOISE = (
    (re.compile(r"rpc error: code = \w+ desc = "), ""),
    (re.compile(r'(?:repositories not accessible: )?&Repository\{Repo: ("[^"]*")[^}]*\}'), r"\1"),
    (re.compile(r"repo client error while testing repository: error testing repository connectivity: "), ""),
    (re.compile(r"application spec for \S+ is invalid: "), ""),
)
_PROJECT = re.compile(
    r"(?:not permitted in project|(?:do|does) not match any of the allowed destinations in project"
    r"|not permitted to use project|not allowed in project) ['\"]?([^'\",;\s]+)"
)
_DENIED = re.compile(r"permission denied: (?P<resource>[\w-]+), (?P<action>[\w/-]+)(?:, (?P<object>[^,]+))?")
_SIGNATURE = re.compile(r"GIT/GPG|source integrity|Failed verifying revision|signature", re.I)

_WINDOW = "argo.sync_windows(argo.application({name!r}).project) shows when syncs are allowed."
#: Part of the message -> reason, and what to do.
_REFUSALS: tuple[tuple[str, Reason, str], ...] = (
    (
        "sync operation blocked by sync window",
        "sync-window",
        "It is carried out when the window opens; argo.terminate({name!r}) takes it back.",
    ),
    ("blocked by sync window", "sync-window", _WINDOW),
    ("invalid sync window", "sync-window", "Correct the project's syncWindows (schedule in cron form, duration 1h)."),
    (
        "another operation is already in progress",
        "operation-in-progress",
        "argo.wait({name!r}, sync=None, health=None), or argo.terminate({name!r}).",
    ),
    ("rollback cannot be initiated when auto-sync", "auto-sync", "Revert the commit in Git, or turn auto-sync off."),
    ("auto-sync currently set to", "auto-sync", "Change the target revision in Git, or turn auto-sync off."),
    ("automatic sync policy is enabled", "auto-sync", "Turn auto-sync off first."),
    ("application is deleting", "deleting", "Wait until it is gone."),
)
#: Part of a message about a signature -> what to do.
_SIGNATURES = (
    ("not in keyring", "argo.add_gpg_key(ARMORED) with the signer's public key, if we trust the signer."),
    ("unallowed key", "Have someone sign whose key the project's sourceIntegrity lists."),
    ("", "Sign the commit with a key that the project's sourceIntegrity lists, and push it again."),
)

#: Words of a comparison error -> cause, in this order.
_CAUSES: tuple[tuple[str, Cause], ...] = (
    (r"kustomize build|helm template|unmarshal|converting yaml|did not find expected", "manifest"),
    (r"authentication required|authorization failed|invalid credentials|401 unauthorized|403 forbidden", "credentials"),
    (
        r"unable to resolve '[^']*' to a commit|ambiguous argument|couldn't find remote ref|reference not found",
        "revision",
    ),
    (r"app path does not exist|no such file or directory$", "path"),
    (
        r"repository not accessible|failed to list refs|dial tcp|connection refused|connection reset|no such host"
        r"|repository not found|could not read from remote|unable to access|failed to fetch|i/o timeout"
        r"|does not appear to be a git|failed to initialize repository|unexpected eof|503 service",
        "git",
    ),
    (
        r"failed to (?:get|load) (?:destination )?cluster|failed to load live state|cluster cache"
        r"|unable to get cluster",
        "cluster",
    ),
)
_MEND: dict[Cause, str] = {
    "git": "course services start git   # then argo.application(NAME, refresh='normal')",
    "credentials": "argo.add_repository(URL, PERSON, TOKEN) with a token that may read it.",
    "revision": "Push the branch or commit, or correct spec.source.targetRevision.",
    "path": "Push the directory, or correct spec.source.path.",
    "manifest": "Build it locally: Kustomize(DIRECTORY).build('.'); correct it, commit, push.",
    "cluster": "course services start kubernetes",
}
_COMPARED: dict[Cause, str] = {
    "git": "Argo CD cannot reach the Git repository of {name}",
    "credentials": "Argo CD may not read the Git repository of {name}",
    "revision": "The Git repository of {name} does not have the revision",
    "path": "The Git repository of {name} does not have the directory",
    "manifest": "Argo CD cannot make manifests for {name}",
    "cluster": "Argo CD cannot read the cluster of {name}",
}


def clean(message: str) -> str:
    """Return Argo CD's message without the names of its inner calls."""
    for noise, instead in _NOISE:
        message = noise.sub(instead, message)
    return message.strip()


def from_answer(status: int, body: Any, *, who: str, action: str, object: str) -> ArgoError:
    """Return the error for an answer of the API that is not a success.

    Args:
        status: of HTTP.
        body: JSON of the answer (``{"code", "message"}``), or its text.
        who: the account that asked.
        action: what it wanted to do, in RBAC's words (``get``, ``sync``, ...).
        object: to what, for a person: ``application shop``.
    """
    said = body if isinstance(body, dict) else {}
    raw = str(said.get("message") or said.get("error") or (body if isinstance(body, str) else "")) or f"HTTP {status}"
    message, code = clean(raw), said.get("code")
    name = object.partition(" ")[2]
    if code == 16 or status == 401:
        return NotLoggedIn(f"Argo CD does not know {who}", why=message, next="course services restart gitops")
    if re.search(r"repo URL is invalid|are required|is missing", message) and (code == 3 or status == 400):
        return Invalid(f"Argo CD does not accept {object}", why=message, next="Correct what it names.")
    found = from_message(message, name) or _denied(message, code, status, who, action, object)
    if found is not None:
        return found
    if "does not have deployment with id" in message:
        return ArgoNotFound(f"The history of {name} has no such entry", why=message, next=f"argo.history({name!r})")
    if "validating PGP keys" in message:
        return Invalid("Argo CD cannot read this GnuPG public key", why=message, next="gpg --armor --export KEY")
    if "No operation is in progress" in message:
        return Invalid(f"No operation of {name} is running", why=message, next=f"argo.application({name!r}).operation")
    if code == 5 or status == 404 or re.search(r"\bnot found\b|does not exist", message):
        return ArgoNotFound(f"There is no {object}", why=message, next=_look(object))
    if code in (4, 14) or status in (502, 503, 504):
        return Unreachable(f"Argo CD could not {action} {object} in time", why=message, next="Try again in a moment.")
    if object.startswith("repository"):
        return RepositoryRefused(f"Argo CD cannot use {object}", why=message, next="Look at the URL, person and token.")
    if code == 9:
        return _refused(f"Argo CD will not {action} {object} now", "precondition", message, "argo.application(NAME)")
    if code == 3 or status == 400:
        return Invalid(f"Argo CD does not accept {object}", why=message, next="Correct what it names.")
    return ArgoError(f"Argo CD could not {action} {object}", why=message, next="course services logs gitops")


def from_message(message: str, name: str, operation: Operation | None = None) -> ArgoError | None:
    """Return the error that a message of Argo CD means, or ``None`` when it is of no known kind."""
    low = message.lower()
    for part, reason, step in _REFUSALS:
        if part in low:
            return _refused(f"Argo CD refuses to sync {name}", reason, message, step.format(name=name), operation)
    if _SIGNATURE.search(message) and ("verif" in low or "sign" in low or "integrity" in low):
        advice = next(step for part, step in _SIGNATURES if part in message)
        return _refused(f"Argo CD refuses the revision of {name}", "signature", message, advice, operation)
    if project := _PROJECT.search(message):
        of = project[1].rstrip("'\".")
        what = f"Project {of} does not permit this for {name}"
        step = f"argo.project({of!r}) shows what it permits."
        return ProjectForbids(what, project=of, operation=operation, why=message, next=step)
    if re.search(
        r"ComparisonError|Failed to (?:load target|compare)|generate manifest|repository not accessible"
        r"|unable to resolve '|app path does not exist|resolving repo revision",
        message,
        re.I,
    ):
        return comparison_failed(message, name, operation)
    return None


def comparison_failed(message: str, name: str, operation: Operation | None = None) -> ComparisonFailed:
    """Return the error for a comparison that Argo CD could not make."""
    cause: Cause = next((cause for words, cause in _CAUSES if re.search(words, message, re.I)), "manifest")
    error = ComparisonFailed(
        _COMPARED[cause].format(name=name), why=clean(message), next=_MEND[cause], operation=operation
    )
    error.cause = cause
    return error


def from_operation(operation: Operation, name: str) -> ArgoError:
    """Return the error for an operation that ended as ``Failed`` or ``Error``."""
    rows = [
        f"{r.kind} {r.name}: {clean(r.message)}"
        for r in operation.resources
        if r.status == "SyncFailed" or r.hook_phase in ("Failed", "Error")
    ]
    why = "\n".join([clean(operation.message), *rows])
    found = from_message(why, name, operation)
    return found or SyncFailed(
        f"The sync of {name} failed", why=why, next=f"argo.diff({name!r}) shows what is left.", operation=operation
    )


def from_running(operation: Operation, name: str) -> ArgoError | None:
    """Return the error for an operation that runs but is held back by a sync window; else ``None``."""
    if operation.phase != "Running" or "blocked by sync window" not in operation.message:
        return None
    return from_message(operation.message, name, operation)


def from_application(application: Application) -> ArgoError | None:
    """Return the error that an application's conditions or last operation tell of, if any."""
    for condition in application.conditions:
        if condition.type in ("ComparisonError", "InvalidSpecError", "UnknownError"):
            found = from_message(clean(condition.message), application.name)
            return found or comparison_failed(condition.message, application.name)
    if (operation := application.operation) is not None:
        if operation.phase in ("Failed", "Error"):
            return from_operation(operation, application.name)
        if (held := from_running(operation, application.name)) is not None:
            return held
    for condition in application.conditions:
        if condition.type.endswith("Error"):
            message = clean(condition.message)
            return from_message(message, application.name) or SyncFailed(
                f"Argo CD cannot sync {application.name}", why=message, next=f"argo.application({application.name!r})"
            )
    return None


def _refused(what: str, reason: Reason, why: str, next: str, operation: Operation | None = None) -> SyncRefused:
    error = SyncRefused(what, why=clean(why), next=next, operation=operation)
    error.reason = reason
    return error


def _denied(message: str, code: Any, status: int, who: str, action: str, object: str) -> PermissionDenied | None:
    if code != 7 and status != 403:
        return None
    told = _DENIED.search(message)
    if told:
        action = told["action"]
        object = f"{told['resource']} {told['object']}" if told["object"] else told["resource"]
    else:
        # Argo CD does not say more, so that nobody learns which names exist.
        message = f"{message}. To {who}, one that is not there looks the same."
    return PermissionDenied(
        f"{who} may not {action} {object}",
        who=who,
        action=action,
        object=object,
        why=message,
        next="Use an account whose role allows it, or ask for the role: argo.can_i(ACTION, RESOURCE, OBJECT)",
    )


def _look(object: str) -> str:
    kind = object.partition(" ")[0]
    return {"project": "argo.projects()", "repository": "argo.repositories()"}.get(kind, "argo.applications()")
