"""The audit trail: who did what to which artifact, when and why, in a log that cannot be changed unseen.

Events are in-toto statements in DSSE envelopes, signed by their collector, chained, and kept in a transparency log
(service ``audit``). Anybody with the public keys can verify an export, offline.

>>> trail = Trail()
>>> trail.record("apply", actor="ada", subject=Subject.of("plan.json", plan), decision="accepted")
Entry(0 2026-01-10T09:00:00Z ada apply: accepted)
"""

from __future__ import annotations

from helpers.compliance.audit.changes import Operation, Unfinished, changing, once_on_record, unfinished
from helpers.compliance.audit.errors import (
    AuditDown,
    AuditError,
    BadEvent,
    EndNotRecorded,
    LogRefused,
    LogRewritten,
    NotAcknowledged,
    NotEnrolled,
    PersonalData,
    SecretInEvent,
)
from helpers.compliance.audit.log_directory import ORIGIN, AuditLogDirectory, Collector, enrol
from helpers.compliance.audit.retention import DAYS, Retention
from helpers.compliance.audit.trail import Trail
from helpers.compliance.audit.types import (
    PREDICATE_TYPE,
    Action,
    AuditFinding,
    Checkpoint,
    Decision,
    Entries,
    Entry,
    Event,
    Proof,
    Subject,
    Verification,
)
from helpers.compliance.audit.verify import entries_of, verify_consistency, verify_export, verify_inclusion

__all__ = [
    "DAYS",
    "ORIGIN",
    "PREDICATE_TYPE",
    "Action",
    "AuditDown",
    "AuditError",
    "AuditFinding",
    "AuditLogDirectory",
    "BadEvent",
    "Checkpoint",
    "Collector",
    "Decision",
    "EndNotRecorded",
    "Entries",
    "Entry",
    "Event",
    "LogRefused",
    "LogRewritten",
    "NotAcknowledged",
    "NotEnrolled",
    "Operation",
    "PersonalData",
    "Proof",
    "Retention",
    "SecretInEvent",
    "Subject",
    "Trail",
    "Unfinished",
    "Verification",
    "changing",
    "enrol",
    "entries_of",
    "once_on_record",
    "unfinished",
    "verify_consistency",
    "verify_export",
    "verify_inclusion",
]
