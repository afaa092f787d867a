"""What a policy run says, whichever tool ran it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from helpers._display import Displayed
from helpers.errors import CourseError

Level = Literal["failure", "warning", "exception", "success"]


class PolicyError(CourseError):
    """A policy run gave no verdict: neither pass nor fail may be concluded."""

    code = "policy-error"


class InvalidPolicy(PolicyError):
    """The policy itself cannot be read or compiled; ``locations`` says where.

    Attributes:
        locations: (file, line, message) of each fault.
    """

    code = "policy-invalid"

    def __init__(self, what: str, *, why: str = "", next: str = "", locations: Iterable[Fault] = ()) -> None:
        super().__init__(what, why=why, next=next)
        self.locations = tuple(locations)


class InvalidInput(PolicyError):
    """The configuration to be judged cannot be read."""

    code = "policy-input"


class NothingChecked(PolicyError):
    """Not one rule was evaluated, so the run proves nothing."""

    code = "policy-nothing-checked"


@dataclass(frozen=True)
class Fault:
    """A place in a policy and what is wrong there."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True)
class PolicyResult:
    """One finding, in Conftest's words.

    Attributes:
        file: the configuration that was judged.
        namespace: the Rego package of the rule.
        msg: what the rule says.
        level: failure, warning, exception or success.
        rule: name of the rule, for example ``deny``; empty when the tool does not say.
        metadata: what the rule adds to its message.
        source: file and line of the rule, when known.
    """

    file: str
    namespace: str
    msg: str
    level: Level
    rule: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source: tuple[str, int] | None = None

    def __repr__(self) -> str:
        return f"PolicyResult({self.level}: {self.msg!r}, file={self.file!r}, rule='{self.namespace}.{self.rule}')"


@dataclass(frozen=True)
class PolicyReport(Displayed):
    """All findings of one run; at least one rule was evaluated (see `NothingChecked`).

    Attributes:
        results: failures, warnings and exceptions, one each.
        successes: rules that had nothing to say, counted over all files.
        fail_on_warn: whether a warning counts as a failure.
    """

    _renderer: ClassVar[str] = "policy_report_html"

    results: tuple[PolicyResult, ...]
    successes: int = 0
    fail_on_warn: bool = False

    @property
    def failures(self) -> tuple[PolicyResult, ...]:
        """The findings that refuse."""
        return self._of("failure")

    @property
    def warnings(self) -> tuple[PolicyResult, ...]:
        """The findings that only warn."""
        return self._of("warning")

    @property
    def exceptions(self) -> tuple[PolicyResult, ...]:
        """The findings that an exception rule allowed."""
        return self._of("exception")

    @property
    def passed(self) -> bool:
        """Whether nothing refuses."""
        return not self.failures and not (self.fail_on_warn and self.warnings)

    def _of(self, level: Level) -> tuple[PolicyResult, ...]:
        return tuple(r for r in self.results if r.level == level)

    def __repr__(self) -> str:
        verdict = "passed" if self.passed else "failed"
        return (
            f"PolicyReport({verdict}: {len(self.failures)} failures, {len(self.warnings)} warnings, "
            f"{len(self.exceptions)} exceptions, {self.successes} successes)"
        )


#: ``file:line: code: message`` as OPA and Conftest print it.
_FAULT = re.compile(
    r"^\s*(?:\d+ errors? occurred:?)?\s*(?P<file>[^\s:][^:\n]*\.rego):(?P<line>\d+): (?P<message>.+)$", re.M
)


def faults_in(said: str) -> tuple[Fault, ...]:
    """Return the places that a tool's text names."""
    return tuple(Fault(m["file"].strip(), int(m["line"]), m["message"].strip()) for m in _FAULT.finditer(said))


def invalid_policy(faults: Iterable[Fault], said: str) -> InvalidPolicy:
    """Return the typed error for Rego that does not parse or compile, with a word on the usual cause."""
    found = tuple(faults)
    v0 = any("keyword is required" in f.message for f in found)
    hint = "This is Rego v0. Write `deny contains msg if { ... }`." if v0 else "Mend the line named above."
    why = "\n".join(map(str, found)) or said
    return InvalidPolicy("The policy does not compile", why=why, next=hint, locations=found)


_HEAD = re.compile(r"^(?P<name>[a-z_]\w*)\b(?!\s*:?=\s*\{?\s*$)", re.M)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def locate(rule: str, namespace: str, msg: str, files: Iterable[Path]) -> tuple[str, int] | None:
    """Return file and line of the rule that most likely said *msg*.

    Several rules may share a name (``deny``); the one whose text matches the message is taken.
    """
    best: tuple[int, str, int] | None = None
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if not re.search(rf"^package\s+{re.escape(namespace)}\s*$", text, re.M):
            continue
        heads = list(_HEAD.finditer(text))
        for head, after in zip(heads, [*heads[1:], None], strict=True):
            if head["name"] != rule:
                continue
            body = text[head.start() : after.start() if after else None]
            score = max((_likeness(t, msg) for t in _TEXT.findall(body)), default=0)
            if best is None or score > best[0]:
                best = (score, str(file), text.count("\n", 0, head.start()) + 1)
    return (best[1], best[2]) if best else None


def _likeness(template: str, msg: str) -> int:
    """Return how many characters of *msg* a message template explains; 0 when it cannot have made it."""
    parts = re.split(r"%[-+#0-9.]*[a-z]", template)
    if not re.fullmatch(".*".join(map(re.escape, parts)), msg, re.S):
        return 0
    return sum(map(len, parts))
