"""Properties of a policy over plans: what must be true of every input, tried on inputs that nobody thought of.

Inputs are real plans that hypothesis (https://hypothesis.works) takes apart and puts together again; a counterexample
is shrunk until nothing more can be left out. The choice of inputs is derandomised, so the same plans give the same
verdict.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from helpers.core.display import Displayed
from helpers.wrappers.opa import OpaServer, Undefined

__all__ = ["PROPERTIES", "PropertyResult", "check_properties"]

Plan = Mapping[str, Any]
#: One entry of ``resource_changes``.
Change = dict[str, Any]


@dataclass(frozen=True)
class PropertyResult(Displayed):
    """Whether a property held for every input that was tried.

    Attributes:
        name: key of `PROPERTIES`. claim: what must hold, as a sentence.
        examples: how many inputs were tried, those of the shrinking included.
        counterexample: the smallest input found for which it does not hold, None when there is none.
        says: what the policy said of it.
    """

    name: str
    claim: str
    examples: int
    counterexample: Any = field(default=None, repr=False)
    says: str = ""

    @property
    def holds(self) -> bool:
        """Whether no counterexample was found. That is not a proof."""
        return not self.says

    def __repr__(self) -> str:
        return f"PropertyResult({self.name}: {'no counterexample' if self.holds else self.says})"


class _Broken(Exception):
    """A property does not hold for an input."""

    def __init__(self, case: Any, says: str) -> None:
        super().__init__(says)
        self.case, self.says = case, says


#: Gets what the policy denies of an input; None when it has no decision at all.
Decide = Callable[[Any], "frozenset[str] | None"]


@dataclass(frozen=True)
class Property:
    """A claim, the inputs it is tried on, and the judgement of one."""

    claim: str
    cases: Callable[[Sequence[Plan]], SearchStrategy[Any]]
    judge: Callable[[Decide, Any], None]


def check_properties(
    policy: str, plans: Sequence[Plan], *, names: Sequence[str] = (), rule: str = "main/deny", examples: int = 60
) -> tuple[PropertyResult, ...]:
    """Try properties of a policy; see `PROPERTIES`.

    Args:
        policy: directory of the policy.
        plans: real plans to make inputs from: documents of ``terraform show -json``.
        names: which properties; by default all.
        rule: the set of messages that refuse.
        examples: inputs for each property, before shrinking.

    Raises:
        KeyError: there is no such property. PolicyMissing, RegoError, TimedOut: see `OpaServer`.
    """
    kept = [{"resource_changes": plan.get("resource_changes", [])} for plan in plans]
    with OpaServer(policy) as opa:

        def decide(document: Any) -> frozenset[str] | None:
            # As most gates run OPA: a built-in function that fails leaves the rule undefined, without a word.
            try:
                return frozenset(map(str, opa.decide(rule, document, strict_builtin_errors=False)))
            except Undefined:
                return None

        return tuple(_try(name, PROPERTIES[name], kept, decide, examples) for name in names or PROPERTIES)


def _try(name: str, tried: Property, plans: Sequence[Plan], decide: Decide, examples: int) -> PropertyResult:
    count = 0

    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @hypothesis.given(tried.cases(plans))
    def run(case: Any) -> None:
        nonlocal count
        count += 1
        tried.judge(decide, case)

    try:
        run()
    except _Broken as broken:
        return PropertyResult(name, tried.claim, count, broken.case, broken.says)
    return PropertyResult(name, tried.claim, count)


# Cases: each is what a property is judged on.


def _changes(plans: Sequence[Plan]) -> list[Change]:
    return [change for plan in plans for change in plan["resource_changes"]]


def _subsets(plans: Sequence[Plan]) -> SearchStrategy[list[Change]]:
    return st.lists(st.sampled_from(_changes(plans)), max_size=4).map(copy.deepcopy)


def _two_subsets(plans: Sequence[Plan]) -> SearchStrategy[Any]:
    return st.tuples(_subsets(plans), _subsets(plans))


def _one_change(plans: Sequence[Plan]) -> SearchStrategy[Change]:
    return st.sampled_from([change for change in _changes(plans) if change["change"].get("after")])


def _anything(plans: Sequence[Plan]) -> SearchStrategy[Any]:
    """Give what is not a plan: any JSON, or an object with some of a plan's keys."""
    leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2)
    keys = st.sampled_from(["format_version", "type", "change"])
    json_values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2), max_leaves=4
    )
    # A plan without any resource is one; everything else in that place is not.
    wrong_changes = st.fixed_dictionaries(
        {"format_version": st.just("1.2"), "resource_changes": json_values.filter(lambda value: value != [])}
    )
    return json_values.filter(lambda value: not _looks_like_a_plan(value)) | wrong_changes


def _looks_like_a_plan(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("format_version"), str)


# Judgements.


def _plan(changes: Sequence[Change]) -> Plan:
    return {"format_version": "1.2", "resource_changes": list(changes)}


def _monotone(decide: Decide, case: tuple[list[Change], list[Change]]) -> None:
    some, more = case
    lost = (decide(_plan(some)) or frozenset()) - (decide(_plan([*some, *more])) or frozenset())
    if lost:
        raise _Broken(
            {"plan": [c["address"] for c in some], "added": [c["address"] for c in more]}, f"no longer: {min(lost)}"
        )


def _order_free(decide: Decide, changes: list[Change]) -> None:
    forward, backward = decide(_plan(changes)), decide(_plan(changes[::-1]))
    if forward != backward:
        raise _Broken([c["address"] for c in changes], "another order, another verdict")


def _unknown_refused(decide: Decide, change: Change) -> None:
    known = decide(_plan([change])) or frozenset()
    # What is accepted has no denial to lose.
    for name in sorted(change["change"]["after"]) if known else ():
        hidden = copy.deepcopy(change)
        del hidden["change"]["after"][name]
        hidden["change"]["after_unknown"] = {**(hidden["change"].get("after_unknown") or {}), name: True}
        lost = known - (decide(_plan([hidden])) or frozenset())
        if lost:
            raise _Broken({"address": change["address"], "not known yet": name}, f"no longer: {min(lost)}")


def _total(decide: Decide, document: Any) -> None:
    said = decide(document)
    if not said:
        verdict = "no decision" if said is None else "nothing to object to"
        raise _Broken(document, f"{verdict} for {json.dumps(document)}")


#: Name -> property. Each is about every plan, so it needs no list of expected results.
PROPERTIES: Mapping[str, Property] = {
    "monotone": Property("Adding a resource never removes a denial.", _two_subsets, _monotone),
    "order": Property("The order of the resources does not matter.", _subsets, _order_free),
    "unknown": Property("A value that is not known yet never removes a denial.", _one_change, _unknown_refused),
    "total": Property("What is not a plan is refused.", _anything, _total),
}
