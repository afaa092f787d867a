"""How far graded evidence carries a learner's competencies, and what is missing for the level the course promises.

The evidence is what nbgrader's gradebook holds, as ``python -m grading.export`` reads it through nbgrader's API. Only
settled grades count: a cell that waits for a person, that was not handed in or not graded gives no points here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

#: Share of a competency's graded evidence from which it counts as reached, unless ``course.yaml`` says another.
MARK = 0.8
#: States in which the judge or a person has decided; only these are evidence.
SETTLED = ("passed", "partial", "failed")

Judged = Literal["apart", "together", "unsafe", ""]


@dataclass(frozen=True)
class Graded:
    """One graded cell of one learner.

    Attributes:
        state: ``passed``, ``failed``, ``partial``, ``review`` (waits for a person), ``not-submitted``, ``not-graded``.
        points: points so far.
        reason: why points are missing, in the check's own words; or the grader's comment.
        remarks: what an instructor should know about how the notebook was graded; empty when there is nothing.
        judged: where it was judged: ``apart`` from the learner's code; ``together`` with it, in the learner's kernel;
            ``unsafe``, without the sandbox that should have been there; empty when it was not graded.
    """

    student: str
    assignment: str
    notebook: str
    step: str
    cell: str
    state: str
    points: float
    max_points: float
    reason: str
    remarks: str = ""
    judged: Judged = ""


@dataclass(frozen=True)
class Competency:
    """How far one learner's graded evidence carries a competency.

    Attributes:
        assignments: whose points are its evidence. level: that the evidence is for, such as ``expert``.
        points, max_points: settled points, and those that the course has for it.
        needed: points from which the level is reached.
        reached: whether it is. waiting: cells that a person or the judge has yet to grade.
        unsafe: notebooks that were graded without a sandbox, and give settled points.
        together: assignments that were judged in the learner's kernel: their points can be forged.
        missing: what is missing for the level, a sentence each. lost: the cells that lack points, most points first.
    """

    student: str
    id: str
    assignments: tuple[str, ...]
    points: float
    max_points: float
    reached: bool
    waiting: int
    level: str
    needed: float
    unsafe: tuple[str, ...]
    together: tuple[str, ...]
    missing: tuple[str, ...]
    lost: tuple[Graded, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)

    def text(self) -> str:
        """Return it for a person at a terminal."""
        head = f"{self.student}  {self.id}: " + (self.level if self.reached else f"not yet {self.level}")
        lines = [f"{head}, {self.points:g} of {self.max_points:g} points; {self.needed:g} are {self.level}"]
        lines += [f"  UNSAFE   {name} was graded without a sandbox" for name in self.unsafe]
        lines += [f"  note     {name} was judged in the learner's kernel (docs/grading.md)" for name in self.together]
        lines += [f"  missing  {one}" for one in self.missing]
        if not self.reached:
            lines += [f"  {_lost(one)}" for one in self.lost]
        return "\n".join(lines)


def assess(rows: Iterable[Graded], module: Mapping[str, Any]) -> list[Competency]:
    """Return the competencies of every learner in *rows*, in the order of the course.

    Args:
        rows: the graded cells. module: the course as data, ``course.yaml``.
    """
    rows = list(rows)
    learners = dict.fromkeys(row.student for row in rows)
    rules = [rule for rule in module["rows"] if rule.get("graded")]
    return [assess_one(learner, rule, rows, module) for rule in rules for learner in learners]


def assess_one(learner: str, rule: Mapping[str, Any], rows: Sequence[Graded], module: Mapping[str, Any]) -> Competency:
    """Judge one competency (a row of ``course.yaml`` with ``graded``) of one learner."""
    mine = [row for row in rows if row.student == learner and row.assignment in rule["graded"]]
    settled = [row for row in mine if row.state in SETTLED]
    points = sum(row.points for row in settled)
    # The points of the course: an assignment of which the gradebook has a part only is not worth less.
    most = max(sum(row.max_points for row in mine), _declared(rule["graded"], module))
    needed = most * float(rule.get("mark", MARK))
    levels = {one["id"]: one["level"] for one in module.get("competencies", ())}
    return Competency(
        student=learner,
        id=rule["id"],
        assignments=tuple(rule["graded"]),
        points=points,
        max_points=most,
        reached=bool(settled) and points + 1e-9 >= needed > 0,
        waiting=sum(row.state in ("review", "not-graded") for row in mine),
        level=levels.get(rule["id"], "reached"),
        needed=needed,
        unsafe=_names(f"{row.assignment}/{row.notebook}" for row in settled if row.judged == "unsafe"),
        together=_names(row.assignment for row in settled if row.judged == "together"),
        missing=tuple(_missing(rule["graded"], mine, needed - points, module)),
        lost=tuple(sorted((r for r in mine if _lacks(r)), key=lambda r: r.points - r.max_points)),
    )


def rows_of(exported: Mapping[str, Any], learner: str = "") -> list[Graded]:
    """Return the graded cells of an export in JSON; of one learner, or of all."""
    return [
        Graded(student=student["id"], assignment=name, **step)
        for student in exported["students"]
        if learner in ("", student["id"])
        for name, assignment in student["assignments"].items()
        for step in assignment["steps"]
    ]


def _names(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def _declared(assignments: Sequence[str], module: Mapping[str, Any]) -> float:
    return float(sum(lab["points"] for lab in module.get("labs", ()) if lab["assignment"] in assignments))


def _counted(row: Graded) -> float:
    return row.points if row.state in SETTLED else 0.0


def _lacks(row: Graded) -> bool:
    return _counted(row) < row.max_points


def _missing(assignments: Sequence[str], mine: Sequence[Graded], lack: float, module: Mapping[str, Any]) -> list[str]:
    """Say what is missing for the level; nothing when it is reached."""
    if lack <= 1e-9:
        return []
    said = [f"{lack:g} points more"]
    for name in assignments:
        rows = [row for row in mine if row.assignment == name]
        held, declared = sum(row.max_points for row in rows), _declared([name], module)
        if not any(row.state != "not-submitted" for row in rows):
            said.append(f"no evidence of {name}: nothing was handed in")
        elif held < declared:
            said.append(f"{name}: the gradebook knows {held:g} of its {declared:g} points; generate all its notebooks")
        for state, words in (("review", "wait for a person"), ("not-graded", "are not graded")):
            open_ = [row for row in rows if row.state == state]
            if open_:
                most = sum(row.max_points for row in open_)
                cells = ", ".join(row.step for row in open_)
                said.append(f"{name}: {most:g} points {words}: {cells}")
    return said


def _lost(row: Graded) -> str:
    # The words of a check can hold a learner's: what steers a terminal is not printed.
    words = row.reason.splitlines()[0][:100] if row.reason else ""
    reason = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in words)
    where = f"{row.assignment}/{row.notebook} {row.step}"
    return f"{_counted(row):g} of {row.max_points:g}  {row.state:13} {where}  {reason}".rstrip()


__all__ = ["MARK", "SETTLED", "Competency", "Graded", "assess", "assess_one", "rows_of"]
