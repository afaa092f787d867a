"""The audit trail as it was exported: each record keeps the schema, and the log's own verifier judges the rest."""

from __future__ import annotations

import base64
import binascii

from helpers.compliance.audit import Entry, verify_export
from helpers.compliance.contracts.reading import Handover, parsed
from helpers.compliance.contracts.types import Fault, Unfit, unknown
from helpers.core.errors import CourseError


def judge(handover: Handover) -> tuple[Entry, ...]:
    """Judge the exported trail, with its signatures; return the events that can be read.

    Raises:
        Unfit: it cannot be read.
    """
    found = records(handover)
    _verified(handover)
    return found


def records(handover: Handover) -> tuple[Entry, ...]:
    """Hold each record to the schema; return the events that can be read.

    Raises:
        Unfit: they cannot be read.
    """
    path = handover.contract.deliverable("audit-record").path
    lines = handover.content(path).splitlines()
    known = [(place, line) for place, line in enumerate(lines) if not Entry.withheld(line)]
    found = [entry for place, line in known if (entry := _entry(handover, f"{path}:{place + 1}", place, line))]
    if not lines:
        handover.faults.append(
            Fault("no-records", path, "It holds no record", next="Export the trail of your pipelines.")
        )
    elif len(found) == len(known):
        handover.checked.append(f"{len(found)} audit records keep the schema")
    return tuple(found)


def _entry(handover: Handover, where: str, index: int, line: bytes) -> Entry | None:
    try:
        payload = parsed(where, line).get("payload")
        if not isinstance(payload, str):
            raise ValueError("It is not an envelope with a payload.")
        statement = parsed(where, base64.b64decode(payload, validate=True))
        if not handover.fits("audit-record", statement, where):
            return None
        return Entry.of(index, line)
    except Unfit as error:
        handover.faults.append(error.fault)
    except (binascii.Error, ValueError, LookupError) as error:
        handover.faults.append(Fault("not-a-record", where, "It is not a signed record", str(error)[:300]))
    return None


def _verified(handover: Handover) -> None:
    """Have the log's verifier judge signatures, order and completeness."""
    directory = handover.root / "audit"
    if handover.keys is None or not handover.keys.log.is_file():
        handover.faults.append(unknown("audit", "Its signatures were not verified", "The keys have no log.pub."))
        return
    root, collectors, seen = handover.keys.root, handover.keys.collectors, handover.keys.checkpoint
    try:
        answer = verify_export(
            directory,
            key=handover.keys.log,
            collectors=collectors if collectors.is_file() else None,
            root=root if root.is_file() else None,
            witnessed=seen if seen.is_file() else None,
        )
    except CourseError as error:
        handover.faults.append(unknown("audit", error.what, error.why, error.next))
        return
    for one in answer.findings:
        where = f"audit/{one.file}" if one.file else "audit"
        place = f"{where}:{one.index + 1}" if one.index is not None else where
        kind = "unknown" if one.kind == "unknown" else f"audit-{one.kind}"
        handover.faults.append(
            Fault(kind, place, one.message.rstrip("."), next="Export the trail again: Trail().export(DIR)")
        )
    if answer:
        handover.checked.append(f"{answer.size} events of {answer.origin}: signed, in order, none missing")
