"""Author's CI, both ways: a step's starter fails with the intended message, its solution passes.

The steps of a lab are walked in a learner's order in one workspace of their own. A check that changes the
workspace is itself a failure, so each step meets exactly what the earlier solutions left.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from helpers.core.errors import CourseError
from helpers.course.checks import CheckResult
from helpers.course.labs import _cells
from helpers.course.labs._lab import Lab
from helpers.course.outline import LabSpec, StepSpec
from helpers.course.workspace import listing
from helpers.runtime import services


@dataclass(frozen=True)
class Proof:
    """What was found about one step; ``problem`` is empty when it is proved. Times in seconds."""

    lab: str
    step: str
    problem: str
    starter_says: str
    solution_says: str
    seconds: float
    starter_check_seconds: float
    solution_check_seconds: float

    @property
    def proved(self) -> bool:
        """The starter failed as intended and the solution passed."""
        return not self.problem

    def to_dict(self) -> dict[str, Any]:
        """Return the proof as JSON-ready data."""
        return {**asdict(self), "proved": self.proved}


def prove(spec: LabSpec, only: str | None = None) -> Iterator[Proof]:
    """Prove the graded steps of a lab one by one, in a workspace and with services of their own.

    Args:
        spec: the lab.
        only: id of one step; the steps before it are solved without being proved.

    Raises:
        UnknownStep: the lab has no step *only*.
    """
    if only:
        spec.step(only)
    with isolated_services() as home:
        yield from walk(Lab(spec.id, work=home / spec.assignment / "work"), spec, only)


def walk(lab: Lab, spec: LabSpec, only: str | None = None) -> Iterator[Proof]:
    """Prove the graded steps of *spec* in the workspace of *lab*, which nobody has worked in; *only* as in `prove`."""
    for step in spec.steps:
        if only in (None, step.id):
            yield _prove(lab, step)
        else:
            lab.solve(step.id)
        if step.id == only:
            return


@contextlib.contextmanager
def isolated_services() -> Iterator[Path]:
    """Give a directory that is workspace and state for this process; its services are stopped and it is removed."""
    home = Path(tempfile.mkdtemp(prefix="mod208-prove-"))
    ours = {"MOD208_WORKSPACE": str(home), "MOD208_STATE": str(home / "state")}
    before = {name: os.environ.get(name) for name in (*ours, "MOD208_GRADING")}
    os.environ.update(ours)
    os.environ.pop("MOD208_GRADING", None)
    try:
        yield home
    finally:
        _stop_services()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(home, ignore_errors=True)


def _stop_services() -> None:
    with contextlib.suppress(CourseError):
        services.stop("all")


def _prove(lab: Lab, step: StepSpec) -> Proof:
    begun = time.perf_counter()
    failed = solved = None
    problem = ""
    try:
        _starter(lab, step)
        failed = _judge(lab, step)
        lab.solve(step.id)
        solved = _judge(lab, step)
        problem = _problem(step, failed.result, solved.result)
    except CourseError as error:
        problem = error.diagnostics()
    return Proof(
        lab.id,
        step.id,
        problem,
        starter_says=failed.result.reason if failed else "",
        solution_says=solved.result.reason if solved else "",
        seconds=time.perf_counter() - begun,
        starter_check_seconds=failed.seconds if failed else 0.0,
        solution_check_seconds=solved.seconds if solved else 0.0,
    )


def _starter(lab: Lab, step: StepSpec) -> None:
    # A stub of a Python cell may not run; a learner would see that too, and the check has to cope.
    for cell in _cells.starter_cells(lab.spec, step):
        with contextlib.suppress(CourseError):
            lab.run([cell])


@dataclass(frozen=True)
class _Verdict:
    result: CheckResult
    seconds: float


def _judge(lab: Lab, step: StepSpec) -> _Verdict:
    before = listing(lab.work)
    begun = time.perf_counter()
    result = lab.result(step.id)
    spent = time.perf_counter() - begun
    after = listing(lab.work)
    if before != after:
        changed = sorted(set(before.items()) ^ set(after.items()))
        raise CourseError(
            f"The check of {step.id} changed the workspace",
            why=", ".join(dict(changed)),
            next="Let the check work in a copy.",
        )
    return _Verdict(result, spent)


def _problem(step: StepSpec, failed: CheckResult, solved: CheckResult) -> str:
    if failed.passed:
        return f"the starter passes: {failed.reason}"
    if not step.starter or not re.search(step.starter, failed.reason):
        return f"the starter fails with another message than /{step.starter}/: {failed.reason}"
    if not solved.passed:
        return f"the solution does not pass: {solved.reason}"
    return ""
