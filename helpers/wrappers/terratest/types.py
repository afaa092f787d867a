"""Results of a suite in Go's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from helpers.core.display import Displayed

#: What became of a test. ``panic``: it raised one; ``timeout``: it ran when the suite's time was over; ``exit``: the
#: process ended before the test did (os.Exit, log.Fatal, a kill, or another test's panic).
Outcome = Literal["pass", "fail", "skip", "panic", "timeout", "exit"]
OUTCOMES: tuple[Outcome, ...] = ("pass", "fail", "panic", "timeout", "exit", "skip")


@dataclass(frozen=True)
class GoEvent:
    """One event of ``go test -json`` (``go doc test2json``).

    Attributes:
        action: ``run``, ``pause``, ``cont``, ``pass``, ``fail``, ``skip``, ``output``, ``start``.
        test: name of the test, empty when it is about the whole suite.
        seconds: how long it took, with an ending action.
        output: a piece of output.
    """

    action: str
    test: str = ""
    seconds: float = 0.0
    output: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> GoEvent:
        """Read an event; unknown fields and actions are kept out of the way."""
        return cls(
            str(raw.get("Action", "")),
            str(raw.get("Test", "")),
            float(raw.get("Elapsed") or 0.0),
            str(raw.get("Output", "")),
        )


@dataclass(frozen=True)
class Problem:
    """One complaint of the compiler: file, line, column (0 when it says none), message."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}"


@dataclass(frozen=True)
class GoTest:
    """One test or subtest.

    Attributes:
        name: ``TestX`` or ``TestX/subtest``.
        outcome: see `Outcome`.
        seconds: wall-clock time.
        where: ``FILE:LINE`` of what failed; empty when it says none.
        message: what failed, in the test's words.
        output: everything it printed.
    """

    name: str
    outcome: Outcome
    seconds: float = 0.0
    where: str = ""
    message: str = ""
    output: str = ""

    @property
    def depth(self) -> int:
        """How many tests it is inside of."""
        return self.name.count("/")

    def __repr__(self) -> str:
        place = f", {self.where}" if self.where else ""
        return f"GoTest({self.name}: {self.outcome}{place})"


@dataclass(frozen=True)
class Left:
    """What the states of a run that is over still held.

    Attributes:
        run: id of the run.
        resources: their addresses.
        destroyed: whether all of it is gone now.
        why: what kept it, else empty.
    """

    run: str
    resources: tuple[str, ...]
    destroyed: bool
    why: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Left:
        """Read what the runner reports."""
        return cls(str(raw["run"]), tuple(raw.get("resources") or ()), bool(raw["destroyed"]), str(raw.get("why", "")))

    def __repr__(self) -> str:
        fate = "destroyed now" if self.destroyed else "still there"
        return f"Left({_number(len(self.resources))}, {fate})"


@dataclass(frozen=True)
class SuiteRun(Displayed):
    """The result of a suite. A run in which no test ran is never a result but `NothingTested`.

    Attributes:
        tests: tests and subtests in the order they began.
        seconds: wall-clock time of the run.
        left: what the tests had not destroyed at their end, and the sweep after the run found; ``None`` is as it
            should be.
        swept: what earlier runs, which were killed, had left and this one destroyed first.
    """

    tests: tuple[GoTest, ...]
    seconds: float
    left: Left | None = None
    swept: tuple[Left, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether a test passed, none ended otherwise (skipped ones aside), and nothing was left behind."""
        ended = {test.outcome for test in self.tests}
        return "pass" in ended and ended <= {"pass", "skip"} and self.left is None

    @property
    def failures(self) -> tuple[GoTest, ...]:
        """Tests that neither passed nor were skipped; of a test and its subtests only those that say why."""
        bad = [test for test in self.tests if test.outcome not in ("pass", "skip")]
        return tuple(t for t in bad if t.message or not any(o.name.startswith(f"{t.name}/") for o in bad))

    def count(self, outcome: Outcome) -> int:
        """Return how many tests and subtests ended so."""
        return sum(test.outcome == outcome for test in self.tests)

    def counts(self) -> dict[Outcome, int]:
        """Return how many tests and subtests ended in which way, the good first."""
        return {outcome: number for outcome in OUTCOMES if (number := self.count(outcome))}

    def __getitem__(self, name: str) -> GoTest:
        return next(test for test in self.tests if test.name == name)

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {outcome}" for outcome, number in self.counts().items())
        left = f", {_number(len(self.left.resources))} left" if self.left else ""
        return f"SuiteRun({'passed' if self.passed else 'failed'}: {counts}{left})"


def _number(count: int) -> str:
    return f"{count} resource{'s' * (count != 1)}"
