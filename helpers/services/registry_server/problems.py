"""Why something is refused, for a person and for a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One broken rule.

    Attributes:
        rule: short, stable name, such as ``variable-described``.
        where: file, variable or part it is about.
        what: what is wrong.
        fix: how to mend it.
    """

    rule: str
    where: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"[{self.rule}] {self.where}: {self.what} {self.fix}"


class Refused(Exception):
    """The request is refused with an HTTP status, a message and, for a module, every broken rule.

    Args:
        status: HTTP status code.
        code: short, stable name for programs.
        message: one sentence for a person.
        problems: the broken rules.
    """

    def __init__(self, status: int, code: str, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.problems = status, code, message, tuple(problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer's body; ``errors`` is what Terraform's protocol has, ``text`` is for a person."""
        lines = [self.message, *(f"  - {problem}" for problem in self.problems)]
        return {
            "error": self.code,
            "errors": [self.message, *map(str, self.problems)],
            "problems": [asdict(problem) for problem in self.problems],
            "text": "\n".join(lines),
        }
