"""``course.yaml`` as types: the labs, their notebooks and their steps."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import yaml_reader
from helpers.core.errors import BadInput
from helpers.core.paths import ROOT


@dataclass(frozen=True)
class Stage:
    """A unit or a lab, as the course declares it.

    Attributes:
        directory: name of the directory that holds its notebooks in the learner's workspace.
        lab: whether it is a lab.
    """

    id: str
    directory: str
    lab: bool
    declared: dict[str, Any]


class UnknownLab(BadInput):
    """There is no lab of that name."""

    code = "unknown-lab"


class UnknownStep(BadInput):
    """The lab has no step of that name."""

    code = "unknown-step"


@dataclass(frozen=True)
class StepSpec:
    """One step of a lab as the course declares it.

    Attributes:
        id: name of the step; its check in `helpers.course.checks` has the same name.
        notebook: file name of the notebook that holds it.
        points: points of its autograded cell.
        starter: regular expression the check's reason must match on the starter files.
        checks: module of `helpers.course.checks` that holds its check.
    """

    id: str
    title: str
    notebook: str
    points: float
    starter: str
    checks: str


@dataclass(frozen=True)
class LabSpec:
    """One lab: an nbgrader assignment of several notebooks.

    Attributes:
        assignment: directory name under ``source/`` and ``release/``.
        hours: planned time.
    """

    id: str
    assignment: str
    title: str
    hours: float
    points: float
    notebooks: tuple[str, ...]
    steps: tuple[StepSpec, ...]

    def step(self, name: str) -> StepSpec:
        """Return one step.

        Raises:
            UnknownStep: the lab has none of that name; the message lists those it has.
        """
        for step in self.steps:
            if step.id == name:
                return step
        raise UnknownStep(
            f"{self.id} has no step {name!r}",
            why="Its steps are: " + ", ".join(step.id for step in self.steps) + ".",
            next=f"course check {self.id}   # checks every step" + _nearest(name, [s.id for s in self.steps]),
        )


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"\ndid you mean {close[0]}?" if close else ""


def load(path: Path | None = None) -> dict[str, Any]:
    """Return the whole of ``course.yaml``."""
    return _load(path or ROOT / "course.yaml")


@functools.lru_cache(maxsize=4)
def _load(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = yaml_reader.load(path.read_text(encoding="utf-8"))
    return data


def stages() -> tuple[Stage, ...]:
    """Return units and labs in the order in which they are best done."""
    module = load()
    known = {unit["id"]: Stage(unit["id"], lectures_of(unit).name, False, unit) for unit in module["units"]}
    known |= {lab["id"]: Stage(lab["id"], lab["assignment"], True, lab) for lab in module["labs"]}
    return tuple(known[name] for name in module["path"])


def lectures_of(unit: dict[str, Any]) -> Path:
    """Return the directory of a unit's lectures."""
    return ROOT / str(unit["folder"])


def labs() -> dict[str, LabSpec]:
    """Return every lab of the course by id."""
    return {raw["id"]: _lab(raw) for raw in load()["labs"]}


def name_of(lab: str) -> str:
    """Return what people call a lab: ``Lab 2``, ``Project``."""
    return f"Lab {lab.removeprefix('lab')}" if lab.startswith("lab") else lab.capitalize()


def lab(name: str) -> LabSpec:
    """Return one lab.

    Raises:
        UnknownLab: there is none of that name; the message lists those there are.
    """
    known = labs()
    if name not in known:
        raise UnknownLab(
            f"There is no lab {name!r}",
            why="The labs are: " + ", ".join(known) + ".",
            next=f"course check {next(iter(known))}" + _nearest(name, list(known)),
        )
    return known[name]


def assessment() -> LabSpec:
    """Return the assessment; it has no steps, for it is graded by a quiz and by people."""
    raw = load()["assessment"]
    files = tuple(book["file"] for book in raw["notebooks"])
    return LabSpec(
        raw["id"], raw["assignment"], raw["title"], float(raw["hours"]), float(raw["points"]), notebooks=files, steps=()
    )


def assignment(name: str) -> LabSpec:
    """Return a lab, or the assessment, by its id.

    Raises:
        UnknownLab: there is none of that name.
    """
    found = assessment()
    return found if name == found.id else lab(name)


def _lab(raw: dict[str, Any]) -> LabSpec:
    steps = tuple(
        StepSpec(
            step["id"], step["title"], book["file"], float(step["points"]), step.get("starter", ""), book["checks"]
        )
        for book in raw["notebooks"]
        for step in book["steps"]
    )
    return LabSpec(
        id=raw["id"],
        assignment=raw["assignment"],
        title=raw["title"],
        hours=float(raw["hours"]),
        points=float(raw["points"]),
        notebooks=tuple(book["file"] for book in raw["notebooks"]),
        steps=steps,
    )
