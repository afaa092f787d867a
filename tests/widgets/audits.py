"""An audit trail of eight events for the tests of its timeline, made without a service."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

from helpers.audit import AuditError, Entry, Finding, Verification

STORY = (
    ("plan", "ada"), ("policy-decision", "pipeline"), ("approval", "bela"), ("apply", "pipeline"), ("promotion", "ada"),
    ("secret-access", "inference-prod"), ("break-glass", "mallory"), ("promotion", "ada"),
)  # fmt: skip
BEGIN = datetime(2026, 1, 1, 10, tzinfo=UTC)


def line(index: int, *, actor: str = "ada", action: str = "plan", name: str = "plan.json", reason: str = "") -> bytes:
    at = (BEGIN + timedelta(minutes=5 * index)).isoformat()
    predicate = {"action": action, "actor": actor, "decision": "accepted", "reason": reason, "details": {}, "at": at,
                 "retention": {"days": 400, "until": at}, "index": index, "previous": {"sha256": "0" * 64}}  # fmt: skip
    statement = {"subject": [{"name": name, "digest": {"sha256": "a" * 64}}], "predicate": predicate}
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    return json.dumps({"payload": payload, "signatures": [{"keyid": "platform+00000000", "sig": ""}]}).encode()


def entry(index: int, *, actor: str = "ada", action: str = "plan", name: str = "plan.json", reason: str = "") -> Entry:
    return Entry.of(index, line(index, actor=actor, action=action, name=name, reason=reason))


def trail() -> tuple[Entry, ...]:
    last = {7: "gives the GPUs back"}
    return tuple(entry(i, actor=who, action=what, reason=last.get(i, "")) for i, (what, who) in enumerate(STORY))


def valid(size: int) -> Verification:
    return Verification(
        "valid", (), "acme.test/audit", size, "0" * 64, ("checkpoint", "collectors", "entries", "events")
    )


def flipped(index: int) -> Verification:
    found = valid(8)
    finding = Finding("flipped", index, f"The content of entry {index} was changed.")
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
