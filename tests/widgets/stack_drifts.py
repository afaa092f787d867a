"""Stacks with every answer, for the displays of drift over many stacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from helpers.compliance.drift import Advice, DriftFinding, DriftReport, IgnoreRule, Stack, StackDrift
from helpers.compliance.drift.types import sort_stacks

NOW = datetime(2026, 6, 15, 6, tzinfo=UTC)


def stack_report(text: str = "") -> DriftReport:
    """Return a report with every answer, and *text* wherever a value may stand."""

    def stack(name: str, owner: str) -> Stack:
        return Stack(text or name, Path(name), text or owner, text or f"#{owner}")

    rule = IgnoreRule("*", "*.x", "tags*", text or "security", text or "the scanner", date(2026, 6, 30))
    address = text or "platform_artifact_bucket.models"
    versioning = DriftFinding(address, text or "versioning", text or True, text or False)
    old = replace(versioning, first_seen=NOW - timedelta(days=12), expired=replace(rule, until=date(2026, 6, 1)))
    noise = DriftFinding(address, text or "tags.last-scan", None, text or "monday", ignored_by=rule, first_seen=NOW)
    gone = DriftFinding(address, "")
    heal = Advice("heal", text or "An apply changes it back in place.", (text or "course drift heal",))
    waits = ((address, "update"),)
    found = [
        StackDrift(stack("speech-serving", "speech"), "drifted", (old,), advice=heal),
        StackDrift(stack("vision-training", "vision"), "both", (versioning, gone), waits, advice=heal),
        StackDrift(stack("vision-eval", "vision"), "unapplied", (), waits),
        StackDrift(stack("ranking-features", "ranking"), "in-sync", (noise,)),
        StackDrift(stack("platform-edge", "platform"), "unknown", why=text or "The state is locked."),
    ]
    return DriftReport(NOW, sort_stacks(found))


class Stacks:
    """Stands in for `helpers.compliance.drift`: healing a stack brings it in sync."""

    def __init__(self) -> None:
        self.report = stack_report()
        self.done: list[str] = []

    def __call__(self) -> DriftReport:
        """Return the report of now."""
        return self.report

    def heal(self, one: StackDrift) -> str:
        """Bring a stack in sync."""
        self.done.append(one.stack.name)
        healed = [
            replace(o, status="in-sync", findings=(), unapplied=(), advice=None) if o == one else o
            for o in self.report.stacks
        ]
        self.report = replace(self.report, stacks=sort_stacks(healed))  # type: ignore[arg-type]
        return f"healed {one.stack.name}"
