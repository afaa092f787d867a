"""What the gates say of a change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from helpers.core.display import Displayed
from helpers.core.errors import CourseError

__all__ = ["BadGates", "Finding", "Gate", "GateReport", "GatesMissing", "GatesUnreadable", "Status"]

#: ``unknown``: the gate could not tell. It stops a change just as ``failed`` does, for another reason.
Status = Literal["passed", "failed", "unknown"]


class GatesUnreadable(CourseError):
    """There is no verdict at all, as it is not known which gates to ask. Such a change does not pass."""

    code = "gates-unreadable"
    exit_code = 3


class GatesMissing(GatesUnreadable):
    """The repository has no ``gates.yaml``."""

    code = "gates-missing"


class BadGates(GatesUnreadable):
    """``gates.yaml`` is not valid."""

    code = "bad-gates"


@dataclass(frozen=True)
class Finding:
    """One thing that a gate found.

    Attributes:
        file: path in the repository, or ``commit SHA``. line: 1-based, None when it is not known.
        rule: short, stable name of the rule.
        message: what is wrong, and of a warning that it is one. It never holds a secret.
    """

    file: str
    line: int | None
    rule: str
    message: str

    def __repr__(self) -> str:
        return f"Finding({self.file}{f':{self.line}' if self.line else ''} {self.rule}: {self.message!r})"


@dataclass(frozen=True)
class Gate:
    """One gate's answer.

    Attributes:
        name: ``signature``, ``render``, ``policy``, ``kyverno``, ``image`` or ``secrets``.
        reason: why, in a sentence. seconds: how long it took.
    """

    name: str
    status: Status
    reason: str
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether the gate is open."""
        return self.status == "passed"

    def __repr__(self) -> str:
        return f"Gate({self.name}: {self.status}, {self.reason!r}, {len(self.findings)} findings)"


@dataclass(frozen=True)
class GateReport(Displayed):
    """The answers of all gates about one change.

    Attributes:
        gates: in the order of ``gates.yaml``.
        commit: the commit judged. base: where the change starts, empty for the whole history.
        rules: where gates, policies and keys were taken from: ``base COMMIT``, ``trusted directory``, or ``head``
            (the repository had no gates before, so there was nothing else to judge by).
    """

    gates: tuple[Gate, ...]
    commit: str
    base: str = ""
    rules: str = ""

    @property
    def status(self) -> Status:
        """``failed`` when a gate failed, ``unknown`` when one could not tell or none was asked, else ``passed``."""
        found = {gate.status for gate in self.gates}
        return "failed" if "failed" in found else "passed" if found == {"passed"} else "unknown"

    @property
    def passed(self) -> bool:
        """Whether there are gates and every one is open."""
        return self.status == "passed"

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 3 could not tell: what ``course gates`` exits with."""
        return {"passed": 0, "failed": 1, "unknown": 3}[self.status]

    def gate(self, name: str) -> Gate | None:
        """Return one gate's answer, None when it was not asked."""
        return next((gate for gate in self.gates if gate.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data."""
        return {**asdict(self), "status": self.status, "passed": self.passed}

    def text(self) -> str:
        """Return the report for a terminal."""
        lines = [f"Change {self.commit[:10]}{f' on {self.base[:10]}' if self.base else ''}, rules of {self.rules}"]
        for gate in self.gates:
            mark = {"passed": "ok", "failed": "NO", "unknown": "??"}[gate.status]
            lines.append(f"  {mark}  {gate.name:10} {gate.reason}")
            for found in gate.findings:
                place = f"{found.file}:{found.line}" if found.line else found.file
                lines.append(f"        {place}  [{found.rule}] {found.message}")
        words = {"passed": "may go on", "failed": "is stopped", "unknown": "is stopped: a gate could not tell"}
        return "\n".join([*lines, f"The change {words[self.status]}."])

    def __repr__(self) -> str:
        gates = ", ".join(f"{gate.name} {gate.status}" for gate in self.gates)
        return f"GateReport({self.status}: {gates or 'no gate'})"
