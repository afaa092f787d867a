"""A report of controls as evidence: an event of the audit trail about its digest, and the file for a pack.

What it is evidence for is worked out by who seals a pack and by who verifies it: `helpers.compliance.evidence.runs`.
"""

from __future__ import annotations

from pathlib import Path

from helpers.compliance.audit import Action, Decision, Entry, Event, Subject, Trail
from helpers.compliance.evidence.runs import RECORDER
from helpers.core.errors import CourseError
from helpers.core.files import write_atomic
from helpers.wrappers.inspec import InspecReport

#: The actor of these events, the job, not a person; the functionary of the same name signs them.
ACTOR = RECORDER
_DECISIONS = {"passed": Decision.ACCEPTED, "failed": Decision.REFUSED, "unknown": Decision.UNKNOWN}


class CannotRecord(CourseError):
    """A report could not be recorded. Exit code 3: a 1 would say that a control failed."""

    code = "cannot-record"
    exit_code = 3


def event_of(report: InspecReport) -> Event:
    """Return a report as an event: ``verify``, about the digest of the report, with what it says by control id."""
    waived = {one.id: one.reason for one in report.of("waived")}
    details = {
        "about": report.subject,
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
        trail: of the collector `ACTOR`; in a pack, a report that somebody else recorded does not count.
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
