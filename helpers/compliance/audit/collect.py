"""Brings what other logs say into the audit trail: the forge, the vault (OpenBao), the Kubernetes API.

Collecting again adds nothing: each event keeps the identity it has in its own log, and those that are in the trail are
left out. Contents never come along, only who did what to what, and the digest of the line that says so.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from filelock import FileLock

from helpers.clients.forge import Forge
from helpers.clients.vault.audit_log import parse
from helpers.compliance.audit import privacy
from helpers.compliance.audit.errors import AuditError
from helpers.compliance.audit.trail import Trail
from helpers.compliance.audit.types import Action, Decision, Entries, Event, Subject
from helpers.core.paths import state_dir
from helpers.runtime import services
from helpers.runtime.services.vault import audit_log

if TYPE_CHECKING:
    from helpers.clients.forge import AuditEntry

#: What the forge's actions are here. To create a repository, to open or to close a pull request decides nothing.
FORGE = {
    "push": Action.POLICY_DECISION,
    "gates": Action.POLICY_DECISION,
    "policy": Action.POLICY_DECISION,
    "approve": Action.APPROVAL,
    "merge": Action.PROMOTION,
    "break-glass": Action.BREAK_GLASS,
}
#: The vault's own house-keeping, and what of it matters all the same.
_HOUSE, _MATTERS = "sys/", ("sys/wrapping/", "sys/leases/", "sys/policies/", "sys/audit", "sys/seal", "sys/rotate")
#: Parts of the control plane: what they do follows from what somebody else did.
_PARTS = ("system:kube-", "system:apiserver", "system:node", "system:serviceaccount:kube-system:")
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}
_FORBIDDEN = 403
#: What `privacy.mask` leaves in the place of something.
_MASK = re.compile(r"\[([a-z][a-z :-]*)\]")


def collect(name: str, events: Iterable[Event], trail: Trail | None = None) -> Entries:
    """Record those events that are not in the trail yet, in their order.

    Args:
        name: the log they come from; each of them names it as its source.
        events: what that log says.
        trail: records and signs them; by default a collector of the log's name.

    Returns:
        What was added.
    """
    keeper = trail or Trail(name)
    lock = state_dir() / "audit" / f"collect-{name}.lock"
    lock.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    with FileLock(lock, mode=0o600):
        known = {entry.event.source for entry in keeper.entries() if entry.event.source}
        # What would be let go at once, or was already, does not come back.
        fresh = (event for event in events if event.source not in known and not keeper.retention_over(event))
        new = {event.source: event for event in fresh}
        return keeper.record_all(new.values())


def forge(repository: str, *, person: str = "ada", trail: Trail | None = None) -> Entries:
    """Collect the forge's decisions about a repository: pushes, gates, approvals, merges, broken glasses.

    Raises:
        GitServerDown: the service ``git`` does not run.
    """
    return collect("forge", forge_events(Forge(person).audit(repository)), trail)


def vault(log: Path | None = None, *, trail: Trail | None = None) -> Entries:
    """Collect the vault's audit log: who read, wrote, was given or was refused which secret.

    Args:
        log: the file of the audit device; by default that of the service ``vault``.

    Raises:
        AuditError: there is no such log.
    """
    path = log or audit_log(services.data("vault").parent)
    return collect("vault", vault_events(_lines([path])), trail)


def kubernetes(log: Path | None = None, *, trail: Trail | None = None) -> Entries:
    """Collect the audit log of the Kubernetes API server, with those it has put aside for their size.

    Args:
        log: the file; by default that of the service ``kubernetes``.

    Raises:
        AuditError: there is no such log.
    """
    path = log or services.data("kubernetes").parent / "audit.log"
    return collect("kubernetes", kubernetes_events(_lines([*sorted(path.parent.glob("audit-*.log")), path])), trail)


def _lines(paths: Iterable[Path]) -> Iterator[str]:
    """Yield the complete lines of files; one that is being written is for the next time."""
    for path in paths:
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                yield from (line for line in file if line.endswith("\n"))
        except OSError as error:
            raise AuditError(
                "The log to collect cannot be read", why=str(error), next="course services status   # does it run?"
            ) from None


def forge_events(entries: Iterable[AuditEntry]) -> Iterator[Event]:
    """Yield an event for each decision of the forge."""
    for number, one in enumerate(entries):
        if one.action not in FORGE:
            continue
        row = f"{one.at.isoformat()} {one.actor} {one.action} {one.decision} {one.commit} {one.ref} {one.reason}"
        digest = hashlib.sha256(row.encode()).hexdigest()
        where = f"{one.repository}{'' if not one.pull else f'#{one.pull}'} {one.ref}".strip()
        subject = Subject(_name(f"{where} {one.commit[:12]}"), one.commit if len(one.commit) == 40 else digest)
        yield Event(
            FORGE[one.action],
            _account(one.actor),
            subject,
            Decision(one.decision),
            one.reason,
            {"forge": one.action, "repository": one.repository, "line": digest},
            one.at,
            ("forge", _name(f"{one.repository}/{number}-{digest[:16]}")),
        )


def vault_events(lines: Iterable[str]) -> Iterator[Event]:
    """Yield an event for each answer of the vault to somebody who used it."""
    for line in lines:
        for one in parse([line]):
            path = one.path
            if one.kind != "response" or (path.startswith(_HOUSE) and not path.startswith(_MATTERS)):
                continue
            refused = one.allowed is False or "permission denied" in one.error
            decision = Decision.REFUSED if refused else Decision.FAILED if one.error else Decision.ACCEPTED
            yield Event(
                Action.SECRET_ACCESS,
                _account(one.actor or "nobody"),
                _line_of(f"vault:{path}", line),
                decision,
                one.error,
                {"operation": one.operation, "policies": list(one.policies)},
                one.at,
                ("vault", _name(one.request_id)),
            )


def kubernetes_events(lines: Iterable[str]) -> Iterator[Event]:
    """Yield an event for each change of the cluster, each access to a Secret and each refusal."""
    for line in lines:
        try:
            raw = json.loads(line)
            event = _kubernetes_event(raw, line)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a line that a full disk cut short
        if event is not None:
            yield event


def _kubernetes_event(raw: Mapping[str, Any], line: str) -> Event | None:
    user, ref, verb = str(raw["user"]["username"]), raw.get("objectRef") or {}, str(raw["verb"])
    said = raw.get("responseStatus") or {}
    code, resource = int(said.get("code", 0)), str(ref.get("resource", ""))
    if raw["stage"] != "ResponseComplete" or user.startswith(_PARTS) or ref.get("subresource") == "status":
        return None
    decision = Decision.ACCEPTED if code < 400 else Decision.REFUSED if code in (_FORBIDDEN, 422) else Decision.FAILED
    action = _action(resource, verb, decision)
    if action is None:
        return None
    place = "/".join(str(ref[k]) for k in ("namespace", "resource", "subresource", "name") if ref.get(k))
    details = {"verb": verb, "code": code, "group": ref.get("apiGroup", "")}
    if by := (raw.get("impersonatedUser") or {}).get("username"):
        details["as"] = str(by)
    # What was refused may quote what was sent; the rest of the answer says nothing that the code does not.
    reason = str(said.get("message", ""))[:500] if decision == Decision.REFUSED and resource != "secrets" else ""
    at = datetime.fromisoformat(str(raw["requestReceivedTimestamp"]))
    return Event(
        action,
        _account(user),
        _line_of(f"kubernetes:{place or raw.get('requestURI', '')}", line),
        decision,
        reason,
        details,
        at,
        ("kubernetes", _name(str(raw["auditID"]))),
    )


def _action(resource: str, verb: str, decision: Decision) -> Action | None:
    if resource == "secrets":
        return Action.SECRET_ACCESS
    if decision == Decision.REFUSED:
        return Action.POLICY_DECISION
    return Action.APPLY if verb in _WRITES else None


def _line_of(name: str, line: str) -> Subject:
    return Subject.of(_name(name), line)


def _account(text: str) -> str:
    """Return an account of another log as the trail takes it: what is not in an account's name is percent-encoded."""
    masked = _MASK.sub(lambda found: found[1].replace(" ", "-"), _name(text))
    name = quote(masked, safe=":@/+")[:480]
    return name if name[0].isalnum() and name[-1].isalnum() else f"x{name}x"


def _name(text: str) -> str:
    """Return a name from another log as the trail takes it: masked, printable, not too long."""
    plain = "".join(c if c.isprintable() else "?" for c in text)[:400]
    return privacy.mask(plain) or "?"
