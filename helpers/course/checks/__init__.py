"""Step checks: a named check judges the files of a workspace by what real tools report about them.

A check is a function with the `step` decorator. It gets the workspace, raises `Unmet` (or calls `require`) with a
reason when something is missing, and returns a sentence that says what it found when everything is right::

    @step("lab1", "interface", hints=("nudge", "pointer", "near-solution"))
    def interface(lab: Workspace) -> str:
        require(lab.path("modules/x/main.tf").exists(), "modules/x/main.tf does not exist")
        return "the module has 3 variables"

A check that asks for several things looks at each in an `item`, or at all in a block of `every`: then the learner is
told at once all that is wrong. Where what follows builds on them, `settled` ends the check.

A check never writes into ``lab.work`` (`scratch` gives it a copy to work in) and never reads Python variables.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from types import ModuleType
from typing import TypeAlias

from helpers.core.errors import CourseError
from helpers.core.verdicts.checks import (
    CheckResult,
    Enough,
    Hints,
    Item,
    Unmet,
    every,
    item,
    looking,
    require,
    settled,
)
from helpers.course import outline
from helpers.course.checks import verdict_cache
from helpers.course.workspace import Workspace

__all__ = [
    "Check",
    "CheckCrashed",
    "CheckResult",
    "Hints",
    "Item",
    "Unmet",
    "every",
    "find",
    "item",
    "names",
    "require",
    "settled",
    "step",
]


class CheckCrashed(CourseError):
    """A check raised an error that its author did not expect."""

    code = "check-crashed"


@dataclass(frozen=True)
class Check:
    """A registered check; call it with a lab for a `CheckResult`."""

    lab: str
    name: str
    hints: Hints
    judge: Callable[[Workspace], str]
    reads: tuple[str, ...] = ()

    def __call__(self, lab: Workspace) -> CheckResult:
        """Judge the workspace. A failure of the environment (a missing tool, a dead service) is raised, not scored."""
        key = verdict_cache.key_of(lab.work, self.reads, f"{self.lab} {self.name}") if self.reads else ""
        if key and (known := verdict_cache.get(key)):
            items = tuple(Item(**{**one, "hints": tuple(one["hints"])}) for one in known.get("items", ()))
            return self._result(known["passed"], known["reason"], tuple(known["hints"]), items)
        result = self._judge(lab)
        if key:
            kept = {"passed": result.passed, "reason": result.reason, "hints": result.hints}
            verdict_cache.put(key, {**kept, "items": [asdict(one) for one in result.items]})
        return result

    def _judge(self, lab: Workspace) -> CheckResult:
        with looking() as items:
            reason = self._ask(lab, items)
        items = [one if one.passed or one.hints else replace(one, hints=self.hints) for one in items]
        wrong = [one for one in items if not one.passed]
        if not wrong:
            return self._result(True, reason, self.hints, tuple(items))
        # The same thing can be wrong in several places; it is told once.
        reasons = "\n".join(dict.fromkeys(one.reason for one in wrong))
        return self._result(False, reasons, wrong[0].hints or self.hints, tuple(items))

    def _result(self, passed: bool, reason: str, hints: Hints, items: tuple[Item, ...]) -> CheckResult:
        spec = outline.lab(self.lab).step(self.name)
        return CheckResult(self.name, spec.title, passed, reason, hints, items, spec.points)

    def _ask(self, lab: Workspace, items: list[Item]) -> str:
        """Return what the check says when nothing ended it; what did is noted among *items*."""
        try:
            return self.judge(lab)
        except Enough:
            return ""
        except Unmet as unmet:
            items.append(Item("", "", False, unmet.reason, unmet.hints or ()))
            return ""
        except CourseError:
            raise
        except Exception as error:
            raise CheckCrashed(
                f"The check of {self.lab} {self.name} itself failed; nothing was judged",
                why=f"{type(error).__name__}: {error}",
                next="Tell the people who run the course, with your files: this is a fault of the course.",
            ) from error


#: What a check is written as.
Judge: TypeAlias = Callable[[Workspace], str]

_checks: dict[tuple[str, str], Check] = {}


def __getattr__(name: str) -> ModuleType:
    """Import the checks of a notebook at their first use: ``checks.lab1_publish``."""
    if name in {module.name for module in pkgutil.iter_modules(__path__)}:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def step(
    lab: str, name: str, *, hints: Hints, reads: tuple[str, ...] = (), unaided: bool = False
) -> Callable[[Judge], Check]:
    """Register a check under the name of its step.

    Args:
        lab: id of the lab in ``course.yaml``.
        name: id of the step there.
        hints: nudge, pointer, near-solution; an `Unmet` may bring its own that fit its reason better.
        reads: files and directories of the workspace that alone decide the verdict; with them the verdict on an
            unchanged workspace is cached. Leave it empty for a check that asks a cloud or a registry.
        unaided: there is no near-solution; the step's own words say so.
    """
    if len(hints) != (2 if unaided else 3) or not all(hints):
        raise TypeError(f"{lab} {name}: a step has three hints: nudge, pointer, near-solution; unaided the first two")

    def register(judge: Judge) -> Check:
        check = _checks[lab, name] = Check(lab, name, hints, judge, reads)
        return check

    return register


def find(lab: str, name: str) -> Check | None:
    """Return the check of a step, or nothing when none is written; imports only the module it is in."""
    importlib.import_module(f"{__name__}.{outline.lab(lab).step(name).checks}")
    return _checks.get((lab, name))


def names(lab: str) -> tuple[str, ...]:
    """Return the names of the checks written for a lab."""
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith(f"{lab}_"):
            importlib.import_module(f"{__name__}.{module.name}")
    return tuple(name for owner, name in _checks if owner == lab)
