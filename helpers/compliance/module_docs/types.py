"""What a check of a README says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from helpers.core.display import Displayed

Ran = Literal["planned", "validated", "executed", "failed", "not run"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not true.

    Attributes:
        kind: ``stale-reference``, ``example-invalid``, ``wrong-version``, ``dead-link``, ``missing-anchor`` ...
        line: of the README, from 1.
        what: what is said there, and what is so.
        fix: what to do.
    """

    kind: str
    line: int
    what: str
    fix: str

    def __str__(self) -> str:
        return f"README.md:{self.line}: {self.what} {self.fix} [{self.kind}]"


@dataclass(frozen=True)
class Example:
    """A fenced block that is executed: its language, its text, and the line on which its text begins."""

    language: str
    text: str = field(repr=False)
    line: int


@dataclass(frozen=True)
class ReadmeReport(Displayed):
    """What is not true in a README, and what became of each example."""

    module: str
    findings: tuple[Finding, ...]
    examples: tuple[tuple[Example, Ran], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was checked is true."""
        return not self.findings

    def __bool__(self) -> bool:
        return self.ok

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data."""
        return {
            "module": self.module,
            "ok": self.ok,
            "findings": [vars(finding) for finding in self.findings],
            "examples": [{"language": e.language, "line": e.line, "ran": ran} for e, ran in self.examples],
        }

    def text(self) -> str:
        """Return the report for a terminal: one line each."""
        lines = [str(finding) for finding in self.findings]
        lines += [f"README.md:{example.line}: {example.language} {ran}" for example, ran in self.examples]
        return "\n".join([repr(self), *lines])

    def __repr__(self) -> str:
        ran = sum(state in ("planned", "validated", "executed") for _, state in self.examples)
        verdict = "true" if self.ok else f"{len(self.findings)} not true"
        return f"ReadmeReport({self.module}: {verdict}, {ran} of {len(self.examples)} examples ran)"


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings by line, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: (finding.line, finding.kind)))
