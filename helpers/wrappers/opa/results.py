"""What OPA's subcommands return."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.core.display import Displayed
from helpers.wrappers.policy import Coverage, PolicyError, RegoProblem


class Undefined(PolicyError):
    """A query has no result: the rule does not exist or its conditions do not hold. That is neither true nor false."""

    code = "rego-undefined"


@dataclass(frozen=True)
class EvalResult(Displayed):
    """The result set of a query.

    Attributes:
        query: the Rego query.
        rows: one tuple of expression values for each solution.
        bindings: the variables of each solution.
        coverage: when it was asked for.
    """

    query: str
    rows: tuple[tuple[Any, ...], ...] = ()
    bindings: tuple[Mapping[str, Any], ...] = ()
    coverage: Coverage | None = None

    @property
    def defined(self) -> bool:
        """Whether the query has a result at all."""
        return bool(self.rows)

    @property
    def value(self) -> Any:
        """The value of the query's (first) expression.

        Raises:
            Undefined: it has none.
        """
        if not self.rows:
            raise Undefined(
                f"{self.query} is undefined",
                why="No such rule is there, or a condition does not hold. A gate must not treat this as a pass.",
                next="Check package and rule name; give the rule a default (`default allow := false`).",
            )
        return self.rows[0][0]

    def __repr__(self) -> str:
        shown = json.dumps(self.rows[0][0], ensure_ascii=False) if self.rows else "undefined"
        return f"EvalResult({self.query}: {shown if len(shown) <= 80 else shown[:77] + '...'})"


@dataclass(frozen=True)
class CheckReport(Displayed):
    """What ``opa check`` says."""

    problems: tuple[RegoProblem, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def __repr__(self) -> str:
        return f"CheckReport({'valid' if self.valid else '; '.join(map(str, self.problems))})"


@dataclass(frozen=True)
class FmtReport:
    """What ``opa fmt`` would change, or changed.

    Attributes:
        files: those not in canonical format.
        diff: what changes, as a unified diff.
        written: the files were rewritten.
    """

    files: tuple[str, ...] = ()
    diff: str = ""
    written: bool = False

    @property
    def formatted(self) -> bool:
        """Whether every file was in canonical format already."""
        return not self.files

    def __repr__(self) -> str:
        return f"FmtReport({'formatted' if self.formatted else ', '.join(self.files)})"


@dataclass(frozen=True)
class Annotation:
    """The METADATA comment of a package or rule."""

    path: str
    scope: str
    title: str = ""
    description: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Annotation:
        """Return the annotation in an item of ``opa inspect``."""
        found, at = raw.get("annotations") or {}, raw.get("location") or {}
        path = ".".join(str(part.get("value", "")) for part in raw.get("path") or ())
        return cls(
            path,
            found.get("scope", ""),
            found.get("title", ""),
            found.get("description", ""),
            found.get("custom") or {},
            at.get("file", ""),
            at.get("row", 0),
        )


@dataclass(frozen=True)
class Bundle(Displayed):
    """A bundle of policies and data, or a directory seen as one.

    Attributes:
        path: the bundle.
        revision: as given at build.
        roots: the parts of ``data`` the bundle owns; one empty root owns all.
        namespaces: Rego package -> files.
        annotations: the METADATA comments.
    """

    path: Path
    revision: str
    roots: tuple[str, ...]
    namespaces: Mapping[str, tuple[str, ...]]
    annotations: tuple[Annotation, ...] = ()

    def __repr__(self) -> str:
        return f"Bundle({self.path.name!r}, revision={self.revision!r}, {len(self.namespaces)} namespaces)"
