"""An audit trail of eight events for the tests of its timeline, made without a service."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from helpers.compliance.audit import AuditError, AuditFinding, Entry, Subject, Verification
from helpers.compliance.audit.types import PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE

STORY = (
    ("plan", "ada"),
    ("policy-decision", "pipeline"),
    ("approval", "bela"),
    ("apply", "pipeline"),
    ("promotion", "ada"),
    ("secret-access", "inference-prod"),
    ("break-glass", "mallory"),
    ("promotion", "ada"),
)
BEGIN = datetime(2026, 1, 1, 10, tzinfo=UTC)


def line(index: int, *, actor: str = "ada", action: str = "plan", name: str = "plan.json", reason: str = "") -> bytes:
    at = (BEGIN + timedelta(minutes=5 * index)).isoformat().replace("+00:00", "Z")
    predicate = {
        "action": action,
        "actor": actor,
        "decision": "accepted",
        "reason": reason,
        "details": {},
        "at": at,
        "retention": {"days": 400, "until": at},
        "index": index,
        "previous": {"sha256": "0" * 64},
    }
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": "a" * 64}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    signatures = [{"keyid": "platform+00000000", "sig": ""}]
    return json.dumps({"payloadType": PAYLOAD_TYPE, "payload": payload, "signatures": signatures}).encode()


def entry(index: int, *, actor: str = "ada", action: str = "plan", name: str = "plan.json", reason: str = "") -> Entry:
    """Return an entry; what it says may be anything, also what a reader of the log would refuse."""
    plain = Entry.of(index, line(index, action=action))
    event = replace(plain.event, actor=actor, subject=Subject(name, "a" * 64), reason=reason)
    said = {**plain.statement["predicate"], "actor": actor, "reason": reason}
    subject = [{"name": name, "digest": {"sha256": "a" * 64}}]
    return replace(plain, event=event, statement={**plain.statement, "subject": subject, "predicate": said})


def trail() -> tuple[Entry, ...]:
    last = {7: "gives the GPUs back"}
    return tuple(entry(i, actor=who, action=what, reason=last.get(i, "")) for i, (what, who) in enumerate(STORY))


def valid(size: int) -> Verification:
    return Verification(
        "valid", (), "acme.test/audit", size, "0" * 64, ("checkpoint", "collectors", "entries", "events")
    )


def flipped(index: int) -> Verification:
    found = valid(8)
    finding = AuditFinding("flipped", index, f"The content of entry {index} was changed.")
    return Verification("invalid", (finding,), found.origin, found.size, found.root, found.checked)


class Verifier:
    """Gives one answer after the other; ``None`` is a verifier that cannot run."""

    def __init__(self, *answers: Verification | None) -> None:
        self._answers = list(answers)

    def __call__(self) -> Verification:
        answer = self._answers.pop(0)
        if answer is None:
            raise AuditError("The verifier could not run", why="no such file", next="course tools install audit-log")
        return answer
