"""A report of controls as evidence: an event of the audit trail, and rows for the pack with the framework's ids."""

from __future__ import annotations

from pathlib import Path

from helpers.compliance.audit import Action, Decision, Entry, Event, Subject, Trail
from helpers.compliance.evidence import Evidence
from helpers.compliance.evidence.period import time_text
from helpers.core.files import write_atomic
from helpers.wrappers.inspec import InspecReport

#: The actor of these events: the job, not a person.
ACTOR = "controls"
_DECISIONS = {"passed": Decision.ACCEPTED, "failed": Decision.REFUSED, "unknown": Decision.UNKNOWN}


def event_of(report: InspecReport) -> Event:
    """Return a report as an event: ``verify``, about the digest of the report, with what it says by control id."""
    waived = {one.id: one.reason for one in report.of("waived")}
    details = {
        "engine": report.engine,
        "engineVersion": report.engine_version,
        "profiles": [f"{one.name} {one.version} sha256:{one.sha256}" for one in report.profiles],
        "controls": dict(report.by_soc2()),
        "waived": waived,
        "notPassed": [one.id for one in report.controls if one.verdict not in ("passed", "waived")],
    }
    subject = Subject(f"controls/{'+'.join(one.name for one in report.profiles)}.json", report.digest)
    return Event(Action.VERIFY, ACTOR, subject, _DECISIONS[report.verdict], repr(report), details)


def record(report: InspecReport, trail: Trail, *, file: Path | None = None) -> Entry:
    """Record a report in the audit trail.

    Args:
        file: where to keep the report itself, whose digest the event has; add it to the pack as an artifact.

    Raises:
        AuditError: the trail cannot take it, or the report names a secret.
    """
    if file is not None:
        write_atomic(file, report.to_json())
    one = event_of(report)
    return trail.record(
        one.action, actor=one.actor, subject=one.subject, decision=one.decision, reason=one.reason, details=one.details
    )


def evidence_of(report: InspecReport, entry: Entry) -> tuple[Evidence, ...]:
    """Return one row of evidence for each control that passed, for each of its ids; what did not pass is none.

    Args:
        entry: where the report was recorded.

    Raises:
        ValueError: the entry is about another report.
    """
    subject = entry.event.subject
    digest = subject.digest if isinstance(subject, Subject) else str(subject["digest"])
    if digest != report.digest:
        raise ValueError("the entry is about another report")
    place = (entry.signer, time_text(entry.keep_until), "audit/entries.jsonl", entry.index, entry.previous)
    return tuple(
        Evidence(id, f"{one.id}: {one.title}", time_text(entry.at), digest, *place)
        for one in report.of("passed")
        for id in one.soc2
    )
