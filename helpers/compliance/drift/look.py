"""Looks at stacks, several at once: what changed outside of Terraform, and what code nobody applied.

Two plans that cannot be confused: ``-refresh-only`` compares the state with the real objects and never reads a changed
line of code as drift; ``-refresh=false`` compares the code with the state and never reads a changed object as code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from helpers.clients.aws import cloud
from helpers.compliance.drift import noise
from helpers.compliance.drift.advice import advise
from helpers.compliance.drift.history import remember
from helpers.compliance.drift.types import (
    DriftFinding,
    DriftReport,
    DriftSettings,
    Stack,
    StackDrift,
    StackStatus,
    sort_stacks,
)
from helpers.core import process
from helpers.core.errors import CourseError
from helpers.wrappers.terraform import Terraform
from helpers.wrappers.terraform.types import Action, ResourceChange


def look(
    settings: DriftSettings,
    *,
    history: Path | None = None,
    now: datetime | None = None,
    advice: bool = True,
    on_stack: Callable[[StackDrift], None] | None = None,
) -> DriftReport:
    """Look at every stack and report what is known. Nothing is changed, neither objects nor states.

    Args:
        history: file in which ages are kept between runs. now: the time of this run, UTC.
        advice: ask, for each drifted stack, what an apply would do, to recommend healing or adopting.
        on_stack: called with each answer as it comes, from several threads.

    Raises:
        BadDriftFile: the history cannot be read.
    """
    began, at = time.monotonic(), now or datetime.now(UTC)

    def one(stack: Stack) -> StackDrift:
        answer = look_at(stack, settings, at.date(), advice=advice)
        if on_stack is not None:
            on_stack(answer)
        return answer

    with ThreadPoolExecutor(max_workers=settings.parallel, thread_name_prefix="drift") as pool:
        found = list(pool.map(one, settings.stacks))
    report = DriftReport(at, sort_stacks(found), round(time.monotonic() - began, 3))
    return remember(report, history) if history is not None else report


def terraform_of(stack: Stack, settings: DriftSettings) -> Terraform:
    """Return Terraform in a stack's directory, with the credentials of its account.

    Raises:
        CourseError: the account is not known, or the directory is not there.
    """
    env = cloud.environment(stack.account) if stack.account else None
    return Terraform(stack.directory, env=env, timeout=settings.timeout)


def look_at(stack: Stack, settings: DriftSettings, today: date, *, advice: bool = True) -> StackDrift:
    """Return what is known of one stack; whatever keeps Terraform from telling is the answer ``unknown``."""
    began = time.monotonic()
    try:
        terraform = terraform_of(stack, settings)
        terraform.init()
        answer = _compare(stack, terraform, settings, today)
        if advice and answer.active:
            answer = replace(answer, advice=advise(answer, terraform.plan(lock_timeout=settings.lock_timeout)))
    except (CourseError, process.ProcessError, OSError) as error:
        answer = StackDrift(stack, "unknown", why=_why(error))
    return replace(answer, seconds=round(time.monotonic() - began, 3))


def _compare(stack: Stack, terraform: Terraform, settings: DriftSettings, today: date) -> StackDrift:
    drift = terraform.drift(lock_timeout=settings.lock_timeout)
    if drift.status == "unknown":
        return StackDrift(stack, "unknown", why=drift.why)
    findings = noise.sift(stack.name, list(_findings(drift.changes)), settings.ignore, today)
    plan = terraform.plan(refresh=False, lock_timeout=settings.lock_timeout)
    unapplied = [(one.address, str(one.action)) for one in plan.changes]
    unapplied += [(f"output.{one.name}", str(one.action)) for one in plan.output_changes if one.action != Action.NO_OP]
    drifted = any(one.ignored_by is None for one in findings)
    return StackDrift(stack, _status(drifted, bool(unapplied)), findings, tuple(unapplied))


def _status(drifted: bool, unapplied: bool) -> StackStatus:
    if drifted:
        return "both" if unapplied else "drifted"
    return "unapplied" if unapplied else "in-sync"


def _findings(changes: Sequence[ResourceChange]) -> Iterable[DriftFinding]:
    for change in changes:
        if change.action is Action.DELETE:
            yield DriftFinding(change.address, "")
            continue
        for row in change.changed_attributes():
            yield DriftFinding(change.address, row.path, row.before, row.after)


def _why(error: Exception) -> str:
    return error.diagnostics() if isinstance(error, CourseError) else str(error)
