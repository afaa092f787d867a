"""What policy tools say, in their own words: results of rules, unit tests of rules, faults in rules.

Conftest and OPA share these types. Source: Conftest's and OPA's JSON output formats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from helpers.core.display import Displayed
from helpers.core.errors import CourseError
from helpers.wrappers.rego_capabilities import why_forbidden

__all__ = [
    "BuiltinError",
    "Coverage",
    "FileCoverage",
    "InputUnreadable",
    "NothingChecked",
    "PolicyError",
    "PolicyMissing",
    "PolicyReport",
    "PolicyResult",
    "RegoError",
    "RegoProblem",
    "UnitTest",
    "UnitTestReport",
]

Level = Literal["failure", "warning", "exception", "success"]
Place = tuple[str, int]


@dataclass(frozen=True)
class PolicyResult:
    """What one rule said of one file.

    Attributes:
        file: the configuration, as Conftest names it; ``Combined`` when files were combined.
        namespace: the Rego package.
        msg: the rule's message.
        level: ``failure`` (deny, violation), ``warning`` (warn) or ``exception``.
        rule: name of the rule, for example ``deny_public``.
        metadata: the other fields of the rule's message object.
        source: file and 1-based line of the rule. Conftest does not tell; it is the rule of that name whose
            strings fit the message, None when it cannot be found.
    """

    file: str
    namespace: str
    msg: str
    level: Level
    rule: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: Place | None = None

    def __repr__(self) -> str:
        return f"PolicyResult({self.level}: {self.msg!r}, file={self.file!r}, rule='{self.namespace}.{self.rule}')"


@dataclass(frozen=True)
class PolicyReport(Displayed):
    """All results of one run of policies. A run that evaluated nothing is never a report but `NothingChecked`.

    Attributes:
        results: failures, warnings and exceptions.
        successes: how many rules had nothing to object to, summed over files.
        files: the configurations that were tested.
        fail_on_warn: warnings count as failures.
        not_evaluated: rules that would judge, in packages that this run left out: ``package.rule (file:line)``.
    """

    results: tuple[PolicyResult, ...]
    successes: int
    files: tuple[str, ...] = ()
    fail_on_warn: bool = False
    not_evaluated: tuple[str, ...] = ()

    def _at(self, level: Level) -> tuple[PolicyResult, ...]:
        return tuple(result for result in self.results if result.level == level)

    @property
    def failures(self) -> tuple[PolicyResult, ...]:
        """Results of deny and violation rules."""
        return self._at("failure")

    @property
    def warnings(self) -> tuple[PolicyResult, ...]:
        """Results of warn rules."""
        return self._at("warning")

    @property
    def exceptions(self) -> tuple[PolicyResult, ...]:
        """Rules that an exception switched off."""
        return self._at("exception")

    @property
    def evaluated(self) -> int:
        """How many rule evaluations there were, over all files."""
        return self.successes + len(self.results)

    @property
    def passed(self) -> bool:
        """Whether something was evaluated and nothing failed."""
        return self.evaluated > 0 and not self.failures and not (self.fail_on_warn and self.warnings)

    def __repr__(self) -> str:
        counts = f"{len(self.failures)} failures, {len(self.warnings)} warnings, {self.successes} successes"
        return f"PolicyReport({'passed' if self.passed else 'failed'}: {counts}, {len(self.files)} files)"


@dataclass(frozen=True)
class UnitTest:
    """One unit test of a policy.

    Attributes:
        name: name of the test rule.
        package: its Rego package, without ``data.``.
        status: ``pass``, ``fail``, ``error`` (it could not be evaluated) or ``skip`` (``todo_test_...``).
        file: where it is.
        line: 1-based line; None when the tool does not tell.
        seconds: duration, None when the tool does not tell.
        message: why it is an error, if it is.
        cases: of a table test (``test_x[name] if ...``): name of each case, and whether it passed.
    """

    name: str
    package: str
    status: Literal["pass", "fail", "error", "skip"]
    file: str = ""
    line: int | None = None
    seconds: float | None = None
    message: str = ""
    cases: tuple[tuple[str, bool], ...] = ()

    def __repr__(self) -> str:
        return f"UnitTest({self.status}: {self.package}.{self.name})"


@dataclass(frozen=True)
class FileCoverage:
    """Which lines of one Rego file the tests reached; ranges are (first line, last line), 1-based."""

    file: str
    percent: float
    covered: tuple[tuple[int, int], ...] = ()
    not_covered: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Coverage:
    """Share of lines of the policies that were evaluated, in percent, over all files and for each.

    OPA's own total counts the lines of ``*_test.rego`` files as well, which flatters it; here they are left out.
    """

    percent: float
    files: tuple[FileCoverage, ...] = ()

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Coverage:
        """Return the coverage in OPA's report."""

        def ranges(items: Any) -> tuple[tuple[int, int], ...]:
            return tuple((int(i["start"]["row"]), int(i["end"]["row"])) for i in items or ())

        policies = {n: f for n, f in sorted((raw.get("files") or {}).items()) if not n.endswith("_test.rego")}
        files = tuple(
            FileCoverage(n, float(f.get("coverage", 0)), ranges(f.get("covered")), ranges(f.get("not_covered")))
            for n, f in policies.items()
        )
        reached = sum(f.get("covered_lines", 0) for f in policies.values())
        lines = reached + sum(f.get("not_covered_lines", 0) for f in policies.values())
        return cls(100 * reached / lines if lines else 0.0, files)

    def __repr__(self) -> str:
        return f"Coverage({self.percent:.1f} %, {len(self.files)} files)"


@dataclass(frozen=True)
class UnitTestReport(Displayed):
    """The unit tests of policies. A run without any test is never a report but `NothingChecked`.

    Attributes:
        tests: by file and line; Conftest names only those that did not pass.
        passes: number of tests that passed.
        coverage: when it was asked for and every test passed.
        threshold: percent of coverage that is asked for.
        report: the tool's text for people, when it was asked for.
    """

    tests: tuple[UnitTest, ...]
    passes: int
    coverage: Coverage | None = None
    threshold: float | None = None
    report: str = ""

    @property
    def failures(self) -> tuple[UnitTest, ...]:
        """Tests that failed or could not be evaluated."""
        return tuple(test for test in self.tests if test.status in ("fail", "error"))

    @property
    def passed(self) -> bool:
        """Whether at least one test passed, none failed, and the coverage is what was asked for."""
        covered = self.threshold is None or (self.coverage is not None and self.coverage.percent >= self.threshold)
        return self.passes > 0 and not self.failures and covered

    def __repr__(self) -> str:
        skipped = sum(test.status == "skip" for test in self.tests)
        counts = f"{self.passes} passed, {len(self.failures)} failed, {skipped} skipped"
        covered = f", coverage {self.coverage.percent:.1f} %" if self.coverage else ""
        return f"UnitTestReport({'passed' if self.passed else 'failed'}: {counts}{covered})"


class PolicyError(CourseError):
    """Policies could not be evaluated: there is no answer, which is not the same as a pass."""

    code = "policy-error"


class NothingChecked(PolicyError):
    """The run evaluated no rule or no test. Such a gate lets everything through, so it is never a pass."""

    code = "nothing-checked"


class PolicyMissing(PolicyError):
    """There is no policy file where one was looked for."""

    code = "policy-missing"


class InputUnreadable(PolicyError):
    """A configuration or data file is missing or cannot be parsed."""

    code = "input-unreadable"


@dataclass(frozen=True)
class RegoProblem:
    """One fault in Rego, with its place (1-based line and column, 0 when unknown) and OPA's code."""

    message: str
    code: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.message}"

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> RegoProblem:
        """Return the problem in an item of OPA's ``errors``."""
        at = raw.get("location") or {}
        return cls(
            str(raw.get("message", "")),
            str(raw.get("code", "")),
            at.get("file") or "",
            at.get("row", 0),
            at.get("col", 0),
        )


class RegoError(PolicyError):
    """Rego that does not parse, compile or evaluate; ``problems`` has file and line of each."""

    code = "rego-error"

    def __init__(self, what: str, problems: tuple[RegoProblem, ...], *, next: str = "") -> None:
        old = any(_V0.search(problem.message) for problem in problems)
        if old:
            what += ": it is written in the old syntax (v0)"
            next = "Write `deny contains msg if { ... }`; opa fmt --write --v0-v1 rewrites a file."
        reasons = filter(None, (why_forbidden(problem.message) for problem in problems[:1]))
        why = "\n".join((*map(str, problems[:10]), *reasons))
        super().__init__(what, why=why, next=next or "Correct the line above, then opa.check(...).")
        self.problems = problems
        self.v0 = old


class BuiltinError(RegoError):
    """A built-in function failed while a rule ran. Rego takes that as undefined, so the rule would not object."""

    code = "rego-builtin-error"


_V0 = re.compile(r"`if` keyword is required|`contains` keyword is required")
_TEXT = re.compile(
    r"^(?:.*?(?:occurred|loading|bundle [^:]*): )?(?P<file>[^\n:]+):(?P<line>\d+): "
    r"(?P<code>rego_\w+): (?P<message>.*)$",
    re.MULTILINE,
)
_BUILTIN = re.compile(r"\{Code:(\w+) Message:(.*?) Location:(.*?):(\d+) StackTrace:")


def parse_problems(text: str) -> tuple[RegoProblem, ...]:
    """Return the faults in a message for people, for the few commands that have no JSON form of them."""
    found = [RegoProblem(m["message"], m["code"], m["file"].strip(), int(m["line"])) for m in _TEXT.finditer(text)]
    return tuple(dict.fromkeys(found))


def parse_builtin_errors(text: str) -> tuple[RegoProblem, ...]:
    """Return the failures of built-in functions in Conftest's message."""
    return tuple(RegoProblem(m[2], m[1], m[3], int(m[4])) for m in _BUILTIN.finditer(text))
