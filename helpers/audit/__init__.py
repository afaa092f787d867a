"""The audit trail: who did what to which artifact, when and why, in a log that cannot be changed unseen.

Events are in-toto statements in DSSE envelopes, signed by their collector, chained, and kept in a transparency log
(service ``audit``). Anybody with the public keys can verify an export, offline.

>>> trail = Trail()
>>> trail.record("apply", actor="ada", subject=Subject.of("plan.json", plan), decision="accepted")
Entry(0 2026-01-10T09:00:00Z ada apply: accepted)
"""

from __future__ import annotations

from helpers.audit.errors import (
    AuditDown,
    AuditError,
    BadEvent,
    NotAcknowledged,
    PersonalData,
    Refused,
    SecretInEvent,
)
from helpers.audit.retention import DAYS, Retention
from helpers.audit.room import ORIGIN, Collector, Room
from helpers.audit.trail import Trail
from helpers.audit.types import (
    PREDICATE_TYPE,
    Action,
    Checkpoint,
    Decision,
    Entries,
    Entry,
    Event,
    Finding,
    Proof,
    Subject,
    Verification,
)
from helpers.audit.verify import verify_consistency, verify_export, verify_inclusion

__all__ = [
    "DAYS", "ORIGIN", "PREDICATE_TYPE", "Action", "AuditDown", "AuditError", "BadEvent", "Checkpoint", "Collector",
    "Decision", "Entries", "Entry", "Event", "Finding", "NotAcknowledged", "PersonalData", "Proof", "Refused",
    "Retention", "Room", "SecretInEvent", "Subject", "Trail", "Verification", "verify_consistency", "verify_export",
    "verify_inclusion",
]  # fmt: skip
