"""The scorecard as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from helpers.core.display import Displayed
from helpers.core.verdicts.gates import Status


@dataclass(frozen=True)
class Row:
    """One thing that a scorecard asks.

    Attributes:
        id: short, stable name. title: the question, for a person.
        status: ``unknown`` when it could not be told; that is never a pass.
        value: the answer in a few words, such as ``6 of 7``.
        evidence: which tool was asked, and what it said.
        improve: what to do; empty when it passed.
    """

    id: str
    title: str
    status: Status
    value: str
    evidence: str
    improve: str = ""


@dataclass(frozen=True)
class Scorecard(Displayed):
    """What tools say of a module on a day. There is no total: a sum would let a good README pay for missing tests.

    Attributes:
        module: its address or directory. version: that was looked at, empty when it is not published.
    """

    module: str
    version: str
    day: date
    rows: tuple[Row, ...]

    def __getitem__(self, id: str) -> Row:
        """Return one row.

        Raises:
            KeyError: there is none of that id.
        """
        found = next((row for row in self.rows if row.id == id), None)
        if found is None:
            raise KeyError(id)
        return found

    def of(self, status: Status) -> tuple[Row, ...]:
        """Return the rows of a status."""
        return tuple(row for row in self.rows if row.status == status)

    @property
    def summary(self) -> str:
        """How many rows passed, failed and could not be told."""
        return ", ".join(f"{len(self.of(s))} {s}" for s in ("passed", "failed", "unknown"))

    def to_dict(self) -> dict[str, Any]:
        """Return the scorecard as JSON-ready data."""
        return {**asdict(self), "day": self.day.isoformat()}

    def text(self) -> str:
        """Return the scorecard for a terminal."""
        marks = {"passed": "ok", "failed": "NO", "unknown": "??"}
        lines = [f"{self.module} {self.version}".rstrip()]
        for row in self.rows:
            lines.append(f"  {marks[row.status]}  {row.title}: {row.value}")
            lines += [f"        {row.improve}"] if row.improve else []
        return "\n".join([*lines, f"{self.summary}."])

    def __repr__(self) -> str:
        return f"Scorecard({self.module}: {self.summary})"
