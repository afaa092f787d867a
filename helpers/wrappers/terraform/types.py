"""Terraform's results as types, in Terraform's own words; parsed from its JSON only.

Source of the fields: Terraform documentation, "JSON Output Format" and "Machine-Readable UI".
Unknown fields are ignored and unknown message types are kept, as that document asks of readers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from helpers.core.display import Displayed
from helpers.core.errors import BadInput
from helpers.core.sensitive import WITHHELD, Sensitive, mask_document
from helpers.wrappers.terraform._changes import (
    Action,
    ActionInvocation,
    AttributeChange,
    Deferred,
    OutputChange,
    ResourceChange,
)
from helpers.wrappers.terraform._messages import Diagnostic, Event
from helpers.wrappers.terraform._project import FmtResult, Graph, InitResult, Module, State, StateResource, Version

__all__ = [
    "Action",
    "ActionInvocation",
    "ApplyResult",
    "AttributeChange",
    "CheckStatus",
    "Deferred",
    "Diagnostic",
    "Drift",
    "Event",
    "FmtResult",
    "Graph",
    "InitResult",
    "Module",
    "Output",
    "OutputChange",
    "Outputs",
    "Plan",
    "ResourceChange",
    "Sensitive",
    "State",
    "StateResource",
    "TestRun",
    "TestSummary",
    "ValidateResult",
    "Version",
]


@dataclass(frozen=True)
class CheckStatus:
    """One ``check`` block, precondition or variable validation: pass, fail, error or unknown."""

    address: str
    status: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Output:
    """A root output value. ``value`` is masked when sensitive; `reveal` gives the real one."""

    name: str
    value: Any
    type: Any = None
    sensitive: bool = False

    def reveal(self) -> Any:
        """Return the real value, also of a sensitive output. Do not print it in a cell.

        Raises:
            BadInput: an apply does not give sensitive values.
        """
        value = self.value.reveal() if isinstance(self.value, Sensitive) else self.value
        if value is WITHHELD:
            why = "An apply does not give the values of sensitive outputs."
            raise BadInput(
                f"The value of {self.name} is not here", why=why, next=f'tf.output()["{self.name}"].reveal()'
            )
        return value

    def __repr__(self) -> str:
        return f"Output({self.name} = {self.value!r})"


class Outputs(dict[str, Output], Displayed):
    """Output values by name."""

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Outputs:
        """Return the outputs of ``terraform output -json``."""
        return cls(
            (
                name,
                Output(
                    name,
                    Sensitive(v.get("value")) if v.get("sensitive") else v.get("value"),
                    v.get("type"),
                    bool(v.get("sensitive")),
                ),
            )
            for name, v in sorted(raw.items())
        )

    def __repr__(self) -> str:
        return "Outputs(" + ", ".join(f"{o.name} = {o.value!r}" for o in self.values()) + ")"


#: Actions that leave the world as it is.
_QUIET = (Action.NO_OP, Action.READ)


@dataclass(frozen=True, repr=False)
class Plan(Displayed):
    """A plan: what Terraform would do.

    Attributes:
        drift: objects changed outside of Terraform since the last apply (``resource_drift``).
        errored: planning ended with errors; such a plan cannot be applied.
        complete: whether the plan covers the whole configuration; *deferred* is left to a later one.
        actions: what providers are asked to run besides (``action_invocations``, Terraform 1.14).
        applyable: Terraform's own verdict that there is something to apply.
        has_changes: something differs, in resources or outputs; for `Terraform.plan` the verdict of exit code 2.
        path: the saved plan file, for `Terraform.apply`.
        diagnostics: warnings met while planning.
        raw: the whole document, sensitive values masked.
        dependencies: (address, address of what it depends on), from a tool that says so itself; of Terraform's plans
            they are read from the configuration in *raw*.
        json_paths: for each resource change where in *raw* its action and its new values are; by default as in
            Terraform's document.
    """

    #: What made the plan, and how its document is had.
    tool: ClassVar[str] = "Terraform"
    document: ClassVar[str] = "terraform show -json"

    resource_changes: tuple[ResourceChange, ...]
    output_changes: tuple[OutputChange, ...] = ()
    drift: tuple[ResourceChange, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    checks: tuple[CheckStatus, ...] = ()
    terraform_version: str = ""
    format_version: str = ""
    errored: bool = False
    applyable: bool = True
    has_changes: bool = False
    path: Path | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict)
    dependencies: tuple[tuple[str, str], ...] | None = None
    json_paths: tuple[tuple[str, str], ...] = ()
    complete: bool = True
    deferred: tuple[Deferred, ...] = ()
    actions: tuple[ActionInvocation, ...] = ()

    @classmethod
    def from_json(
        cls, document: dict[str, Any], *, path: Path | None = None, diagnostics: tuple[Diagnostic, ...] = ()
    ) -> Plan:
        """Return the plan of ``terraform show -json PLANFILE``; sensitive values are masked on the way in."""
        raw = mask_document(document)
        changes = tuple(ResourceChange.from_json(item) for item in raw.get("resource_changes") or ())
        outputs = tuple(OutputChange.from_json(n, c) for n, c in sorted((raw.get("output_changes") or {}).items()))
        invoked = tuple(ActionInvocation.from_json(item) for item in raw.get("action_invocations") or ())
        actions = [*(change.action for change in changes), *(change.action for change in outputs)]
        differs = any(action not in _QUIET for action in actions)
        return cls(
            resource_changes=changes,
            output_changes=outputs,
            has_changes=differs or bool(invoked) or any(change.moves for change in changes),
            drift=tuple(ResourceChange.from_json(item) for item in raw.get("resource_drift") or ()),
            variables={name: item.get("value") for name, item in (raw.get("variables") or {}).items()},
            checks=tuple(_check(item) for item in raw.get("checks") or ()),
            complete=bool(raw.get("complete", True)),
            deferred=tuple(Deferred.from_json(item) for item in raw.get("deferred_changes") or ()),
            actions=invoked,
            terraform_version=raw.get("terraform_version", ""),
            format_version=raw.get("format_version", ""),
            errored=bool(raw.get("errored", False)),
            applyable=bool(raw.get("applyable", True)),
            path=path,
            diagnostics=diagnostics,
            raw=raw,
        )

    @property
    def changes(self) -> tuple[ResourceChange, ...]:
        """The resource changes that do something (all but no-op and read)."""
        return tuple(c for c in self.resource_changes if c.action not in _QUIET)

    def paths_of(self, position: int) -> tuple[str, str]:
        """Return where in `raw` the action and the new values of a resource change are."""
        if position < len(self.json_paths):
            return self.json_paths[position]
        base = f"$.resource_changes[{position}].change"
        return f"{base}.actions", f"{base}.after"

    def count(self, *actions: Action | str) -> int:
        """Return how many resources undergo one of *actions*."""
        return sum(change.action in actions for change in self.resource_changes)

    def __getitem__(self, address: str) -> ResourceChange:
        found = sorted((c for c in self.resource_changes if c.address == address), key=lambda c: bool(c.deposed))
        if not found:
            raise KeyError(address)
        return found[0]

    @property
    def summary(self) -> str:
        """Terraform's counts, for example ``2 to add, 1 to change, 1 to destroy``; imports and moves have none here."""
        add = self.count(Action.CREATE, Action.REPLACE, Action.CREATE_FORGET)
        destroy = self.count(Action.DELETE, Action.REPLACE)
        return f"{add} to add, {self.count(Action.UPDATE)} to change, {destroy} to destroy"

    def __repr__(self) -> str:
        drifted = f", {len(self.drift)} drifted" if self.drift else ""
        return f"Plan({self.summary}{drifted}{', errored' if self.errored else ''})"


def _check(raw: dict[str, Any]) -> CheckStatus:
    problems = [p for i in raw.get("instances", ()) for p in i.get("problems", ()) or ()]
    messages = tuple(str(problem.get("message", "")) for problem in problems)
    return CheckStatus(raw.get("address", {}).get("to_display", ""), raw.get("status", "unknown"), messages)


@dataclass(frozen=True, repr=False)
class ApplyResult(Displayed):
    """What an apply or destroy did.

    Attributes:
        applied: ``(address, action)`` of each finished operation, in the order they finished.
        outputs: the root outputs after it; sensitive ones have no value here.
        seconds: wall time.
    """

    added: int
    changed: int
    destroyed: int
    imported: int = 0
    applied: tuple[tuple[str, str], ...] = ()
    outputs: Outputs = field(default_factory=Outputs)
    diagnostics: tuple[Diagnostic, ...] = ()
    events: tuple[Event, ...] = ()
    seconds: float = 0.0

    def __repr__(self) -> str:
        return f"ApplyResult({self.added} added, {self.changed} changed, {self.destroyed} destroyed)"


@dataclass(frozen=True, repr=False)
class ValidateResult(Displayed):
    """Answer of ``validate``: an invalid configuration is a result, not an error."""

    valid: bool
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics of severity ``error``."""
        return tuple(d for d in self.diagnostics if d.severity == "error")

    def __repr__(self) -> str:
        if self.valid:
            return f"ValidateResult(valid, {len(self.diagnostics)} warnings)"
        first = self.errors[0].summary if self.errors else ""
        return f"ValidateResult(invalid, {len(self.errors)} errors: {first})"


@dataclass(frozen=True)
class TestRun:
    """One ``run`` block of a test file: pass, fail, error or skip."""

    __test__ = False  # not a pytest class

    file: str
    name: str
    status: str
    seconds: float | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, repr=False)
class TestSummary(Displayed):
    """Answer of ``terraform test``: failing runs are a result, not an error."""

    __test__ = False

    status: str
    runs: tuple[TestRun, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def passed(self) -> bool:
        """At least one run ran and none failed: an empty test never counts as passed."""
        return bool(self.runs) and self.status == "pass" and all(run.status == "pass" for run in self.runs)

    def count(self, status: str) -> int:
        """Return how many runs ended with *status*."""
        return sum(run.status == status for run in self.runs)

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.count(s)} {s}" for s in ("pass", "fail", "error", "skip"))
        return f"TestSummary({self.status}: {counts})"


@dataclass(frozen=True, repr=False)
class Drift(Displayed):
    """Does the real world match the state? Three answers; an error is ``unknown``, never ``in-sync``.

    Attributes:
        changes: what changed outside of Terraform.
        why: for ``unknown``, what kept Terraform from telling; else a sentence.
    """

    status: Literal["in-sync", "drifted", "unknown"]
    changes: tuple[ResourceChange, ...] = ()
    why: str = ""

    def __bool__(self) -> bool:
        raise TypeError("Drift has three answers: compare .status with 'in-sync', 'drifted' or 'unknown'")

    def __repr__(self) -> str:
        detail = f", {len(self.changes)} changed" if self.changes else ""
        return f"Drift({self.status}{detail})"
