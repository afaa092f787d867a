"""Terraform's results as types, in Terraform's own words; parsed from its JSON only.

Source of the fields: Terraform documentation, "JSON Output Format" and "Machine-Readable UI".
Unknown fields are ignored and unknown message types are kept, as that document asks of readers.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from helpers._display import Displayed
from helpers.errors import BadInput
from helpers.terraform._mask import WITHHELD, Sensitive, mask_document
from helpers.terraform._messages import Diagnostic, Event
from helpers.terraform._paths import attribute_changes
from helpers.terraform._project import FmtResult, Graph, InitResult, Module, State, StateResource, Version

__all__ = [
    "Action", "ApplyResult", "AttributeChange", "CheckStatus", "Diagnostic", "Drift", "Event",
    "FmtResult", "Graph", "InitResult", "Module", "Output", "OutputChange", "Outputs", "Plan", "ResourceChange",
    "Sensitive", "State", "StateResource", "TestRun", "TestSummary", "ValidateResult", "Version",
]  # fmt: skip


class Action(enum.StrEnum):
    """What Terraform will do with one object; ``replace`` is a delete and a create in either order."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    READ = "read"
    NO_OP = "no-op"
    FORGET = "forget"

    @classmethod
    def of(cls, actions: tuple[str, ...]) -> Action:
        """Return the one word for Terraform's list of actions."""
        if len(actions) > 1:
            return cls.REPLACE
        return cls(actions[0]) if actions and actions[0] in {item.value for item in cls} else cls.NO_OP


@dataclass(frozen=True)
class AttributeChange:
    """One changed attribute of one resource.

    Attributes:
        path: in Terraform's notation, for example ``tags["team"]`` or ``rule[0].port``.
        before: value before, ``None`` when there was none; a `Sensitive` when masked.
        after: value after, ``None`` when removed or not known yet.
        sensitive: the value is masked before or after.
        known_after_apply: the value is decided during apply.
        forces_replacement: this change is why the resource is replaced.
    """

    path: str
    before: Any
    after: Any
    sensitive: bool = False
    known_after_apply: bool = False
    forces_replacement: bool = False

    def __repr__(self) -> str:
        after = "(known after apply)" if self.known_after_apply else repr(self.after)
        return f"AttributeChange({self.path}: {self.before!r} -> {after})"


@dataclass(frozen=True, repr=False)
class ResourceChange:
    """One entry of ``resource_changes`` or ``resource_drift``; sensitive values are masked."""

    address: str
    module_address: str
    mode: str
    type: str
    name: str
    index: str | int | None
    provider_name: str
    actions: tuple[str, ...]
    before: Any
    after: Any
    after_unknown: Any = False
    before_sensitive: Any = False
    after_sensitive: Any = False
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    action_reason: str = ""
    previous_address: str = ""
    importing: str = ""

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> ResourceChange:
        """Return the change described by one masked JSON object."""
        change = raw.get("change", {})
        return cls(
            address=raw.get("address", ""),
            module_address=raw.get("module_address", ""),
            mode=raw.get("mode", "managed"),
            type=raw.get("type", ""),
            name=raw.get("name", ""),
            index=raw.get("index"),
            provider_name=raw.get("provider_name", ""),
            actions=tuple(change.get("actions", ())),
            before=change.get("before"),
            after=change.get("after"),
            after_unknown=change.get("after_unknown", False),
            before_sensitive=change.get("before_sensitive", False),
            after_sensitive=change.get("after_sensitive", False),
            replace_paths=tuple(tuple(path) for path in change.get("replace_paths", ())),
            action_reason=raw.get("action_reason", ""),
            previous_address=raw.get("previous_address", ""),
            importing=(change.get("importing") or {}).get("id", ""),
        )

    @property
    def action(self) -> Action:
        """The one word for what will be done."""
        return Action.of(self.actions)

    def changed_attributes(self) -> tuple[AttributeChange, ...]:
        """Return the attributes that differ, in alphabetical order of their paths."""
        rows = attribute_changes(self.before, self.after, self.after_unknown, self.replace_paths)
        return tuple(AttributeChange(*row) for row in rows)

    def __repr__(self) -> str:
        return f"ResourceChange({self.address}: {self.action})"


@dataclass(frozen=True)
class OutputChange:
    """The change of one root output value."""

    name: str
    action: Action
    before: Any
    after: Any
    sensitive: bool = False
    known_after_apply: bool = False


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

    _renderer = "outputs_html"

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Outputs:
        """Return the outputs of ``terraform output -json``."""
        return cls(
            (name, Output(name, Sensitive(v.get("value")) if v.get("sensitive") else v.get("value"),
                          v.get("type"), bool(v.get("sensitive"))))
            for name, v in sorted(raw.items())
        )  # fmt: skip

    def __repr__(self) -> str:
        return "Outputs(" + ", ".join(f"{o.name} = {o.value!r}" for o in self.values()) + ")"


@dataclass(frozen=True, repr=False)
class Plan(Displayed):
    """A plan: what Terraform would do.

    Attributes:
        drift: objects changed outside of Terraform since the last apply (``resource_drift``).
        errored: planning ended with errors; such a plan cannot be applied.
        applyable: Terraform's own verdict that there is something to apply.
        has_changes: something differs, in resources or outputs; for `Terraform.plan` the verdict of exit code 2.
        path: the saved plan file, for `Terraform.apply`.
        diagnostics: warnings met while planning.
        raw: the whole document, sensitive values masked.
    """

    _renderer = "plan_html"

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

    @classmethod
    def from_json(
        cls, document: dict[str, Any], *, path: Path | None = None, diagnostics: tuple[Diagnostic, ...] = ()
    ) -> Plan:
        """Return the plan of ``terraform show -json PLANFILE``; sensitive values are masked on the way in."""
        raw = mask_document(document)
        changes = tuple(ResourceChange.from_json(item) for item in raw.get("resource_changes", ()))
        outputs = tuple(_output_change(n, c) for n, c in sorted(raw.get("output_changes", {}).items()))
        actions = [*(change.action for change in changes), *(change.action for change in outputs)]
        return cls(
            resource_changes=changes,
            output_changes=outputs,
            has_changes=any(action not in (Action.NO_OP, Action.READ) for action in actions),
            drift=tuple(ResourceChange.from_json(item) for item in raw.get("resource_drift", ())),
            variables={name: item.get("value") for name, item in raw.get("variables", {}).items()},
            checks=tuple(_check(item) for item in raw.get("checks", ())),
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
        return tuple(c for c in self.resource_changes if c.action not in (Action.NO_OP, Action.READ))

    def count(self, *actions: Action | str) -> int:
        """Return how many resources undergo one of *actions*."""
        return sum(change.action in actions for change in self.resource_changes)

    def __getitem__(self, address: str) -> ResourceChange:
        for change in self.resource_changes:
            if change.address == address:
                return change
        raise KeyError(address)

    @property
    def summary(self) -> str:
        """Terraform's own sentence, for example ``2 to add, 1 to change, 1 to destroy``."""
        add, destroy = self.count(Action.CREATE, Action.REPLACE), self.count(Action.DELETE, Action.REPLACE)
        return f"{add} to add, {self.count(Action.UPDATE)} to change, {destroy} to destroy"

    def __repr__(self) -> str:
        drifted = f", {len(self.drift)} drifted" if self.drift else ""
        return f"Plan({self.summary}{drifted}{', errored' if self.errored else ''})"


def _output_change(name: str, raw: dict[str, Any]) -> OutputChange:
    action = Action.of(tuple(raw.get("actions", ())))
    sensitive = raw.get("before_sensitive") is True or raw.get("after_sensitive") is True
    unknown = raw.get("after_unknown") is True
    return OutputChange(name, action, raw.get("before"), raw.get("after"), sensitive, unknown)


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

    _renderer = "apply_html"

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

    _renderer = "diagnostics_html"

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
    _renderer = "test_html"

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

    _renderer = "drift_html"

    status: Literal["in-sync", "drifted", "unknown"]
    changes: tuple[ResourceChange, ...] = ()
    why: str = ""

    def __bool__(self) -> bool:
        raise TypeError("Drift has three answers: compare .status with 'in-sync', 'drifted' or 'unknown'")

    def __repr__(self) -> str:
        detail = f", {len(self.changes)} changed" if self.changes else ""
        return f"Drift({self.status}{detail})"
