"""Judges what a support model says: whether its promises can be kept and do not contradict each other."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.compliance.module_support.policy import SupportPolicy
from helpers.compliance.module_support.types import SupportModel, duration_text


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong: its rule, the path below ``support``, what it is and what to type."""

    rule: str
    path: tuple[str | int, ...]
    what: str
    fix: str


def check(model: SupportModel, policy: SupportPolicy, *, version: str, today: dt.date) -> list[Broken]:
    """Return everything that is wrong with a model that keeps the schema.

    Args:
        policy: of the namespace. version: that is to be published. today: the day dates are compared with.
    """
    return [
        *_owner(model, policy),
        *_stage(model, version),
        *_levels(model),
        *_on_call(model),
        *_escalation(model, policy),
        *_window(model, policy),
        *_deprecation(model, policy, today),
    ]


def _owner(model: SupportModel, policy: SupportPolicy) -> Iterator[Broken]:
    contacts: list[tuple[tuple[str | int, ...], str]] = [(("contact",), model.contact)]
    if model.on_call:
        contacts.append((("on_call", "contact"), model.on_call[1]))
    contacts += [(("escalation", n, "contact"), level.contact) for n, level in enumerate(model.escalation)]
    for path, contact in contacts:
        if contact.lower() in policy.people:
            what = f"{contact} is the mailbox of a person; nobody answers there on holiday or after a move."
            yield Broken("support-owner", path, what, "Write the address of a team or role.")
    if policy.teams is None:
        return
    if model.team not in policy.teams:
        what = f"There is no team {model.team[:60]!r} in the directory."
        yield Broken("support-owner", ("team",), what, f"Known are {', '.join(sorted(policy.teams))}.")
    elif model.contact.lower() not in {one.lower() for one in policy.teams[model.team]} | set(policy.people):
        what = f"{model.contact} is not a contact of {model.team}."
        known = ", ".join(policy.teams[model.team]) or "none"
        yield Broken("support-owner", ("contact",), what, f"Its contacts are {known}.")


def _stage(model: SupportModel, version: str) -> Iterator[Broken]:
    if model.stage == "retired":
        what = "A retired module gets no new version."
        yield Broken("support-stage", ("stage",), what, "Write `stage: supported`, or publish nothing.")
    if model.stage == "experimental" and not version.startswith("0.") and "-" not in version:
        what = f"It is experimental, but {version} promises a stable interface (semver.org, 4 and 5)."
        yield Broken("support-stage", ("stage",), what, "Publish it as 0.x or a pre-release, or write `supported`.")
    if model.stage == "deprecated" and model.deprecation is None:
        what = "It is deprecated, and nothing says until when and what to use instead."
        yield Broken("support-stage", ("stage",), what, "Add `deprecation:` with since, removal and replacement.")
    if model.deprecation is not None and model.stage in ("experimental", "supported"):
        what = f"It has a deprecation, but its stage is {model.stage}."
        yield Broken("support-stage", ("deprecation",), what, "Write `stage: deprecated`, or leave the block out.")
    if model.stage in ("supported", "deprecated") and not model.levels:
        what = f"A {model.stage} module promises nothing: there are no service levels."
        yield Broken("support-levels", (), what, "Add `levels:` with severity, response and repair.")


def _levels(model: SupportModel) -> Iterator[Broken]:
    seen: dict[int, int] = {}
    for n, level in enumerate(model.levels):
        if level.severity in seen:
            what = f"Severity {level.severity} is there twice."
            yield Broken("support-levels", ("levels", n, "severity"), what, "Keep one of them.")
        seen.setdefault(level.severity, n)
        if level.repair < level.response:
            what = (
                f"Severity {level.severity} is repaired within {duration_text(level.repair)}, "
                f"before somebody responds ({duration_text(level.response)})."
            )
            yield Broken("support-levels", ("levels", n, "repair"), what, "Write a repair time above the response.")
    if model.levels and 1 not in seen and model.stage != "experimental":
        what = "Nothing is promised for severity 1, when no caller can work."
        yield Broken("support-levels", ("levels",), what, "Add a level with `severity: 1`.")
    ordered = sorted(model.levels, key=lambda level: level.severity)
    for worse, better in itertools.pairwise(ordered):
        if better.severity > worse.severity and (better.response < worse.response or better.repair < worse.repair):
            what = f"Severity {better.severity} is promised faster than severity {worse.severity}."
            fix = "A worse fault is answered and repaired at least as fast."
            yield Broken("support-levels", ("levels", seen[better.severity]), what, fix)


def _on_call(model: SupportModel) -> Iterator[Broken]:
    round_the_clock = model.hours in ("24x7", "always")
    promised = [level for level in model.levels if level.always]
    if (round_the_clock or promised) and model.on_call is None:
        where = ("hours",) if round_the_clock else ("levels", model.levels.index(promised[0]), "cover")
        what = "Day and night is promised, but nobody is on call."
        yield Broken("support-on-call", where, what, "Add `on_call: {rota: ..., contact: ...}`, or promise hours.")


def _escalation(model: SupportModel, policy: SupportPolicy) -> Iterator[Broken]:
    chain = model.escalation
    if model.stage in ("supported", "deprecated") and not chain:
        what = "There is no escalation: who is called when nobody answers?"
        yield Broken("support-escalation", (), what, "Add `escalation:` with at least two levels.")
    if not chain:
        return
    if len(chain) == 1:
        what = f"The escalation ends nowhere: when {chain[0].to} does not answer, nobody is next."
        yield Broken("support-escalation", ("escalation",), what, "Add a second level that can decide.")
    if chain[0].after != dt.timedelta(0):
        what = f"Nobody is called in the first {duration_text(chain[0].after)}."
        yield Broken("support-escalation", ("escalation", 0, "after"), what, "Write `after: 0m`.")
    called: dict[str, int] = {}
    for n, level in enumerate(chain):
        if n and level.after <= chain[n - 1].after:
            what = f"Level {n + 1} is called no later than level {n}."
            yield Broken("support-escalation", ("escalation", n, "after"), what, "Let the times rise.")
        first = called.setdefault(level.contact.lower(), n)
        if first != n:
            what = f"It goes in a circle: {level.contact} is level {first + 1} already, and did not answer."
            yield Broken("support-escalation", ("escalation", n, "contact"), what, "Write somebody else's contact.")
        if policy.teams is not None and level.contact.lower() not in _reachable(policy):
            what = f"It leads nowhere: {level.contact} belongs to no team of the directory."
            fix = "Write a contact of a team that is there."
            yield Broken("support-escalation", ("escalation", n, "contact"), what, fix)
    worst = next((level for level in model.levels if level.severity == 1), None)
    if worst and len(chain) > 1 and chain[1].after > worst.repair:
        what = (
            f"The second level is called after {duration_text(chain[1].after)}, when the promised repair of severity 1 "
            f"({duration_text(worst.repair)}) is over."
        )
        yield Broken("support-escalation", ("escalation", 1, "after"), what, "Call the second level earlier.")


def _reachable(policy: SupportPolicy) -> set[str]:
    known = {one.lower() for contacts in (policy.teams or {}).values() for one in contacts}
    # A person's mailbox is refused by a rule of its own.
    return known | set(policy.people)


def _window(model: SupportModel, policy: SupportPolicy) -> Iterator[Broken]:
    if model.window is None:
        if model.stage in ("supported", "deprecated"):
            what = "It does not say how long a deprecated version stays."
            fix = f"Add `window: {policy.window.days}d` or more."
            yield Broken("support-window", (), what, fix)
    elif model.window < policy.window and model.stage != "experimental":
        least = duration_text(policy.window)
        what = f"The window of {duration_text(model.window)} is shorter than the policy's {least}."
        yield Broken("support-window", ("window",), what, f"Write `window: {policy.window.days}d` or more.")


def _deprecation(model: SupportModel, policy: SupportPolicy, today: dt.date) -> Iterator[Broken]:
    ends = model.deprecation
    if ends is None:
        return
    if ends.removal <= today:
        what = f"The removal on {ends.removal} is not in the future (today is {today})."
        yield Broken("support-dates", ("deprecation", "removal"), what, "Write a day to come.")
    if ends.removal <= ends.since:
        what = f"It is removed on {ends.removal}, before or as it is announced ({ends.since})."
        yield Broken("support-dates", ("deprecation", "removal"), what, "Write a later day.")
    wanted = max(model.window or dt.timedelta(0), policy.window)
    if ends.since < ends.removal < ends.since + wanted:
        days = (ends.removal - ends.since).days
        what = f"From {ends.since} to {ends.removal} are {days} days; {wanted.days} are promised."
        earliest = ends.since + wanted
        yield Broken("support-dates", ("deprecation", "removal"), what, f"Write `removal: {earliest}` or later.")
