"""Step checks: a named check judges the files of a workspace by what real tools report about them.

A check is a function with the `step` decorator. It gets the workspace, raises `Unmet` (or calls `require`) with a
reason when something is missing, and returns a sentence that says what it found when everything is right::

    @step("lab1", "interface", hints=("nudge", "pointer", "near-solution"))
    def interface(lab: Workspace) -> str:
        require(lab.path("modules/x/main.tf").exists(), "modules/x/main.tf does not exist")
        return "the module has 3 variables"

A check never writes into ``lab.work`` (`scratch` gives it a copy to work in) and never reads Python variables.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TypeAlias

from helpers.core.errors import CourseError
from helpers.core.verdicts.checks import CheckResult, Hints, Unmet, require
from helpers.course import outline
from helpers.course.checks import verdict_cache
from helpers.course.workspace import Workspace

__all__ = ["Check", "CheckCrashed", "CheckResult", "Hints", "Unmet", "find", "names", "require", "step"]


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
            return CheckResult(self.name, _title(self), known["passed"], known["reason"], tuple(known["hints"]))
        result = self._judge(lab)
        if key:
            verdict_cache.put(key, {"passed": result.passed, "reason": result.reason, "hints": result.hints})
        return result

    def _judge(self, lab: Workspace) -> CheckResult:
        try:
            reason = self.judge(lab)
        except Unmet as unmet:
            return CheckResult(self.name, _title(self), False, unmet.reason, unmet.hints or self.hints)
        except CourseError:
            raise
        except Exception as error:
            raise CheckCrashed(
                f"The check of {self.lab} {self.name} itself failed; nothing was judged",
                why=f"{type(error).__name__}: {error}",
                next="Tell the people who run the course, with your files: this is a fault of the course.",
            ) from error
        return CheckResult(self.name, _title(self), True, reason, self.hints)


#: What a check is written as.
Judge: TypeAlias = Callable[[Workspace], str]

_checks: dict[tuple[str, str], Check] = {}


def __getattr__(name: str) -> ModuleType:
    """Import the checks of a notebook at their first use: ``checks.lab1_publish``."""
    if name in {module.name for module in pkgutil.iter_modules(__path__)}:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def step(lab: str, name: str, *, hints: Hints, reads: tuple[str, ...] = ()) -> Callable[[Judge], Check]:
    """Register a check under the name of its step.

    Args:
        lab: id of the lab in ``course.yaml``.
        name: id of the step there.
        hints: nudge, pointer, near-solution; an `Unmet` may bring its own that fit its reason better.
        reads: files and directories of the workspace that alone decide the verdict; with them the verdict on an
            unchanged workspace is cached. Leave it empty for a check that asks a cloud or a registry.
    """
    if len(hints) != 3 or not all(hints):
        raise TypeError(f"{lab} {name}: a step has three hints: nudge, pointer, near-solution")

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


def _title(check: Check) -> str:
    return outline.lab(check.lab).step(check.name).title
