"""Step checks: a named check judges the files of a workspace and what real tools say of them.

A check is a function with the `step` decorator. It gets the lab, raises `Unmet` (or calls `require`) with a reason
when something is missing, and returns a sentence that says what it saw when all is well::

    @step("lab1", "interface", hints=("nudge", "pointer", "near-solution"))
    def interface(lab: Lab) -> str:
        require(lab.path("modules/x/main.tf").exists(), "modules/x/main.tf is not there")
        return "the module has 3 variables"

A check never writes into ``lab.work`` (`scratch` gives it a copy to work in) and never reads Python variables.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.checks._result import CheckResult, Hints, Unmet, require

if TYPE_CHECKING:
    from helpers.labs import Lab

__all__ = ["Check", "CheckResult", "Hints", "Unmet", "find", "names", "require", "step"]


@dataclass(frozen=True)
class Check:
    """A registered check; call it with a lab for a `CheckResult`."""

    lab: str
    name: str
    hints: Hints
    judge: Callable[[Lab], str]

    def __call__(self, lab: Lab) -> CheckResult:
        """Judge the workspace. A fault of the machinery (a missing tool, a dead service) is raised, not scored."""
        try:
            reason = self.judge(lab)
        except Unmet as unmet:
            return CheckResult(self.name, _title(self), False, unmet.reason, unmet.hints or self.hints)
        return CheckResult(self.name, _title(self), True, reason, self.hints)


_checks: dict[tuple[str, str], Check] = {}


def step(lab: str, name: str, *, hints: Hints) -> Callable[[Callable[[Lab], str]], Check]:
    """Register a check under the name of its step.

    Args:
        lab: id of the lab in ``course.yaml``.
        name: id of the step there.
        hints: nudge, pointer, near-solution; an `Unmet` may bring its own that fit its reason better.
    """
    if len(hints) != 3 or not all(hints):
        raise TypeError(f"{lab} {name}: a step has three hints: nudge, pointer, near-solution")

    def register(judge: Callable[[Lab], str]) -> Check:
        check = _checks[lab, name] = Check(lab, name, hints, judge)
        return check

    return register


def find(lab: str, name: str) -> Check | None:
    """Return the check of a step, or nothing when none is written."""
    _load(lab)
    return _checks.get((lab, name))


def names(lab: str) -> tuple[str, ...]:
    """Return the names of the checks written for a lab."""
    _load(lab)
    return tuple(name for owner, name in _checks if owner == lab)


def _load(lab: str) -> None:
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith(f"{lab}_"):
            importlib.import_module(f"{__name__}.{module.name}")


def _title(check: Check) -> str:
    from helpers.labs import course

    return course.lab(check.lab).step(check.name).title
