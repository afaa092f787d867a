"""Alternative solutions: for each graded step of Labs 1 and 2 a file with right ones and wrong ones that look right.

``LAB/STEP.yaml`` has

* ``solved``: the steps that are solved first, the step itself the last (Lab 2 is walked instead),
* ``right`` and ``wrong``: lists of alternatives, each with a ``name`` and ``changes`` of that solution; a wrong one
  with ``says``, a part of the reason by which the check or the hidden test refuses it,
* ``back``: a cell that puts the shared environment right after an alternative that acted on it.

A change replaces text of a file (``file``, ``old``, ``new``), writes one (``file``, ``text``), renames one (``file``,
``to``) or acts as a notebook's cell does (``run``; ``lab`` is there, and in Lab 2 what ``acts.py`` lists).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import grading.hidden
from helpers.core import yaml_reader
from helpers.course.delivery import Platform
from helpers.course.labs import Lab
from helpers.course.workspace import acting_in
from tests.course.alternatives import acts
from tests.repeats import SOAK

FOLDER = Path(__file__).parent
#: How many of each kind a step has at least.
LEAST = 3
#: Steps of Lab 2 that files alone decide.
OF_FILES = ("base", "overlays", "policy", "leak")


@dataclass(frozen=True)
class Alternative:
    """One other solution of a step; a wrong one has ``says``."""

    lab: str
    step: str
    name: str
    changes: tuple[Mapping[str, str], ...]
    says: str = ""

    def __str__(self) -> str:
        return f"{self.step}: {self.name}"

    def write(self, lab: Lab) -> None:
        """Change a solved workspace into this solution."""
        for change in self.changes:
            if "run" in change:
                act(lab, change["run"])
            elif "to" in change:
                lab.path(change["file"]).rename(lab.path(change["to"]))
            elif "text" in change:
                lab.write(change["file"], change["text"])
            else:
                text = lab.read(change["file"])
                assert change["old"] in text, f"{change['file']} has no {change['old']!r}"
                lab.write(change["file"], text.replace(change["old"], change["new"]))


@dataclass(frozen=True)
class Solutions:
    """What the file of a step says."""

    right: tuple[Alternative, ...]
    wrong: tuple[Alternative, ...]
    solved: tuple[str, ...] = ()
    back: str = ""
    unknown: frozenset[str] = field(default_factory=frozenset)


def of(lab: str, step: str) -> Solutions:
    """Return the alternatives of a step; none when it has no file."""
    file = FOLDER / lab / f"{step}.yaml"
    said: dict[str, Any] = yaml_reader.load(file.read_text(encoding="utf-8")) if file.is_file() else {}

    def listed(kind: str) -> tuple[Alternative, ...]:
        rows = said.get(kind) or ()
        return tuple(Alternative(lab, step, r["name"], tuple(r["changes"]), r.get("says", "")) for r in rows)

    more = frozenset(said) - {"solved", "back", "right", "wrong"}
    return Solutions(listed("right"), listed("wrong"), tuple(said.get("solved") or ()), said.get("back", ""), more)


def ordinary(lab: str, step: str) -> tuple[str, ...]:
    """Return the kinds of which an ordinary run tries the first one.

    A right one that Lab 2's cluster judges has to be deployed and put back, which takes up to a minute; ``make soak``
    tries these. That the step's own solution passes is tested beside its check.
    """
    return ("right", "wrong") if lab == "lab1" or step in OF_FILES else ("wrong",)


def chosen(lab: str, steps: Iterable[str]) -> list[Any]:
    """Return the alternatives to try, as parameters: all in ``make soak``, else the first of what is `ordinary`."""
    found: list[Alternative] = []
    for step in steps:
        solutions = of(lab, step)
        for kind, some in (("right", solutions.right), ("wrong", solutions.wrong)):
            found += some if SOAK else some[: kind in ordinary(lab, step)]
    return [pytest.param(one, id=f"{'wrong' if one.says else 'right'}: {one}", marks=pytest.mark.soak) for one in found]


def act(lab: Lab, code: str) -> None:
    """Run code as a cell of the lab's notebooks."""
    names: dict[str, Any] = {"lab": lab}
    if lab.id == "lab2":
        names |= acts.names(Platform(lab))
    with acting_in(lab):
        exec(compile(code, "alternative", "exec"), names)


def hidden_test(lab: str, step: str) -> Callable[[Lab], None] | None:
    """Return the hidden test of a step, if it has one."""
    for module in pkgutil.iter_modules(grading.hidden.__path__):
        if module.name.startswith(f"{lab}_"):
            found = vars(importlib.import_module(f"grading.hidden.{module.name}")).get(step.replace("-", "_"))
            if callable(found) and found.__module__ == f"grading.hidden.{module.name}":
                return found  # type: ignore[no-any-return]
    return None


def refusal(lab: Lab, step: str) -> str:
    """Return why the check, or else the hidden test, refuses the work; empty when both let it pass."""
    result = lab.result(step)
    assert "Traceback" not in result.reason
    if not result.passed:
        return result.reason
    test = hidden_test(lab.id, step)
    try:
        if test:
            test(lab)
    except AssertionError as failed:
        return f"{failed} {getattr(failed, 'why', '')}"
    return ""


def judge(lab: Lab, one: Alternative) -> None:
    """Fail unless a right solution passes check and hidden test, and a wrong one is refused for what is wrong in it."""
    one.write(lab)
    said = refusal(lab, one.step)
    if one.says:
        assert one.says in said, said or "it passes"
    else:
        assert not said, said
