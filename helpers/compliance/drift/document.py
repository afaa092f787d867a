"""The report of drift as JSON for machines and as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from helpers.compliance.drift.types import DriftFinding, DriftReport, StackDrift


def report_document(report: DriftReport) -> dict[str, Any]:
    """Return the report as JSON-ready data; values are as short as a terminal takes them."""
    return {
        "version": 1,
        "at": report.at.isoformat(timespec="seconds"),
        "seconds": report.seconds,
        "exitCode": report.exit_code,
        "stacks": [_stack(one, report.at) for one in report.stacks],
    }


def _stack(one: StackDrift, now: datetime) -> dict[str, Any]:
    advice = one.advice
    return {
        "name": one.stack.name,
        "owner": one.stack.owner,
        "contact": one.stack.contact,
        "status": one.status,
        "why": one.why,
        "seconds": one.seconds,
        "findings": [_finding(found, now) for found in one.findings],
        "unapplied": [{"address": address, "action": action} for address, action in one.unapplied],
        "advice": {"kind": advice.kind, "reason": advice.reason, "steps": list(advice.steps)} if advice else None,
    }


def _finding(one: DriftFinding, now: datetime) -> dict[str, Any]:
    rule = one.ignored_by or one.expired
    return {
        "address": one.address,
        "attribute": one.attribute,
        "gone": one.gone,
        "before": value_text(one.before),
        "after": value_text(one.after),
        "ignored": one.ignored_by is not None,
        "rule": {"owner": rule.owner, "reason": rule.reason, "until": str(rule.until)} if rule else None,
        "firstSeen": one.first_seen.isoformat(timespec="seconds") if one.first_seen else None,
        "lookedBefore": one.looked_before.isoformat(timespec="seconds") if one.looked_before else None,
        "ageSeconds": int(one.age(now).total_seconds()),
    }


def value_text(value: Any) -> str:
    """Return a value as text, cut; a masked one stays masked."""
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"


def age_text(age: timedelta) -> str:
    """Return an age in its largest unit: ``new``, ``5 min``, ``3 h``, ``12 days``."""
    seconds = int(age.total_seconds())
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {'day' if unit == 'days' and number == 1 else unit}"
    return "new"


def report_text(report: DriftReport) -> str:
    """Return the report for a terminal."""
    return "\n".join(_lines(report))


def _lines(report: DriftReport) -> Iterator[str]:
    yield repr(report)
    for one in report.stacks:
        yield f"  {one.status:10} {one.stack.name:24} {one.stack.owner} {one.stack.contact}".rstrip()
        if one.why:
            yield f"{'':13}{one.why.splitlines()[0]}"
        for found in one.active:
            change = (
                "is gone"
                if found.gone
                else f"{found.attribute}: {value_text(found.before)} -> {value_text(found.after)}"
            )
            yield f"{'':13}{found.address} {change} ({age_text(found.age(report.at))})"
            if found.expired:
                yield f"{'':13}  the rule of {found.expired.owner} ended on {found.expired.until}"
        for address, action in one.unapplied:
            yield f"{'':13}not applied: {action} {address}"
        if one.ignored:
            yield f"{'':13}{len(one.ignored)} kept out by rules"
        if one.advice:
            yield f"{'':13}{one.advice.kind}: {one.advice.reason}"
