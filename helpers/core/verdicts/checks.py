"""What a check says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from helpers.core.display import Displayed
from helpers.core.redact import redact

#: Nudge (a question), pointer (where to look), near-solution (all but the last line).
Hints = tuple[str, str, str]


@dataclass(frozen=True, repr=False)
class CheckResult(Displayed):
    """The verdict on one step.

    Attributes:
        step: id of the step.
        name: its title, for a person.
        reason: what was seen; when not passed, what is wrong and in which file, line or variable.
        hints: nudge, pointer, near-solution.
    """

    step: str
    name: str
    passed: bool
    reason: str
    hints: Hints

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready data, without the hints."""
        data = asdict(self)
        del data["hints"]
        return data

    def __repr__(self) -> str:
        return f"CheckResult({self.step}: {'passed' if self.passed else 'not yet'}: {self.reason.splitlines()[0]})"


class Unmet(Exception):
    """Something the step asks for is not so; never leaves `helpers.checks`.

    Args:
        reason: what is wrong, naming file, line or variable.
        hints: hints that fit this reason better than the step's own.
    """

    def __init__(self, reason: str, hints: Hints | None = None) -> None:
        super().__init__(reason)
        self.reason = redact(reason.strip())
        self.hints = hints


def require(condition: object, reason: str, hints: Hints | None = None) -> None:
    """Raise `Unmet` with *reason* unless *condition* holds."""
    if not condition:
        raise Unmet(reason, hints)
