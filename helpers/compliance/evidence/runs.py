"""Runs of controls on what runs, as evidence: the report in the pack, and the event that says when it was recorded.

A report alone proves nothing, since anybody can write one. It counts when the trail has an event about its digest,
signed by the functionary `RECORDER`. The last run in the period decides, whatever it says: a maker of packs who leaves
out the report of a run that failed leaves a gap, and so does a functionary who records an older report after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from helpers.compliance.audit import Action, Entry, Subject
from helpers.compliance.evidence.period import Period, time_text
from helpers.compliance.evidence.reading import SKEW
from helpers.compliance.evidence.types import Artifact, Control, Evidence, Requirement
from helpers.core import strict_json
from helpers.wrappers.inspec import InspecReport, ProfileControl

#: The functionary whose word on a run of controls counts; who changes the platform has another key.
RECORDER = "controls"
#: The longest report, in bytes.
_LIMIT = 16 << 20


@dataclass(frozen=True)
class Reports:
    """The reports of a pack: digest -> name of the file and what it says."""

    found: Mapping[str, tuple[str, InspecReport]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path, artifacts: Iterable[Artifact]) -> Reports:
        """Return the reports among the artifacts of a pack; what is not one, or has two meanings, is left out."""
        found = {}
        for one in artifacts:
            path = root / "artifacts" / one.name
            try:
                if path.suffix == ".json" and path.stat().st_size <= _LIMIT:
                    said = strict_json.load(path.read_bytes(), limit=_LIMIT)
                    found[one.digest] = one.name, InspecReport.from_json(said)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue
        return cls(found)


def answer(
    control: Control, asked: Requirement, known: Sequence[Entry], reports: Reports, period: Period | None
) -> tuple[list[Evidence], list[str]]:
    """Return what the last run in the period is evidence for, or why it is none."""
    runs = [one for one in known if (period is None or one.at in period) and _is_run(one, asked)]
    of = f"{asked.profile} on {asked.subject}"
    if not runs:
        return [], [f"{asked.name}: the trail has no run of {of}, recorded by {RECORDER}"]
    entry = runs[-1]
    subject = entry.event.subject
    digest = subject.digest if isinstance(subject, Subject) else str(subject["digest"])
    where = f"the last run of {of} (entry {entry.index})"
    name, report = reports.found.get(digest, ("", None))
    if report is None:
        return [], [f"{asked.name}: the report of {where} is not in the pack"]
    if why := _problem(asked, report, entry, period) or _replayed(asked, report, runs, reports):
        return [], [f"{asked.name}: {where}: {why}"]
    return [_row(control, asked, one, entry, digest, name) for one in _asked(asked, report)], []


def _is_run(entry: Entry, asked: Requirement) -> bool:
    details = entry.event.details
    profiles = details.get("profiles")
    named = isinstance(profiles, list) and asked.profile in [str(one).partition(" ")[0] for one in profiles]
    by = entry.signer.partition("+")[0] == RECORDER
    return by and entry.event.action == Action.VERIFY and named and details.get("about") == asked.subject


def _asked(asked: Requirement, report: InspecReport) -> list[ProfileControl]:
    controls = [one for profile in report.profiles if profile.name == asked.profile for one in profile.controls]
    return [one for one in controls if one.id in asked.checks]


def _problem(asked: Requirement, report: InspecReport, entry: Entry, period: Period | None) -> str:
    """Say why a recorded report cannot be evidence; empty when it is."""
    if report.subject != asked.subject:
        return f"its report is about {report.subject or 'nothing that it names'}"
    digests = [one.sha256 for one in report.profiles if one.name == asked.profile]
    if asked.digests and set(digests) - set(asked.digests):
        return f"its profile {asked.profile} is another one than the list of controls names"
    found = _asked(asked, report)
    ids = [one.id for one in found]
    if missing := [id for id in asked.checks if ids.count(id) != 1]:
        return f"its report does not have {', '.join(missing)} once"
    if bad := next((one for one in found if one.verdict not in ("passed", "waived")), None):
        return f"{bad.id} {bad.verdict}: {bad.reason}"
    if not any(one.verdict == "passed" for one in found):
        return "all of its controls are waived"
    for one in found:
        if one.verdict == "waived" and (why := _waiver(one, entry.at)):
            return why
        if one.verdict == "passed" and (why := _time(one, entry.at, period)):
            return why
    return ""


def _waiver(one: ProfileControl, at: datetime) -> str:
    end = one.waiver.expiration_date if one.waiver else ""
    try:
        over = date.fromisoformat(end) <= at.astimezone(UTC).date()
    except ValueError:
        return f"the waiver of {one.id} has no end"
    return f"the waiver of {one.id} was over on {end}" if over else ""


def _time(one: ProfileControl, recorded: datetime, period: Period | None) -> str:
    """Say why a control did not run then: a report may be much older than its record."""
    for at in _started(one):
        if at is None:
            return f"{one.id} does not say when it ran"
        if (period is not None and at not in period) or at > recorded + SKEW:
            return f"{one.id} ran at {time_text(at)}, not in this period before it was recorded"
    return ""


def _started(one: ProfileControl) -> list[datetime | None]:
    """Return when each expectation of a control was asked, in UTC; None where the report does not say."""
    found: list[datetime | None] = []
    for result in one.results:
        try:
            at = datetime.fromisoformat(result.start_time)
            found.append(at.astimezone(UTC) if at.tzinfo is not None else None)
        except (ValueError, OverflowError):
            found.append(None)
    return found


def _replayed(asked: Requirement, report: InspecReport, runs: Sequence[Entry], reports: Reports) -> str:
    """Say why the run that was recorded last is not the last that ran: an old report can be recorded once more."""
    began = [at for one in _asked(asked, report) if one.verdict == "passed" for at in _started(one) if at]
    for earlier in runs[:-1]:
        subject = earlier.event.subject
        digest = subject.digest if isinstance(subject, Subject) else str(subject["digest"])
        other = reports.found.get(digest)
        known = [at for one in _asked(asked, other[1]) for at in _started(one) if at] if other else []
        # Without its report: it ran before it was recorded. Reports have whole seconds.
        since = max(known) if known else earlier.at.replace(microsecond=0)
        if began and max(began) < since:
            return f"it ran before the run of entry {earlier.index}, and was recorded after it"
    return ""


def _row(control: Control, asked: Requirement, one: ProfileControl, entry: Entry, digest: str, name: str) -> Evidence:
    said = f"{asked.name}: {one.id}" + (f" is {one.reason}" if one.verdict == "waived" else "")
    kept = time_text(entry.keep_until)
    at = time_text(entry.at)
    return Evidence(control.id, said, at, digest, entry.signer, kept, f"artifacts/{name}", entry.index, entry.previous)
