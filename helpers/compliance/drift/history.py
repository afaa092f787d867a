"""Remembers between runs when each finding was first seen, and when each stack was last looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.compliance.drift.types import BadDriftFile, DriftReport, StackDrift
from helpers.core.files import write_atomic


def remember(report: DriftReport, file: Path) -> DriftReport:
    """Return the report with the ages of its findings, and write what the next run needs.

    What could not be looked at keeps its ages: an outage does not make old drift new. What was healed is forgotten.

    Raises:
        BadDriftFile: the history is there and cannot be read.
    """
    before = _read(file)
    aged = tuple(_aged(one, before.get(one.stack.name, {}), report.at) for one in report.stacks)
    kept = {one.stack.name: _kept(one, before.get(one.stack.name, {}), report.at) for one in aged}
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, json.dumps({"version": 1, "stacks": kept}, indent=2, sort_keys=True) + "\n")
    return replace(report, stacks=aged)


def _aged(one: StackDrift, before: Mapping[str, Any], now: datetime) -> StackDrift:
    seen = before.get("findings", {})
    looked = _time(before.get("looked"))

    def aged(key: str) -> tuple[datetime, datetime | None]:
        if key in seen:
            return datetime.fromisoformat(seen[key]["first"]), _time(seen[key]["before"])
        return now, looked

    found = []
    for finding in one.findings:
        first, last = aged(finding.key)
        found.append(replace(finding, first_seen=first, looked_before=last))
    return replace(one, findings=tuple(found))


def _kept(one: StackDrift, before: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    if one.status == "unknown":
        return dict(before)
    findings = {
        finding.key: {
            "first": (finding.first_seen or now).isoformat(),
            "before": finding.looked_before.isoformat() if finding.looked_before else None,
        }
        for finding in one.findings
    }
    return {"looked": now.isoformat(), "findings": findings}


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        stacks = raw["stacks"]
        for one in stacks.values():
            for seen in one["findings"].values():
                datetime.fromisoformat(seen["first"])
        return dict(stacks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadDriftFile(
            "The history of drift cannot be read",
            why=f"{file.name}: {error}. Without it old drift would look new.",
            next=f"Restore {file.name}, or remove it to start with no ages.",
        ) from None
