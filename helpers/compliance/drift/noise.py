"""Keeps noise out: findings that a rule with an owner, a reason and an end covers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from helpers.compliance.drift.types import DriftFinding, IgnoreRule


def sift(
    stack: str, findings: Sequence[DriftFinding], rules: Sequence[IgnoreRule], today: date
) -> tuple[DriftFinding, ...]:
    """Return the findings, each with the rule that covers it. A rule past its end covers nothing and is named.

    An object that is gone is never noise: rules are about attributes.
    """
    return tuple(_sifted(one, [rule for rule in rules if covers(rule, stack, one)], today) for one in findings)


def _sifted(one: DriftFinding, rules: Sequence[IgnoreRule], today: date) -> DriftFinding:
    in_force = next((rule for rule in rules if today <= rule.until), None)
    return replace(one, ignored_by=in_force, expired=None if in_force or not rules else rules[0])


def covers(rule: IgnoreRule, stack: str, one: DriftFinding) -> bool:
    """Return whether a rule is about a finding, whatever its end."""
    pairs = ((rule.stack, stack), (rule.resource, one.address), (rule.attribute, one.attribute))
    return not one.gone and all(_fits(pattern, text) for pattern, text in pairs)


def _fits(pattern: str, text: str) -> bool:
    # Only the star is special: addresses and paths of Terraform are full of brackets.
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
