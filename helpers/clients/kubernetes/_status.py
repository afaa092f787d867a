"""Reads the API's ``Status`` and finds the typed error for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from helpers.clients.kubernetes.errors import (
    AdmissionRefused,
    AlreadyExists,
    BadKubeconfig,
    Conflict,
    FieldConflict,
    FieldError,
    Forbidden,
    Invalid,
    KubernetesError,
    ObjectNotFound,
    QuotaExceeded,
    TimedOut,
    UnknownKind,
    Unreachable,
)
from helpers.core.redact import redact

RESTART = "course services start kubernetes"
_FIX = "Correct the manifest and apply it again."

_RBAC = re.compile(
    r'User "(?P<who>[^"]*)" cannot (?P<verb>\S+) (?:resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?|path "(?P<path>[^"]*)")'
)
_VAP = re.compile(
    r"ValidatingAdmissionPolicy '(?P<policy>[^']*)' with binding '(?P<binding>[^']*)' denied request: (?P<message>.*)",
    re.S,
)
_WEBHOOK = re.compile(r'admission webhook "(?P<policy>[^"]*)" denied the request: ?(?P<message>.*)', re.S)
_POD_SECURITY = re.compile(r'violates PodSecurity "(?P<level>[^"]*)": (?P<message>.*)', re.S)
_QUOTA = re.compile(
    r"exceeded quota: (?P<quota>[^,]+), requested: (?P<asked>.*?), used: (?P<used>.*?), limited: (?P<limit>.*)", re.S
)
#: A manager quotes its name; what follows says how it came to own the field.
_MANAGER = re.compile(
    r'conflict with "(?P<manager>[^"]*)"(?: with subresource "(?P<sub>[^"]*)")?(?: using (?P<how>\S+))?'
)
#: Schema faults of a server-side apply come as a 500 without a reason.
_SCHEMA = re.compile(r"failed to create typed patch object \([^)]*\): (?P<field>\.[^:]*): (?P<message>.*)", re.S)
_DECODE = re.compile(r"error decoding from json: (?P<message>.*)|strict decoding error: (?P<strict>.*)", re.S)
_UNKNOWN_FIELD = re.compile(r'unknown field "(?P<field>[^"]*)"')


def error_from(status: int, body: Any, asked: str, hide: Sequence[str] = ()) -> KubernetesError:
    """Return the error that the API server's answer stands for.

    Args:
        status: HTTP status.
        body: text or bytes of the answer.
        asked: what was asked of it, for example ``apply Deployment vision/web``.
        hide: spellings of secrets that the answer may repeat (`helpers.core.redact.forms`).
    """
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    text = redact(text, tuple(hide))
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    answer = answer if isinstance(answer, dict) and answer.get("kind") == "Status" else {"message": text.strip()[:500]}
    error = _find(status, answer, asked)
    error.reason, error.status = str(answer.get("reason") or ""), status
    return error


def _find(status: int, answer: Mapping[str, Any], asked: str) -> KubernetesError:
    message, reason = str(answer.get("message") or ""), answer.get("reason")
    details: Mapping[str, Any] = answer.get("details") or {}
    causes = [cause for cause in details.get("causes") or () if isinstance(cause, Mapping)]
    if refused := _refused(message, asked, causes):
        return refused
    if status == 401:
        return BadKubeconfig(
            f"The cluster does not accept these credentials: cannot {asked}", why=message, next=RESTART
        )
    if status == 404:
        return _missing(message, details, asked)
    if reason == "AlreadyExists":
        return AlreadyExists(f"Cannot {asked}: it exists", why=message, next="Use apply, which changes what is there.")
    if status == 409:
        return _conflict(message, causes, asked)
    if wrong := _fields(status, reason, message, causes):
        return _invalid(wrong, message, asked)
    if status in (422, 400):
        return Invalid(f"Cannot {asked}: the request is not valid", why=message, next=_FIX)
    if status == 504 or reason == "Timeout":
        return TimedOut(f"The API server took too long to {asked}", (message,), why=message, next="Try again.")
    if status in (429, 502, 503):
        return Unreachable(f"The API server is not ready to {asked}", why=message, next=RESTART)
    return KubernetesError(f"Cannot {asked}", why=message or f"HTTP status {status}.")


def _refused(message: str, asked: str, causes: Sequence[Mapping[str, Any]]) -> KubernetesError | None:
    """Return the refusal by a rule or by RBAC that *message* tells of."""
    if found := _RBAC.search(message):
        return _forbidden(found, message, asked)
    if found := _VAP.search(message):
        policy, binding, said = found.group("policy", "binding", "message")
        return _by_rule(asked, policy, said, f"ValidatingAdmissionPolicy {policy} (binding {binding}): {said}", binding)
    if found := _WEBHOOK.search(message):
        policy, said = found.group("policy", "message")
        return _by_rule(asked, policy, said.strip(), f"Admission webhook {policy}: {said.strip()}")
    if found := _POD_SECURITY.search(message):
        level, said = found.group("level", "message")
        return _by_rule(asked, f"PodSecurity {level.partition(':')[0]}", said, f"Pod Security Standard {level}: {said}")
    if found := _QUOTA.search(message):
        return _quota(found, asked)
    said = message.partition(" is forbidden: ")[2]
    if not said:
        return None
    if any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
        next = "Wait until the namespace is gone, then apply again."
        return AdmissionRefused(f"Cannot {asked}", "NamespaceLifecycle", said, why=said, next=next)
    named = re.match(r"failed quota: ([^:]+):", said)
    if not named and re.match(r"(maximum|minimum|Maximum|Minimum|no limit is specified)", said):
        return _by_rule(asked, "LimitRange", said, said)
    return _by_rule(asked, f"ResourceQuota {named[1]}" if named else "", said, said)


def _by_rule(asked: str, policy: str, message: str, why: str, binding: str = "") -> AdmissionRefused:
    by = f" by {policy}" if policy else ""
    return AdmissionRefused(f"Refused{by}: cannot {asked}", policy, message, binding=binding, why=why, next=_FIX)


def _forbidden(found: re.Match[str], message: str, asked: str) -> Forbidden:
    who, verb, namespace = found["who"], found["verb"], found["namespace"] or ""
    if verb.startswith("impersonate"):
        what, next = f"{who} may not act as somebody else", "Use a user who may impersonate, such as admin."
        return Forbidden(what, who, "impersonate", "users", why=message, next=next)
    resource = ".".join(part for part in (found["resource"] or found["path"], found["group"]) if part)
    where = f" in namespace {namespace}" if namespace else " in the cluster"
    return Forbidden(
        f"{who} may not {verb} {resource}{where}",
        who,
        verb,
        resource,
        namespace,
        why=f"To {asked}, RBAC must allow it.\n{message}" if asked else message,
        next="Ask the platform team for a Role and a RoleBinding, or use the user who has the right.",
    )


def _quota(found: re.Match[str], asked: str) -> QuotaExceeded:
    quota = found["quota"].strip()
    amounts = [
        dict(pair.strip().split("=", 1) for pair in found[key].split(",") if "=" in pair)
        for key in ("asked", "used", "limit")
    ]
    lines = [
        f"{name}: asked {n}, used {amounts[1].get(name, '0')}, limit {amounts[2].get(name, '?')}"
        for name, n in amounts[0].items()
    ]
    return QuotaExceeded(
        f"Quota {quota} is exceeded: cannot {asked}",
        quota,
        *amounts,
        why="\n".join(lines),
        next="Ask for less, free some, or ask the platform team for a larger quota.",
    )


def _missing(message: str, details: Mapping[str, Any], asked: str) -> ObjectNotFound:
    kind, name = str(details.get("kind") or ""), str(details.get("name") or "")
    if kind == "namespaces" and "Namespace " not in asked:
        next = "Apply the Namespace first, in the same call or before."
        return ObjectNotFound(f"Cannot {asked}: there is no namespace {name}", kind, name, why=message, next=next)
    if not name:
        next = "Install its CustomResourceDefinition, or correct apiVersion and kind."
        return UnknownKind(f"Cannot {asked}: the cluster has no such kind", kind, why=message, next=next)
    next = "Look at the name and the namespace; get(kind) lists what is there."
    return ObjectNotFound(f"Cannot {asked}: it is not there", kind, name, why=message, next=next)


def _conflict(message: str, causes: Sequence[Mapping[str, Any]], asked: str) -> Conflict:
    found = []
    for cause in causes:
        by = _MANAGER.search(str(cause.get("message", "")))
        if cause.get("reason") == "FieldManagerConflict" and by:
            how = " ".join(part for part in (by["how"], by["sub"]) if part)
            found.append(FieldConflict(by["manager"], str(cause.get("field", "")).lstrip("."), how))
    if not found:
        next = "Read the object again and repeat the change."
        return Conflict(f"Cannot {asked}: the object changed meanwhile", why=message, next=next)
    managers = ", ".join(dict.fromkeys(one.manager for one in found))
    return Conflict(
        f"Cannot {asked}: other managers own some of the fields ({managers})",
        found,
        why="\n".join(f"{one.field} belongs to {one.manager}" for one in found),
        next="Leave these fields out, agree with their manager, or take them over with force=True.",
    )


def _fields(status: int, reason: Any, message: str, causes: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Return the wrong fields that an answer names."""
    if reason == "Invalid" and causes:
        named = [FieldError(*(str(c.get(key) or "") for key in ("field", "message", "reason"))) for c in causes]
        # A patch that does not fit says so about itself; the field's name is in the text.
        unknown = [
            FieldError(name, "unknown field", one.reason)
            for one in named
            if one.field == "patch"
            for name in _UNKNOWN_FIELD.findall(one.message)
        ]
        return unknown or named
    if status not in (400, 422, 500):
        return []
    if found := _SCHEMA.search(message):
        # The server prints nested values in Go's notation, which says nothing to a reader.
        said = re.sub(r", got &?value\.valueUnstructured\{.*", ", got a nested value", found["message"], flags=re.S)
        return [FieldError(found["field"].lstrip("."), said)]
    if found := _DECODE.search(message):
        said = found["message"] or found["strict"]
        unknown = [FieldError(name, "unknown field") for name in _UNKNOWN_FIELD.findall(said)]
        return unknown or [FieldError("", said)]
    return []


def _invalid(wrong: Sequence[FieldError], message: str, asked: str) -> Invalid:
    names = ", ".join(dict.fromkeys(one.field for one in wrong if one.field))
    what = f"Cannot {asked}: not valid at {names}" if names else f"Cannot {asked}: it is not valid"
    return Invalid(
        what, wrong, why="\n".join(": ".join(p for p in one[:2] if p) for one in wrong) or message, next=_FIX
    )
