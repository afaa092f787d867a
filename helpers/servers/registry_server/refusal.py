"""Why a request is refused, for a person and for a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from helpers.clients.registry.errors import PackageProblem


class RequestRefused(Exception):
    """The request is refused with an HTTP status, a message and, for a module, every broken rule.

    Args:
        status: HTTP status code.
        code: short, stable name for programs.
        message: one sentence for a person.
        problems: the broken rules.
    """

    def __init__(self, status: int, code: str, message: str, problems: Sequence[PackageProblem] = ()) -> None:
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
