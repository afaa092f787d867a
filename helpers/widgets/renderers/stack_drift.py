"""Drift over many stacks: who owns what drifted, for how long, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from helpers.compliance.drift.document import age_text, value_text
from helpers.compliance.drift.types import STATUSES
from helpers.core.html.elements import Html, code, cut, details, dim, head, join, mark, page, rows_html, tag
from helpers.core.html.style import STATES

if TYPE_CHECKING:
    from datetime import datetime

    from helpers.compliance.drift.types import DriftFinding, DriftReport, StackDrift

MEANS = {
    "both": "The real objects differ from the state, and there is code that nobody applied.",
    "drifted": "The real objects differ from the state.",
    "unknown": "We could not tell. This is not the same as in sync.",
    "unapplied": "Nothing drifted, but there is code that nobody applied.",
    "in-sync": "State, real objects and code agree.",
}


def stack_drift_html(report: DriftReport) -> str:
    """Return the report: a table of stacks, the worst first, and each opened to what was found."""
    parts = [
        details(stack_title(one), stack_part(one, report.at), open=len(report.stacks) <= 4)
        for one in report.stacks
        if one.status != "in-sync" or one.ignored
    ]
    return page(report_head(report), stack_table(report.stacks, report.at), *parts, label="Drift of stacks")


def report_head(report: DriftReport) -> Html:
    """Return the title with the answers counted, and the rules that ended."""
    counts = [mark(one, len(report.of(one))) for one in STATUSES if report.of(one)]
    title = head("Drift of stacks", *counts, dim(f"{len(report.stacks)} stacks"))
    ended = [
        tag("p", mark("warning"), " ", cut(f"The rule of {rule.owner} ended on {rule.until}: {rule.reason}", 300))
        for rule in report.expired_rules
    ]
    return join((title, *ended))


def stack_table(stacks: Iterable[StackDrift], now: datetime) -> Html:
    """Return a table: a row a stack."""
    rows = [
        (
            mark(one.status),
            code(cut(one.stack.name, 80)),
            cut(" ".join((one.stack.owner, one.stack.contact)).strip(), 80),
            str(len(one.active)),
            age_of(one, now),
            one.advice.kind if one.advice else "",
        )
        for one in stacks
    ]
    columns = ("Answer", "Stack", "Owner", "#Findings", "Age", "Advice")
    return rows_html(columns, rows, empty="There is no stack: nothing was looked at.")


def age_of(one: StackDrift, now: datetime) -> str:
    """Return the age of a stack's oldest finding; empty when it has none."""
    first = one.first_seen()
    return age_text(now - first) if first else ("new" if one.active else "")


def stack_title(one: StackDrift) -> Html:
    """Return the line that stands for a stack."""
    return tag("span", mark(one.status), " ", code(cut(one.stack.name, 80)), " ", dim(cut(one.stack.owner, 80)))


def stack_part(one: StackDrift, now: datetime) -> Html:
    """Return one stack opened: what differs, what waits, what to do."""
    only_noise = one.status == "in-sync" and one.ignored
    parts: list[object] = [tag("p", "Only what rules keep out differs." if only_noise else MEANS[one.status])]
    if one.why:
        parts.append(tag("pre", cut(one.why, 4000)))
    if one.findings:
        columns = ("Object", "Attribute", "In the state", "Really", "Age", "Kept out")
        parts.append(rows_html(columns, [_row(found, now) for found in one.findings]))
    if one.unapplied:
        waits = [tag("li", cut(action, 20), " ", code(cut(address, 200))) for address, action in one.unapplied]
        parts += [tag("p", "Not applied:"), tag("ul", *waits)]
    if one.advice:
        steps = [tag("li", cut(step, 300)) for step in one.advice.steps]
        parts += [tag("p", tag("strong", one.advice.kind.capitalize()), ": ", cut(one.advice.reason, 600))]
        parts += [tag("ol", *steps)]
    return tag("div", *parts, style="overflow-x:auto")


def _row(one: DriftFinding, now: datetime) -> tuple[object, ...]:
    rule, state = one.ignored_by, STATES["missing"].word
    kept = f"by {rule.owner} until {rule.until}: {rule.reason}" if rule else ""
    if one.expired:
        kept = f"no more: the rule of {one.expired.owner} ended on {one.expired.until}"
    before, after = ("", state) if one.gone else (value_text(one.before), value_text(one.after))
    age = age_text(one.age(now))
    return code(cut(one.address, 160)), cut(one.attribute, 160), cut(before, 120), cut(after, 120), age, cut(kept, 200)
