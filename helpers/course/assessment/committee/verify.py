"""Whether a committee really decided so: from the trail, the deck and the charter, believing no summary."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from helpers.compliance.audit import Action, Entry, Subject, verify_export
from helpers.core.errors import BadInput
from helpers.course.assessment.committee.charter import Charter, person
from helpers.course.assessment.committee.reviews import ACCEPTED, Finding, Review, faults, outcome
from helpers.course.assessment.committee.sitting import COMMITTEE, approvers_of, digest, review_in, reviews_of, signer

#: Findings that are not a fault of anybody: it could not be told.
UNTOLD = frozenset({"no-record", "no-approval", "unknown"})


@dataclass(frozen=True)
class Verdict:
    """A verifier's answer; true only when the record is valid and the committee accepted.

    Attributes:
        status: ``valid``, ``invalid`` or ``unknown`` (could not tell).
        decision: ``accepted`` or ``refused``, when the record is valid. findings: what is wrong.
    """

    status: Literal["valid", "invalid", "unknown"]
    decision: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> int:
        """0: valid and accepted. 1: invalid, or refused. 3: could not tell."""
        if self.status == "unknown":
            return 3
        return 0 if self else 1

    def __bool__(self) -> bool:
        return self.status == "valid" and self.decision == ACCEPTED

    def __str__(self) -> str:
        head = f"{self.status}: {self.decision}" if self.decision else self.status
        return "\n".join([head, *(f"  {finding}" for finding in self.findings)])

    def __repr__(self) -> str:
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in self.findings))
        return f"Verdict({self.status}{': ' if self.decision or kinds else ''}{self.decision or kinds})"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        listed = [{"kind": finding.kind, "message": finding.message} for finding in self.findings]
        return {"status": self.status, "decision": self.decision, "findings": listed}


def verify(
    export: Path | str,
    *,
    deck: Path | str,
    change: str,
    key: Path | str,
    root: Path | str,
    presenter: str = "",
    charter: Charter | None = None,
) -> Verdict:
    """Verify a committee's record in an exported trail, offline.

    Args:
        export: what `Trail.export` wrote. deck: the file that was presented. change: SHA-256 of what is promoted.
        key, root: public keys of the log and of who says who may state what, had from elsewhere than the export.
        presenter: account, when it is known otherwise than from the record.
    """
    if not Path(deck).is_file():
        raise BadInput(f"{Path(deck).name} is not a file", next="Name the file of the deck.")
    trail = verify_export(export, key=key, root=root)
    if trail.status != "valid":
        kind = "unknown" if trail.status == "unknown" else "trail"
        return _verdict([Finding(kind, f"{one.kind}: {one.message}") for one in trail.findings])
    lines = (Path(export) / "entries.jsonl").read_bytes().splitlines()
    entries = [Entry.of(index, line) for index, line in enumerate(lines) if not Entry.withheld(line)]
    gone = {str(json.loads(line)["withheld"]["leafHash"]) for line in lines if Entry.withheld(line)}
    deck = Subject.of("deck", Path(deck)).digest
    return judge(
        entries,
        charter or Charter.load(),
        deck=deck,
        change=change.lower().removeprefix("sha256:"),
        by=presenter,
        gone=gone,
    )


def judge(
    entries: Sequence[Entry], charter: Charter, *, deck: str, change: str, by: str = "", gone: Set[str] = frozenset()
) -> Verdict:
    """Judge the last record of a committee about a deck, in entries whose signatures were verified.

    Args:
        deck, change: SHA-256 of the deck and of what is promoted. by: the presenter, if known.
        gone: leaf hashes of entries whose content is no longer kept.
    """
    records = [entry for entry in entries if _is_record(entry, charter)]
    own = [entry for entry in records if (signer(entry), entry.event.actor) == (COMMITTEE, COMMITTEE)]
    mine = [entry for entry in own if digest(entry) == deck]
    if not mine:
        return _verdict([_no_record(records, own, charter, deck)])
    record = mine[-1]
    if over := sorted(_listed(record) & gone):
        words = f"{len(over)} of the reviews are past their retention: their content is no longer kept"
        return _verdict([Finding("unknown", words)])
    before = [entry for entry in entries if entry.index < record.index]
    found = [*_of_record(record, change, by), *_of_reviews(record, before, charter, deck)]
    listed = _listed(record)
    reviews = [entry for entry in reviews_of(before, charter, deck) if entry.leaf_hash in listed]
    approvers = approvers_of(before, change)
    if not approvers:
        found.append(Finding("no-approval", f"the trail does not say who approved {change[:12]}"))
    said = [review_in(entry) for entry in reviews]
    found += _approved_later(said, [entry for entry in entries if entry.index > record.index], change)
    presenter = by or str(record.event.details.get("presenter") or "")
    wrong = faults(charter, said, presenter=presenter, approvers=approvers)
    if not wrong and (due := outcome(charter, said)) != record.event.decision:
        wrong = [Finding("decision", f"the record says {record.event.decision}, the scores say {due}")]
    return _verdict([*found, *wrong], str(record.event.decision))


def _approved_later(reviews: Sequence[Review], after: Sequence[Entry], change: str) -> list[Finding]:
    """Find who voted first and approved the change once the record was made: the conflict is the same."""
    later = {person(name): name for name in approvers_of(after, change)}
    voted = [one.reviewer for one in reviews if one.counts and person(one.reviewer) in later]
    return [Finding("conflict", f"{name!r} scores, and approved the change after the record") for name in voted]


def _no_record(records: Sequence[Entry], own: Sequence[Entry], charter: Charter, deck: str) -> Finding:
    if own:
        names = ", ".join(digest(entry)[:12] for entry in own)
        return Finding("other-deck", f"the committee decided on {names}, not on {deck[:12]}")
    if records:
        return Finding("signer", f"the record is signed by {signer(records[-1])}, not by the committee")
    return Finding("no-record", f"there is no decision of the committee {charter.id}")


def _of_record(record: Entry, change: str, by: str) -> list[Finding]:
    found, details = [], record.event.details
    if details.get("change") != change:
        found.append(Finding("other-change", "the record is about another artifact than the one to be promoted"))
    if not details.get("presenter") or (by and details["presenter"] != by):
        found.append(Finding("other-change", f"the record says that {details.get('presenter')!r} presented it"))
    return found


def _of_reviews(record: Entry, before: Sequence[Entry], charter: Charter, deck: str) -> list[Finding]:
    listed, reviews = _listed(record), reviews_of(before, charter, deck)
    lacking = sorted(listed - {entry.leaf_hash for entry in reviews})
    found = [
        Finding("missing-review", f"before the record there is no review {one[:12]} signed by its reviewer")
        for one in lacking
    ]
    left = [entry.event.actor for entry in reviews if entry.leaf_hash not in listed]
    return found + [Finding("left-out", f"the review of {name!r} is not counted") for name in left]


def _is_record(entry: Entry, charter: Charter) -> bool:
    event = entry.event
    return event.action == Action.APPROVAL and event.details.get("committee") == charter.id


def _listed(record: Entry) -> set[str]:
    said = record.event.details.get("reviews")
    return {str(one) for one in said} if isinstance(said, list) else set()


def _verdict(findings: Sequence[Finding], decision: str = "") -> Verdict:
    if any(finding.kind not in UNTOLD for finding in findings):
        return Verdict("invalid", "", tuple(findings))
    return Verdict("unknown", "", tuple(findings)) if findings else Verdict("valid", decision)
